"""The register of fields that may hold personal data, read from the shapes of what can be recorded (design, 3.7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from domain.fields import Field, Many, Record, Text
from domain.identifiers import ACTOR, EXTERNAL_ID, URL
from domain.shapes import (
    COMMITMENT_EVENTS,
    CORRECTIONS,
    EVIDENCE_PROSE,
    LEDGER_EVENTS,
    PROGRAMME_EVENTS,
    PROSE,
    correctable,
)

ERASABLE: Final = "erasable"
FACT: Final = "fact"
PSEUDONYM: Final = "pseudonym"
REGISTERED: Final = "registered"
KEPT: Final[Mapping[str, str]] = {
    ERASABLE: "kept apart from the log under a salted hash; value and salt can be erased",
    FACT: "in the log for ever; must name no private person",
    REGISTERED: "in the register of actors, outside the log, in no export; erased with `ledger actor erase`",
    PSEUDONYM: "in the log for ever; an id that says nothing without the register of actors, never a name",
}
_TABLES: Final = {**COMMITMENT_EVENTS, **PROGRAMME_EVENTS, **CORRECTIONS, **LEDGER_EVENTS}
_ENVELOPE: Final = "recorded_by"


@dataclass(frozen=True, slots=True)
class PersonalField:
    """A field into which somebody could write about a person: the way to it, the kinds that have it, how it is kept.

    *erased_with* names the member that an erasure names; None for what stays.
    """

    field: str
    kinds: tuple[str, ...]
    kept: str
    erased_with: str | None


def register() -> list[PersonalField]:
    """Give every such field: first what can be erased, then what must name nobody, names, pseudonyms."""
    found: dict[tuple[str, str, str | None], list[str]] = {(_ENVELOPE, PSEUDONYM, None): list(_TABLES)}
    for kind, shape in _TABLES.items():
        for field, kept, erased_with in _fields(shape):
            found.setdefault((field, kept, erased_with), []).append(kind)
    found["name of an actor", REGISTERED, "name"] = []
    order = list(KEPT)
    fields = [PersonalField(field, tuple(kinds), kept, member) for (field, kept, member), kinds in found.items()]
    return sorted(fields, key=lambda each: (order.index(each.kept), each.field))


def _fields(shape: Record) -> Iterator[tuple[str, str, str | None]]:
    for name, member in shape.members.items():
        if name in PROSE:
            yield name, ERASABLE, name
        elif name == "evidence":
            for inner in EVIDENCE_PROSE:
                yield f"evidence[].{inner}", ERASABLE, "evidence"
        elif name in ("changes", "corrections") and shape in CORRECTIONS.values():
            # What a rectification gives anew is parted like the entry that it corrects.
            at = "changes" if name == "changes" else "corrections[].changes"
            for inner, kept in _CHANGEABLE:
                yield f"{at}.{inner}", kept, name if kept == ERASABLE else None
        else:
            yield from _facts(name, member)


def _facts(at: str, member: Field) -> Iterator[tuple[str, str, None]]:
    if isinstance(member, Text):
        if member is ACTOR:
            yield at, PSEUDONYM, None
        elif member.pattern is None or member in (URL, EXTERNAL_ID):
            yield at, FACT, None
    elif isinstance(member, Many):
        yield from _facts(f"{at}[]", member.item)
    elif isinstance(member, Record):
        for name, inner in member.members.items():
            yield from _facts(f"{at}.{name}", inner)


_CHANGEABLE: Final = tuple(
    dict.fromkeys(
        (field, kept)
        for shape in (*COMMITMENT_EVENTS.values(), *PROGRAMME_EVENTS.values())
        for field, kept, _ in _fields(correctable(shape))
    )
)
