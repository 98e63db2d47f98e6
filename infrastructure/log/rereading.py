"""Going over everything that was signed again, slowly, so that rot is found while there are good copies."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from domain.merkle import Frontier
from infrastructure.database.engines import Database
from infrastructure.log.signed_state import Signed
from infrastructure.verifying.inspecting import Inspector, MismatchError, rows

REST: Final = 10.0
"""Seconds between two rounds over all entries."""
SLOWLY: Final = 1.0
"""Seconds between two turns of a round, so that a busy ledger, which seals more often, does not read more; the first
round is done as quickly as it is asked for."""


class Rereading:
    """One round after the other, so many entries a turn."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._round: tuple[Signed, Inspector] | None = None
        self._rested_until = 0.0
        self.done_at: datetime | None = None

    def begin_again(self) -> None:
        """Begin the next turn with the first entry."""
        self._round = None

    def turn(self, signed: Signed, count: int) -> bool:
        """Hash the next *count* entries again; a round goes as far as was *signed* when it began.

        Tells whether a round is under way; MismatchError if an entry is not what was signed.
        """
        if self.done_at is not None and time.monotonic() < self._rested_until:
            return self._round is not None
        self._rested_until = time.monotonic() + SLOWLY
        if self._round is None:
            self._round = signed, Inspector(Frontier(), versions={})
        signed, inspector = self._round
        done = inspector.frontier.size
        with self._database.reading() as connection:
            for row in rows(connection, done, min(done + count, signed.size)):
                inspector.take(row)
        if inspector.frontier.size == done < signed.size:
            raise MismatchError(done + 1, "it is missing")
        if inspector.frontier.size < signed.size:
            return True
        if inspector.frontier.root != signed.checkpoint.root:
            raise MismatchError(None, f"the root of the first {signed.size} entries is not the one that was signed")
        self.done_at, self._round = self._now(), None
        self._rested_until = time.monotonic() + REST
        return False
