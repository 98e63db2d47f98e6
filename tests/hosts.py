"""Several hosts on one PostgreSQL: each with its own data directory, its own copy of the key file, its own memory."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from infrastructure import clock
from infrastructure.database.tables import entries, metadata
from infrastructure.log.key_file import KeyFile
from tests.sealed import SealedLedger, sealed_ledger

KEYS = "log-keys.json"


class Hosts:
    """The hosts `a`, `b` … of one ledger; what any of them shows is held against what all of them have shown."""

    def __init__(self, url: str, folder: Path, stack: ExitStack, now: Callable[[], datetime]) -> None:
        self.url, self._folder, self._stack, self._now = url, folder, stack, now
        self._shown: dict[int, bytes] = {}

    def add(
        self, name: str, keys_of: SealedLedger | None = None, *, secret: bool = True, **settings: Any
    ) -> SealedLedger:
        """Set a host up, with the key file of another."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        if keys_of is not None:
            copy_keys(keys_of.folder, folder, secret=secret)
        ledger = self._stack.enter_context(sealed_ledger(folder, now=self._now, database_url=self.url, **settings))
        ledger.seen = self._shown
        return ledger


def copy_keys(source: Path, target: Path, *, secret: bool = True) -> None:
    """Give another host a key file, without the secrets if so wished."""
    shutil.copy2(source / KEYS, target / KEYS)
    if not secret:
        keys = KeyFile(target)
        keys.write(keys.read().public())


@contextmanager
def several_hosts(url: str, folder: Path, now: Callable[[], datetime] = clock.now) -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(url, folder, stack, now)


class Snapshot:
    """A database as it stood at one moment, to be put back as its owner could: past every trigger."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        with self._engine.connect() as connection:
            self._rows = {table: connection.execute(sa.select(table)).all() for table in metadata.sorted_tables}

    @property
    def size(self) -> int:
        """How many entries there were."""
        return len(self._rows[entries])

    def restore(self) -> None:
        with self._engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            for table, rows in self._rows.items():
                connection.execute(sa.delete(table))
                if rows:
                    connection.execute(sa.insert(table), [dict(row._mapping) for row in rows])
