"""A ledger with its log, to be doctored, restored and opened again; and every checkpoint that it ever showed."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.checkpoint import Checkpoint, open_checkpoint
from domain.merkle import verify_consistency
from domain.policy import Party, Policy
from infrastructure import clock
from infrastructure.log import log_reading
from infrastructure.log.signatures import verify
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build
from tests.stores import announced, note, published


class SealedLedger:
    """One ledger in a folder; `services` is it as one process has it open."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = clock.now, **settings: Any) -> None:
        self.folder, self._now, self._settings = folder, now, settings
        self.seen: dict[int, bytes] = {}
        self.open()
        self.services.migrate()

    def open(self) -> Services:
        """Open it, as a process that starts."""
        self.services = build(Settings(data_dir=self.folder, log_level="warning", **self._settings), self._now)
        return self.services

    def close(self) -> None:
        self.services.close()

    def reopen(self) -> Services:
        self.close()
        return self.open()

    def begin(self) -> "SealedLedger":
        self.services.record(published())
        self.services.record(announced("A-1"))
        return self

    def grow(self, count: int = 1) -> int:
        """Record notes; give the last position."""
        position = 0
        for _ in range(count):
            position = self.services.record(note("A-1"))["position"]
        return position

    def seal(self) -> Checkpoint:
        """Seal, and look at what is published."""
        self.services.log.sealer.seal()
        return self.look()

    def look(self) -> Checkpoint:
        """Read the published checkpoint as an outsider does, and hold it against every one seen before."""
        shown = self.services.log.checkpoint()
        assert shown is not None
        head = open_checkpoint(shown.note, self.policy(), verify, without_quorum=True).checkpoint
        assert self.seen.setdefault(head.size, head.root) == head.root, "two roots of one size were signed"
        return head

    def policy(self) -> Policy:
        return Policy(tuple(Party(key) for key in self.services.log.verifiers()))

    def assert_consistent(self) -> None:
        """Every checkpoint ever seen is a beginning of the largest one."""
        largest = max(self.seen)
        with self.services._database.reading() as connection:
            for size, root in self.seen.items():
                proof = log_reading.consistency(connection, size, largest)
                verify_consistency(size, root, largest, self.seen[largest], proof)

    @property
    def database(self) -> Path:
        return self.folder / "ledger.db"

    def size(self) -> int:
        with self.services.view() as view:
            return view.head.log_size

    def tamper(self, *statements: str, **values: Any) -> None:
        """Change rows as somebody could who owns the database file."""
        tamper(self.database, *statements, values=values)

    def back_up(self, name: str = "backup.db") -> Path:
        target = self.folder.parent / name
        self.services.back_up(target)
        return target

    def restore(self, copy: Path) -> Services:
        """Put a backup in the database's place, while nobody has it open."""
        self.close()
        for path in self.folder.glob("ledger.db*"):
            path.unlink()
        shutil.copyfile(copy, self.database)
        return self.open()


def tamper(database: Path, *statements: str, values: Mapping[str, Any] | None = None) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as raw:
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement, values or {})
        for _, sql in triggers:
            raw.execute(sql)


@contextmanager
def sealed_ledger(folder: Path, **settings: Any) -> Iterator[SealedLedger]:
    ledger = SealedLedger(folder, **settings)
    try:
        yield ledger
    finally:
        ledger.close()
