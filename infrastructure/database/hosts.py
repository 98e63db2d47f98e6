"""The hosts of one PostgreSQL: which of them seals, and what they tell each other of what was signed.

Whoever holds an advisory lock seals. The lock belongs to a session of its own and ends with it, however it ends; what
is told is written through that session, so that nobody tells who has lost it. What is told is a hint as to where to
look: it counts for nothing that its reader's own rows, keys and memory do not bear out. On SQLite there is one host.
"""

import threading
from contextlib import suppress
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from structlog import get_logger

from infrastructure.database.engines import Database
from infrastructure.database.listening import CHANNEL
from infrastructure.database.tables import checkpoints
from infrastructure.log.signed_state import Signed

SIGNED: Final = "signed"
PUBLISHED: Final = "published"
# Named after the schema, so that it is the same lock however often the tables are put back from a backup.
_TAKE: Final = sa.text(
    "SELECT pg_try_advisory_lock(hashtextextended('ledger sealer ' || relnamespace::regnamespace::text, 0)) "
    "FROM pg_class WHERE oid = 'head'::regclass"
)
# Asked of the server: behind a pooler that changes sessions the lock is not ours, whatever was answered at first.
_HELD: Final = sa.text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid())"
)
_log = get_logger()


class NotElectedError(Exception):
    """Another host may seal now."""


class Hosts:
    """One host among those of a database. Used by the one process of it that holds the sealer's file lock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.alone = database.is_sqlite
        self._session: sa.Connection | None = None
        self._held = False
        self._said: dict[str, bytes] = {}
        self._turn = threading.Lock()

    @property
    def seals(self) -> bool:
        """Whether this host was the one that seals when it was asked last."""
        return self.alone or self._held

    def elected(self) -> bool:
        """Whether this host seals now; if no other does, it is this one from now on."""
        if self.alone:
            return True
        with self._turn:
            try:
                if self._session is None:
                    self._session = self._database.session()
                held = bool(self._session.execute(_HELD if self._held else _TAKE).scalar())
            except sa.exc.SQLAlchemyError as lost:
                _log.warning("the session that elects was lost", error=type(lost).__name__, sealing=self._held)
                self._end()
                return False
            if self._held and not held:
                self._end()  # it was never one session
            self._held = held
            return held

    def resign(self) -> None:
        """Let another host seal."""
        with self._turn:
            if self._session is not None and self._held:
                with suppress(sa.exc.SQLAlchemyError):  # the end of the session lets it go as well, a moment later
                    self._session.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            self._end()

    def _end(self) -> None:
        session, self._session, self._held = self._session, None, False
        self._said.clear()
        if session is not None:
            try:
                session.close()
            except sa.exc.SQLAlchemyError:
                session.invalidate()

    def tell(self, sort: str, signed: Signed) -> None:
        """Tell the other hosts what was signed or published; NotElectedError if that is no longer this host's to do."""
        if self.alone:
            return
        with self._turn:
            if self._session is None or not self._held:
                raise NotElectedError
            if self._said.get(sort) == signed.note:
                return
            try:
                _tell(self._session, sort, signed)
            except BaseException:
                self._end()
                raise
            self._said[sort] = signed.note

    def warn(self, signed: Signed) -> None:
        """Tell what this host has signed or believed, although the database has lost it: every host is to notice."""
        if not self.alone:
            with self._database.session() as session:
                _tell(session, SIGNED, signed)

    def told(self, connection: sa.Connection) -> dict[str, bytes]:
        """Give the notes that were told last."""
        if self.alone:
            return {}
        return {row.sort: row.note for row in connection.execute(sa.select(checkpoints.c.sort, checkpoints.c.note))}

    def told_size(self, connection: sa.Connection) -> int | None:
        """Give how many entries another host says were signed, None if none does."""
        size = connection.execute(sa.select(checkpoints.c.size).where(checkpoints.c.sort == SIGNED)).scalar()
        return None if size is None else int(size)


def _tell(session: sa.Connection, sort: str, signed: Signed) -> None:
    row = insert(checkpoints).values(sort=sort, size=signed.size, note=signed.note)
    newer = checkpoints.c.size <= row.excluded.size
    told = row.on_conflict_do_update(
        index_elements=["sort"], set_={"size": row.excluded.size, "note": row.excluded.note}, where=newer
    ).returning(checkpoints.c.size)
    written = told.cte("told")
    session.execute(sa.select(sa.func.pg_notify(CHANNEL, sa.cast(written.c.size, sa.Text))))
