"""Engines with what durability and isolation need, and the tables of this version."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from infrastructure.database.failures import Failure, failure_of
from infrastructure.database.urls import database_url
from infrastructure.files import PRIVATE

_BUSY_MS = 30_000
_SCRUB_MS = 1_000
_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # an acknowledged entry survives a power cut
    "foreign_keys": "ON",
    "busy_timeout": f"{_BUSY_MS}",
    "secure_delete": "ON",  # what is deleted is overwritten, so that erased texts are in no free page
    "trusted_schema": "OFF",
    "wal_autocheckpoint": "4000",  # pages (16 MB): a batch waits while the log is copied back, so this is seldom done
}
_OF_READERS = {
    "query_only": "ON",
    "cache_size": "-8192",  # KB: the upper pages of a million entries' read models, so that look-ups read leaves only
}
_READERS = 6  # four that answer, one that seals, one to spare
_ALIVE = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "connect_timeout": 10}
_TIMEOUTS = {
    "lock_timeout": "30s",  # as long as SQLite waits: who is held up for longer is told so, and asks again
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
# A process that was stopped in the middle of a transaction holds the head of the ledger, for everybody, no longer.
_WRITING = _TIMEOUTS | {"idle_in_transaction_session_timeout": "120s"}
# What is acknowledged is on disk, whatever the server's own setting; stricter ones than `on` stay.
_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
_SESSION = {
    "idle_session_timeout": "0",  # it is idle for as long as nothing happens
    "synchronous_commit": "off",  # what is told through a session is told again
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}


class NotSqliteError(Exception):
    """PostgreSQL has tools of its own for this."""

    def __init__(self) -> None:
        super().__init__(
            "this command copies SQLite ledgers; on PostgreSQL run `pg_dump -Fc -f FILE` as the tables' owner, "
            "and `ledger verify` on what `pg_restore` makes of it"
        )


class NotOwnerError(Exception):
    """Tables are made and changed by their owner only."""

    def __init__(self, user: str | None, command: str = "migrate") -> None:
        super().__init__(f"the role {user} may not change the tables; run `ledger {command}` as their owner")


class Database:
    """One writing connection at a time and a small pool of reading ones."""

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = self._engine(pool_size=1, begin="BEGIN IMMEDIATE", query_only=False)
        self._reader = self._engine(pool_size=_READERS, begin="BEGIN", query_only=True)
        self._sessions = None if self.is_sqlite else self._session_engine()

    def _engine(self, *, pool_size: int, begin: str, query_only: bool) -> sa.Engine:
        # Parameters are what entries say: they stay out of errors, and so out of logs.
        options: dict[str, Any] = {
            "pool_size": pool_size,
            "max_overflow": 0,
            "pool_timeout": 60,
            "hide_parameters": True,
        }
        if not self.is_sqlite:
            engine = sa.create_engine(
                self.url,
                isolation_level="REPEATABLE READ" if query_only else "READ COMMITTED",
                pool_pre_ping=True,
                connect_args=_ALIVE,
                **options,
            )
            sa.event.listen(engine, "connect", _prepared(_TIMEOUTS if query_only else _WRITING))
            return engine
        engine = sa.create_engine(
            self.url, poolclass=sa.QueuePool, connect_args={"check_same_thread": False}, **options
        )

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: Any, _: object) -> None:
            connection.isolation_level = None
            for name, value in (_PRAGMAS | (_OF_READERS if query_only else {})).items():
                connection.execute(f"PRAGMA {name} = {value}")

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def _session_engine(self) -> sa.Engine:
        engine = sa.create_engine(
            self.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=_ALIVE
        )

        sa.event.listen(engine, "connect", _prepared(_SESSION))
        return engine

    def session(self) -> sa.Connection:
        """Open a PostgreSQL connection outside pools and transactions, for what lives as long as it: LISTEN, locks.

        If the other side is gone without a word, both sides notice it after some ten seconds.
        """
        assert self._sessions is not None, "SQLite has no sessions"
        return self._sessions.connect()

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Open the one transaction that may write; committed at the end, rolled back on an exception."""
        return _begun(self._writer)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Open a snapshot that stays as it is."""
        return _begun(self._reader)

    def close(self) -> None:
        """Close every connection; one that a thread still uses is closed when it is done."""
        self._writer.dispose()
        self._reader.dispose()

    def migrate(self) -> bool:
        """Bring the tables to this version; True if anything changed."""
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            # SQLite gives its other files the mode of this one.
            os.close(os.open(self.url.database, os.O_CREAT | os.O_RDWR, PRIVATE))
        from infrastructure.database.migrating import upgrade  # noqa: PLC0415 -- as in is_current

        try:
            if self.is_current():
                return False
            upgrade(self.url)
        except sa.exc.ProgrammingError as refused:
            if failure_of(refused) is not Failure.NOT_GRANTED:
                raise
            raise NotOwnerError(self.url.username) from refused
        return True

    def is_current(self) -> bool:
        """Whether the tables are those of this version."""
        if self.is_sqlite and self.url.database and not Path(self.url.database).exists():
            return False
        # A process that helps with a replay does not need Alembic, and starts in three quarters of the time without.
        from infrastructure.database.migrating import is_newest  # noqa: PLC0415

        with self.reading() as connection:
            return is_newest(connection)

    def risks(self) -> list[str]:
        """Name the settings of the server with which a crash of its machine can lose what was acknowledged."""
        if self.is_sqlite:
            return []
        with self.reading() as connection:
            return [
                f"{name} is off"
                for name in ("fsync", "full_page_writes")
                if connection.exec_driver_sql(f"SHOW {name}").scalar() == "off"
            ]

    def scrub(self) -> bool:
        """Empty SQLite's write-ahead log, which still holds what was deleted; False if a reader needs it now."""
        if not self.is_sqlite:
            return True
        connection = self._writer.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {_SCRUB_MS}")
            (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() or (1,)
            cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        finally:
            connection.close()
        return not busy

    def back_up(self, target: Path) -> None:
        """Copy a SQLite ledger as it is at one moment into *target*."""
        if not self.is_sqlite:
            raise NotSqliteError
        # Past SQLAlchemy, which would begin a transaction; VACUUM takes its own snapshot.
        connection = self._writer.raw_connection()
        try:
            connection.cursor().execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()


@contextmanager
def _begun(engine: sa.Engine) -> Iterator[sa.Connection]:
    pool = engine.pool
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        if engine.pool is not pool:  # closed meanwhile; what has come back to the pool of before nobody else closes
            pool.dispose()


def among(connection: sa.Connection, column: sa.ColumnElement[int], numbers: Sequence[int]) -> sa.ColumnElement[bool]:
    """Say that a column holds one of any number of numbers, with one parameter for all of them."""
    if connection.dialect.name == "sqlite":
        listed = sa.func.json_each(json.dumps(numbers)).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    return column == sa.any_(sa.bindparam(None, numbers, sa.ARRAY(sa.BigInteger)))


def _prepared(settings: Mapping[str, str]) -> Callable[[Any, object], None]:
    chosen = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())

    def prepare(connection: Any, _: object) -> None:
        if "synchronous_commit" not in settings:
            connection.execute(_DURABLE)
        connection.execute(f"SELECT {chosen}")
        connection.commit()

    return prepare
