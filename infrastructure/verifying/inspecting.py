"""Whether entries are what they were hashed as: each row read back from storage and hashed again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
import sqlalchemy as sa

from domain.answers import instant
from domain.merkle import Frontier, leaf_hash
from infrastructure import clock
from infrastructure.database.tables import entries, head
from infrastructure.recording.tail import frontier_at

PAGE: Final = 1_000


class MismatchError(Exception):
    """What is stored is not what was recorded: *position* is the first entry that is wrong, or that may be."""

    def __init__(self, position: int | None, what: str) -> None:
        self.position, self.what = position, what
        super().__init__(what if position is None else f"entry {position}: {what}")


class RememberedOtherwiseError(MismatchError):
    """Somebody outside remembers another past; this ledger itself has nothing to compare with."""


def rows(connection: sa.Connection, after: int, up_to: int) -> Iterator[Any]:
    """Read entries back, page by page: constant memory, whatever the number."""
    wanted = sa.select(entries).order_by(entries.c.position).limit(PAGE)
    while after < up_to:
        page = connection.execute(wanted.where(entries.c.position > after, entries.c.position <= up_to)).all()
        if not page:
            return
        yield from page
        after = page[-1].position


@dataclass(slots=True)
class Inspector:
    """Goes over entries in order from where a tree was known to be right; raises MismatchError at the first wrong one.

    With *versions* it also follows every stream from its first entry on.
    """

    frontier: Frontier
    recorded_at: int = -1
    versions: dict[bytes, int] | None = None

    def take(self, row: Any) -> None:
        """Look at the next entry."""
        position = self.frontier.size + 1
        if row.position != position:
            raise MismatchError(position, f"it is missing; entry {row.position} follows")
        leaf = leaf_hash(row.entry)
        if leaf != row.leaf_hash:
            raise MismatchError(position, "its bytes do not have the hash that stands beside them")
        completed = b"".join(self.frontier.append(leaf))
        if completed != row.nodes:
            raise MismatchError(position, "the tree hashes that stand with it do not follow from the entries before")
        self._take_columns(row, position)

    def _take_columns(self, row: Any, position: int) -> None:
        if row.recorded_at <= self.recorded_at:
            raise MismatchError(position, "it was not recorded later than the entry before")
        self.recorded_at = row.recorded_at
        try:
            said = orjson.loads(row.entry)
            same = said["position"] == position and said["recorded_at"] == instant(clock.from_micros(row.recorded_at))
        except (ValueError, KeyError, TypeError):
            same = False
        if not same:
            raise MismatchError(position, "its bytes state another position or instant than the row they stand in")
        if self.versions is not None:
            expected = self.versions.get(row.stream, 0) + 1
            if row.version != expected:
                raise MismatchError(position, f"it is version {row.version} of its stream, {expected} was to come")
            self.versions[row.stream] = expected


def inspect(
    connection: sa.Connection,
    signed: Iterable[tuple[int, bytes]] = (),
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Frontier:
    """Hash every entry again, first to last; MismatchError at the first that is wrong, or is not what was *signed*.

    *signed* are sizes, rising, with their roots. Between two of them an entry may have been replaced together with
    every hash: then nothing tells which, and the first that may be wrong is named.
    """
    last = connection.execute(sa.select(sa.func.max(entries.c.position))).scalar() or 0
    stated = connection.execute(sa.select(head.c.position)).scalar_one()
    inspector, remembered, good = Inspector(Frontier(), versions={}), _Remembered(signed), 0
    remembered.check(inspector.frontier, good)
    for row in rows(connection, 0, last):
        inspector.take(row)
        if remembered.check(inspector.frontier, good):
            good = row.position
        if row.position % PAGE == 0:
            progress(row.position, last)
    progress(last, last)
    if remembered.following is not None:
        size = remembered.following[0]
        raise MismatchError(last + 1, f"it is missing: {size} entries were signed, {last} are there")
    if stated != last:
        first = min(stated, last) + 1
        raise MismatchError(first, f"there are {last} entries, but the ledger's head stands at {stated}")
    return inspector.frontier


class _Remembered:
    """The signed roots, one after the other as the tree grows."""

    def __init__(self, signed: Iterable[tuple[int, bytes]]) -> None:
        self._signed = iter(signed)
        self.following = next(self._signed, None)

    def check(self, frontier: Frontier, good: int) -> bool:
        """Compare with what was signed at this size; tell whether there was anything."""
        found = False
        while self.following is not None and self.following[0] <= frontier.size:
            size, root = self.following
            if size == frontier.size and root != frontier.root:
                which = "it" if size == good + 1 else f"it, or an entry up to {size},"
                what = f"{which} is not what was signed, though the hashes fit the bytes"
                raise MismatchError(good + 1, what)
            found = found or size == frontier.size
            self.following = next(self._signed, None)
        return found


def last_position(connection: sa.Connection, signed_size: int) -> int:
    """Give the last position; MismatchError if what was signed is longer."""
    last = connection.execute(sa.select(sa.func.max(entries.c.position))).scalar() or 0
    if last < signed_size:
        raise MismatchError(last + 1, f"it is missing: {signed_size} entries were signed, {last} are there")
    return int(last)


def begin_at(connection: sa.Connection, size: int, root: bytes) -> Inspector:
    """Take up a tree where it was signed, in O(log size) look-ups; MismatchError if storage has another root there."""
    last_position(connection, size)
    try:
        frontier = frontier_at(connection, size)
    except KeyError as missing:
        raise MismatchError(missing.args[0], "it is missing") from None
    if frontier.root != root:
        raise MismatchError(None, f"the root of the first {size} entries is not the one that was signed")
    recorded_at = connection.execute(sa.select(entries.c.recorded_at).where(entries.c.position == size)).scalar()
    return Inspector(frontier, -1 if recorded_at is None else recorded_at)
