"""A primary and a streaming replica of it, whose replay a test can pause; both stop however the test ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from tests.postgresql import QUICK, Server

PATIENCE: Final = 30.0


class Standby(Server):
    """A replica of a server, as `pg_basebackup` and a standby.signal file make it."""

    def __init__(self, primary: Server) -> None:
        self._primary = primary
        super().__init__(QUICK)

    def _make(self, programs, data) -> None:
        self._do(
            programs / "pg_basebackup", "--host", self._primary.folder, "--username", "postgres", "--pgdata", data,
            "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync",
        )  # fmt: skip


class Pair:
    """The two servers, and the URLs of a database on each."""

    def __init__(self, primary: Server, standby: Server, database: str) -> None:
        self.primary, self.standby = (
            sa.make_url(each.url).set(database=database).render_as_string(hide_password=False)
            for each in (primary, standby)
        )
        self.servers = primary, standby
        self._replica = sa.create_engine(self.standby, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def _ask(self, what: str):
        with self._replica.connect() as connection:
            return connection.exec_driver_sql(f"SELECT {what}").scalar()

    def pause(self) -> None:
        """Let the replica stand still where it is."""
        self._ask("pg_wal_replay_pause()")
        until = time.monotonic() + PATIENCE
        while self._ask("pg_get_wal_replay_pause_state()") != "paused":
            assert time.monotonic() < until
            time.sleep(0.01)

    def resume(self) -> None:
        self._ask("pg_wal_replay_resume()")

    def wait_until_level(self) -> None:
        """Wait until the replica knows what the primary knows now."""
        with sa.create_engine(self.primary, poolclass=sa.NullPool).connect() as connection:
            now = connection.exec_driver_sql("SELECT pg_current_wal_lsn()").scalar()
        until = time.monotonic() + PATIENCE
        while not self._ask(f"pg_last_wal_replay_lsn() >= '{now}'::pg_lsn"):
            assert time.monotonic() < until
            time.sleep(0.01)


@contextmanager
def primary_and_standby() -> Iterator[Pair]:
    primary = Server(QUICK)
    try:
        engine = sa.create_engine(primary.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE ledger TEMPLATE template0")
        standby = Standby(primary)
        try:
            yield Pair(primary, standby, "ledger")
        finally:
            standby.stop()
    finally:
        primary.stop()
