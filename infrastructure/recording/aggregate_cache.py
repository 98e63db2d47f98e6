"""Aggregates that wait for the next transaction of this process, and what tells whether they still stand."""

from collections import OrderedDict
from typing import Final

import sqlalchemy as sa

from domain.ledger_stream import STREAM
from domain.merkle import Frontier
from infrastructure.database.statements import execute
from infrastructure.recording.batch import Aggregate

CACHED_ENTRIES: Final = 250_000
_CHANGED: Final = "SELECT DISTINCT stream FROM entries WHERE position > ?"


class Cache:
    """Aggregates as of the last transaction of this process; the least recently used are dropped first.

    What they take is bounded by their entries, since a long history takes more than a short one.
    """

    def __init__(self) -> None:
        self.position = 0
        self.frontier = Frontier()
        self.rights = 0
        """Another number after every change of the ledger's own stream, or when there may have been one."""
        self._entries = 0
        self._aggregates: OrderedDict[bytes, tuple[Aggregate, int]] = OrderedDict()
        self._behind: set[bytes] = set()

    def get(self, stream: bytes) -> Aggregate | None:
        """Give an aggregate, if it is there; it may be behind."""
        found = self._aggregates.get(stream)
        if found is None:
            return None
        self._aggregates.move_to_end(stream)
        return found[0]

    def is_behind(self, stream: bytes) -> bool:
        """Whether an aggregate lacks what another process has added."""
        return stream in self._behind

    def put(self, stream: bytes, aggregate: Aggregate) -> None:
        """Keep an aggregate that lacks nothing."""
        self.drop(stream)
        self._aggregates[stream] = aggregate, aggregate.version
        self._entries += aggregate.version
        while self._entries > CACHED_ENTRIES and len(self._aggregates) > 1:
            self.drop(next(iter(self._aggregates)))

    def drop(self, stream: bytes) -> None:
        """Forget an aggregate that may have changed."""
        _, entries_held = self._aggregates.pop(stream, (None, 0))
        self._entries -= entries_held
        self._behind.discard(stream)

    def clear(self) -> None:
        """Forget everything."""
        self._aggregates.clear()
        self._behind.clear()
        self._entries = 0
        self.position, self.frontier = 0, Frontier()
        self.rights += 1

    def catch_up(self, connection: sa.Connection, position: int) -> None:
        """Take note of what another process has added to since. Whoever needs it adds that (`CommandUnit`).

        To read a long history from its beginning after each entry of another process would take ever longer.
        """
        if position < self.position:
            self.clear()  # another ledger was put in this one's place
        elif position != self.position and not self._aggregates:
            self.rights += 1
        elif position != self.position:
            for (stream,) in execute(connection, _CHANGED, (self.position,)).fetchall():
                if stream in self._aggregates:
                    self._behind.add(stream)
                self.rights += stream == STREAM.bytes

    def move(self, position: int, frontier: Frontier, *, rights_changed: bool) -> None:
        """Take note of where a transaction has left the ledger."""
        self.position, self.frontier = position, frontier
        self.rights += rights_changed
