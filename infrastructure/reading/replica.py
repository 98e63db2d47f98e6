"""Reading from a replica: never an older state than the caller has seen, and never a no that the primary has not said.

A replica is the same ledger some moments ago. What it holds is true for ever, so it may be told; what it lacks – an
entry, a log size, whatever an answer would refuse – the primary is asked for.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeVar

import sqlalchemy as sa
from structlog import get_logger

from application.errors import Declined
from infrastructure.database.engines import Database
from infrastructure.database.tables import entries, fixed, head
from infrastructure.reading.readings import BehindError, Readings, SqlView

Answered = TypeVar("Answered")
_LOOKS: Final = 0.01
"""Seconds between two looks at how far the replica has come, however many wait for it."""
_log = get_logger()


class PrimaryUnreachableError(Exception):
    """The replica does not know this, and the primary cannot be asked."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(f"the replica has come to position {position}, and the primary cannot be asked for more")


class Replica:
    """A replica, and how far it is known to have come."""

    def __init__(self, url: str, readings: Readings, primary: Database, seconds: float) -> None:
        self._database, self._readings, self._primary, self._seconds = Database(url), readings, primary, seconds
        self.position = 0
        self.wrong: str | None = None
        """Why it is not asked: it is no replica of this ledger."""
        self._checked = False
        self._missed = 0
        self._looked_at = 0.0
        self._turn = threading.Lock()

    def look(self) -> int | None:
        """Give how far it has come; None if it cannot be asked."""
        with self._turn:
            if time.monotonic() - self._looked_at < _LOOKS:
                return self.position
            try:
                with self._database.reading() as connection:
                    position = connection.execute(sa.select(head.c.position)).scalar_one()
                    if not self._checked:
                        self._check(connection, position)
            except sa.exc.SQLAlchemyError as failed:
                _log.warning("the replica cannot be asked", error=type(failed).__name__)
                return None
            self.position, self._looked_at = position, time.monotonic()
            return self.position

    def _check(self, connection: sa.Connection, position: int) -> None:
        origin = sa.select(fixed.c.value).where(fixed.c.name == "log_origin")
        # An entry's tree hashes depend on every entry before it.
        last = sa.select(entries.c.leaf_hash, entries.c.nodes).where(entries.c.position == position)
        with self._primary.reading() as there:
            same = all(connection.execute(each).all() == there.execute(each).all() for each in (origin, last))
        if not same:
            self.wrong = "LEDGER_READ_DATABASE_URL names another ledger; accepted: a replica of LEDGER_DATABASE_URL"
        self._checked = True

    @property
    def patience(self) -> float:
        """How many seconds to wait for it: none as long as it has not reached what it was waited for in vain."""
        return 0.0 if self.position < self._missed else self._seconds

    def answer(
        self,
        work: Callable[[SqlView], Answered],
        at_least: int,
        primary: Callable[[], AbstractContextManager[SqlView]],
    ) -> Answered:
        """Let *work* read a snapshot with *at_least* so many entries; the primary's, if the replica cannot answer."""
        database = self.database_with(at_least)
        if database is not None:
            try:
                with self._readings.view(database) as view:
                    if view.head.log_size >= at_least:
                        return work(view)
            except (Declined, BehindError):
                pass
            except sa.exc.SQLAlchemyError as failed:
                _log.warning("the replica did not answer", error=type(failed).__name__)
        try:
            with primary() as view:
                if self.position < at_least <= view.head.log_size:
                    self._missed = at_least
                return work(view)
        except sa.exc.SQLAlchemyError as failed:
            raise PrimaryUnreachableError(self.position) from failed

    def database_with(self, at_least: int) -> Database | None:
        """Give the replica if it holds *at_least* so many entries, as far as can be seen."""
        if not self._checked or self.position < at_least:
            self.look()
        usable = self._checked and self.wrong is None and self.position >= at_least
        return self._database if usable else None

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
