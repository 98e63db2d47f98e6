"""The answers about one commitment and one entry, member by member as the contract names them (design, section 7).

Members are JSON values; a member is never absent: optional values are null, lists are empty.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.entry import Entry, Facts, TextAt, merge
from domain.lifecycle import State
from domain.shapes import COMMITMENT, COMMON, EVIDENCE, SOURCE, TIMEFRAME, shape_of
from domain.vocabulary import INVERSE_RELATIONS

Answer = dict[str, Any]
TextOf = Callable[[TextAt | None], str | None]
"""Looks a text up; None for None, and the word that stands for erased text where it was erased."""

ERASED: Final = "[erased]"
_LISTS: Final = ("partners", "instruments", "themes", "relations", "evidence", "successors")


@dataclass(frozen=True, slots=True)
class Moment:
    """How much is known: N entries, and the instant at which the last of them was recorded (None for none)."""

    log_size: int
    recorded_at: datetime | None


class CommitmentAt(NamedTuple):
    """A commitment at (V, N). *version* is its last entry known at N, whether in effect at V or not."""

    reference: str
    programme: str
    internal: bool
    version: int
    state: State


@dataclass(frozen=True, slots=True)
class Kept:
    """A prose member of an entry: the hash in the log, and value and salt (hex) unless they were erased."""

    sha256: str
    salt: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """An entry with all that is shown of it, and the log size from which on everybody sees it."""

    entry: Entry
    stream: UUID
    programme: str | None
    reference: str
    public_from: int
    leaf_hash: bytes
    prose: Mapping[str, Kept]
    opened: "OpenForm | None" = None

    def is_internal(self, log_size: int) -> bool:
        """Whether it is not shown to everybody at a log size."""
        return self.public_from > log_size


class OpenForm(NamedTuple):
    """What a closed leaf is the hash of: the open form's RFC 8785 bytes behind the *salt* (hex)."""

    entry: bytes
    salt: str


@lru_cache(maxsize=1_000)
def instant(moment: datetime | None) -> str | None:
    """Write an instant as RFC 3339 in UTC with six decimals."""
    # isoformat, without the offset: strftime takes twenty times as long.
    return None if moment is None else f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def receipt_of(position: int) -> str:
    """Give the address of an entry's receipt."""
    return f"/v1/events/{position}/receipt"


@lru_cache(maxsize=100_000)
def day(value: date | None) -> str | None:
    """Write a day as YYYY-MM-DD."""
    return None if value is None else value.isoformat()


def inverses(commitments: Iterable[CommitmentAt]) -> dict[str, list[Answer]]:
    """Give for every reference the relations that others have to it: the `related[]` of the answers."""
    found: dict[str, list[Answer]] = {}
    for each in commitments:
        for relation in each.state.details.get("relations", ()):
            inverse = {"type": INVERSE_RELATIONS[relation["type"]], "reference": each.reference}
            found.setdefault(relation["reference"], []).append(inverse)
    for related in found.values():
        related.sort(key=lambda relation: (relation["type"], relation["reference"]))
    return found


def columns(kind: Any, rows: Sequence[NamedTuple]) -> Any:
    """Turn tuples of one *kind* into one of that kind whose members hold those of all: handling these is quick."""
    return kind(*zip(*rows, strict=True)) if rows else kind(*((),) * len(kind._fields))


def all_details(details: Facts) -> Answer:
    """Give all members of design 3.1."""
    answer = _with_all(COMMITMENT.members, details)
    answer["visibility"] = answer["visibility"] or "public"
    answer["timeframe"] = _with_all(TIMEFRAME.members, details["timeframe"])
    if answer["source"] is not None:
        answer["source"] = _with_all(SOURCE.members, details["source"])
    return answer


def _with_all(members: Iterable[str], given: Facts) -> Answer:
    return {name: given.get(name, [] if name in _LISTS else None) for name in members}


def entry_answer(recorded: RecordedEntry) -> Answer:
    """Give an entry as recorded, with what proves it: the leaf's hash, and hash and salt of each text."""
    entry = recorded.entry
    there = {name: kept.value for name, kept in recorded.prose.items() if kept.salt is not None}
    return {
        "position": entry.position,
        "version": entry.version,
        "stream": str(recorded.stream),
        "programme": recorded.programme,
        "reference": recorded.reference,
        "kind": entry.kind,
        "effective_on": entry.facts["effective_on"],
        "recorded_at": instant(entry.recorded_at),
        "recorded_by": entry.recorded_by,
        "role": entry.role,
        **body_answer(entry.kind, entry.facts, there),
        "leaf_hash": recorded.leaf_hash.hex(),
        "opened": None if recorded.opened is None else opened_answer(*recorded.opened),
        "prose": {name: {"sha256": kept.sha256, "salt": kept.salt} for name, kept in recorded.prose.items()},
        "erased": sorted(name for name, kept in recorded.prose.items() if kept.salt is None),
    }


def opened_answer(entry: bytes, salt: str) -> Answer:
    """Give what a closed leaf hides, as text: SHA-256 of the salt and the text's UTF-8 bytes stands in the leaf."""
    return {"entry": entry.decode(), "salt": salt}


def body_answer(kind: str, facts: Facts, texts: Facts) -> Answer:
    """Give the members of a kind, facts and the texts that are there; what was erased reads null."""
    shape = shape_of(kind)
    body = _with_all(shape.members if shape else COMMON, merge(kind, facts, texts))
    body["evidence"] = [_with_all(EVIDENCE.members, item) for item in body["evidence"]]
    if kind == "announced":
        body["commitment"] = all_details(body["commitment"])
    return body
