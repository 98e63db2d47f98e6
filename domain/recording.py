"""What recording an entry has in common for every stream: who, when, the day of effect, facts and prose apart."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

from domain import chronology
from domain.entry import Entry, split
from domain.errors import Fault, Refused

NAMESPACE: Final = UUID("c92d4218-f8f0-510c-a126-ecd720b63dbf")
"""UUIDv5 of `urn:implementation-ledger` in the URL namespace (RFC 9562)."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who records, at which instant and position; *recorded_on* is the instant's day in the ledger's time zone."""

    position: int
    recorded_at: datetime
    recorded_on: date
    recorded_by: str
    role: str


class ExternalIdTaken(Refused):
    """The external id is there already; *taken_by* is the version that carries it."""

    def __init__(self, external_id: str, taken_by: int) -> None:
        self.external_id, self.taken_by = external_id, taken_by
        super().__init__(
            "external-id-once", f"external_id {external_id} is taken by entry {taken_by}", "an id that is not taken"
        )


@lru_cache(maxsize=100_000)
def stream_id(name: str) -> UUID:
    """Give the id of the stream `commitment:<reference>`, `programme:<code>` or `ledger`."""
    return uuid5(NAMESPACE, name)


def day_of_effect(occurred_on: str, act: Act, version: int) -> str:
    """Give effective_on as text; Refused if what happened lies in the future."""
    day = chronology.effective_on(occurred_on, act.recorded_on)
    if day is None:
        raise Refused(
            "not-in-the-future",
            f"entry {version} would record what has not happened: {occurred_on} begins after {act.recorded_on}",
            f"a date up to {act.recorded_on}; plans are targets (timeframe, rebaselined), not events",
            version,
        )
    return day.isoformat()


def entry_of(
    kind: str, version: int, body: Mapping[str, Any], effective_on: str, act: Act
) -> tuple[Entry, dict[str, Any]]:
    """Make the entry and the texts that are kept apart from it."""
    facts, texts = split(kind, body)
    facts["effective_on"] = effective_on
    facts.setdefault("language", "en")
    entry = Entry(act.position, version, kind, act.recorded_at, act.recorded_by, act.role, facts, tuple(sorted(texts)))
    return entry, texts


def refuse_taken_id(body: Mapping[str, Any], entries: Iterable[Entry]) -> None:
    """An external_id is unique in its stream."""
    wanted = body.get("external_id")
    if wanted is None:
        return
    for entry in entries:
        if entry.facts.get("external_id") == wanted:
            raise ExternalIdTaken(wanted, entry.version)


def unregistered(members: Mapping[str, Any], pointer: str, register: Set[str]) -> list[Fault]:
    """Find the partner codes that the programme's register does not hold."""
    named = [(f"{pointer}/partners/{i}", code) for i, code in enumerate(members.get("partners") or ())]
    named += [(f"{pointer}/{name}", members[name]) for name in ("lead", "on_behalf_of") if members.get(name)]
    return [
        Fault(at, f"partner {code} is not in the programme's register", "a code of the register, or add it there first")
        for at, code in named
        if isinstance(code, str) and code not in register
    ]
