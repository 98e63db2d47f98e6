"""What can be verified: a ledger's own database, what a server shows, an export. All give the same parts.

A source only gives; whether what it gives is right is for `application.verifying` to find out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.entry import Entry
from domain.issued import KeptReport
from domain.policy import Policy

Progress = Callable[[str, int, int], None]
"""Told what is looked at, how much of it is done, and of how much."""

MOST_FAULTS = 10


class Leaf(NamedTuple):
    """An entry as a source gives it: the bytes, and whatever it keeps beside them.

    *opened* and *salt*: the open form of a closed entry. *texts*: value and salt of each text that is there.
    *leaf_hash* and *nodes*: the hashes that are kept with it; *row* is the source's own.
    """

    position: int
    entry: bytes
    opened: bytes | None = None
    salt: bytes | None = None
    texts: Mapping[str, tuple[bytes, bytes]] = {}
    leaf_hash: bytes | None = None
    nodes: bytes | None = None
    row: Any = None


class History(NamedTuple):
    """The entries of one stream that can be read, by position."""

    stream: UUID
    sort: str
    reference: str
    entries: Sequence[Entry]


class Streams(Protocol):
    """The entries of a log, stream by stream."""

    def histories(self, up_to: int) -> Iterator[History]:
        """Give every stream that has entries up to a position, with these."""

    def history(self, stream: UUID, up_to: int) -> History | None:
        """Give one stream."""

    def recorded_at(self, position: int) -> datetime:
        """Give the instant of an entry."""


class Apart(Streams, Protocol):
    """Takes entries by position and gives them back stream by stream, in constant memory."""

    def add(self, position: int, read: Mapping[str, Any], form: bytes) -> None:
        """Take an entry; *read* is what its *form* says."""

    def close(self) -> None:
        """Leave nothing behind."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and with the entry at which position; None if it is not one entry's."""

    position: int | None
    what: str

    def __str__(self) -> str:
        return self.what if self.position is None else f"entry {self.position}: {self.what}"


class DamagedError(Exception):
    """Something that a source must have is not there or cannot be read; *position* is the first entry that needs it."""

    def __init__(self, position: int | None, what: str) -> None:
        self.position, self.what = position, what
        super().__init__(what)


@dataclass(slots=True)
class Findings:
    """The faults found: how many, and those at the lowest positions; and what could not be looked at."""

    count: int = 0
    faults: list[Fault] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    def found(self, position: int | None, what: str) -> None:
        """Take a fault down."""
        self.count += 1
        self.faults.append(Fault(position, what))
        self.faults.sort(key=lambda each: (each.position is None, each.position or 0))
        del self.faults[MOST_FAULTS:]

    @property
    def first(self) -> Fault | None:
        """The fault at the lowest position."""
        return self.faults[0] if self.faults else None


class Shown(Protocol):
    """What must be there beside the bytes of entries."""

    @property
    def shows_texts(self) -> bool:
        """Whether texts that were not erased must be there."""

    @property
    def shows_closed(self) -> bool:
        """Whether the open forms of closed entries must be there."""

    def beside(self, leaf: Leaf, read: Mapping[str, Any]) -> Iterable[str]:
        """Say what the source shows beside an entry that the entry's open form does not say."""


class LogSource(Shown, Protocol):
    """Where a log is read from."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    @property
    def size(self) -> int:
        """How many entries it has, by its own account."""

    @property
    def brings_key(self) -> bool:
        """Whether the keys that it names came with it, and so prove nothing by themselves."""

    def checkpoint(self) -> bytes | None:
        """Give the signed checkpoint; None if nothing was signed yet."""

    def policy(self) -> Policy | None:
        """Give the keys that the source itself names."""

    def signed_roots(self) -> Iterable[tuple[int, bytes]]:
        """Give older signed sizes and roots, to tell where something went wrong."""

    def leaves(self) -> Iterator[Leaf]:
        """Give the entries by position."""

    def streams(self) -> Streams | None:
        """Give the entries stream by stream, if the source can."""

    def kept_reports(self) -> Iterator[tuple[int, KeptReport]]:
        """Give what is kept of issued reports, by the position of their entries."""

    def look_further(self, streams: Streams, findings: Findings, progress: Progress) -> Mapping[str, Any]:
        """Hold whatever else the source shows against the entries; give what was looked at, for the record."""
