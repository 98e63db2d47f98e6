"""Engines with what durability and isolation need, and the migrations that make the tables."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

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
}
_READERS = 6  # four that answer, one that seals, one to spare
_ALIVE = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "connect_timeout": 10}
_SESSION = {
    "idle_session_timeout": "0",  # it is idle for as long as nothing happens
    "synchronous_commit": "off",  # what is told through a session is told again
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}


class Database:
    """One writing connection at a time and a small pool of reading ones."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
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
            return sa.create_engine(
                self.url,
                isolation_level="REPEATABLE READ" if query_only else "READ COMMITTED",
                pool_pre_ping=True,
                **options,
            )
        engine = sa.create_engine(
            self.url, poolclass=sa.QueuePool, connect_args={"check_same_thread": False}, **options
        )

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: Any, _: object) -> None:
            connection.isolation_level = None
            for name, value in (_PRAGMAS | ({"query_only": "ON"} if query_only else {})).items():
                connection.execute(f"PRAGMA {name} = {value}")

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def _session_engine(self) -> sa.Engine:
        engine = sa.create_engine(
            self.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=_ALIVE
        )

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: Any, _: object) -> None:
            for name, value in _SESSION.items():
                connection.execute(f"SELECT set_config('{name}', '{value}', false)")
            connection.commit()

        return engine

    def session(self) -> sa.Connection:
        """Open a PostgreSQL connection outside pools and transactions, for what lives as long as it: LISTEN, locks.

        If the other side is gone without a word, both sides notice it after some ten seconds.
        """
        assert self._sessions is not None, "SQLite has no sessions"
        return self._sessions.connect()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open the one transaction that may write; committed at the end, rolled back on an exception."""
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a snapshot that stays as it is."""
        with self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def migrate(self) -> bool:
        """Bring the tables to this version; True if anything changed."""
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            # SQLite gives its other files the mode of this one.
            os.close(os.open(self.url.database, os.O_CREAT | os.O_RDWR, PRIVATE))
        if self.is_current():
            return False
        command.upgrade(_alembic(self.url.render_as_string(hide_password=False)), "head")
        return True

    def is_current(self) -> bool:
        """Whether the tables are those of this version."""
        if self.is_sqlite and self.url.database and not Path(self.url.database).exists():
            return False
        with self.reading() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        return found == _newest_revision()

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
        # Past SQLAlchemy, which would begin a transaction; VACUUM takes its own snapshot.
        connection = self._writer.raw_connection()
        try:
            connection.cursor().execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()


def among(connection: sa.Connection, column: sa.ColumnElement[int], numbers: Sequence[int]) -> sa.ColumnElement[bool]:
    """Say that a column holds one of any number of numbers, with one parameter for all of them."""
    if connection.dialect.name == "sqlite":
        listed = sa.func.json_each(json.dumps(numbers)).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    return column == sa.any_(sa.bindparam(None, numbers, sa.ARRAY(sa.BigInteger)))


def database_is_full(error: BaseException) -> bool:
    """Whether the database could not write for want of space."""
    said = str(getattr(error, "orig", None) or error)
    return "database or disk is full" in said or "No space left on device" in said or "disk I/O error" in said


def database_is_unreachable(error: BaseException) -> bool:
    """Whether a server of databases could not be reached, or ended the connection."""
    if isinstance(error, sa.exc.TimeoutError):
        return True
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return False
    return not isinstance(error.orig, sqlite3.Error)


@cache
def _newest_revision() -> str | None:
    return ScriptDirectory.from_config(_alembic("")).get_current_head()


def _alembic(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config
