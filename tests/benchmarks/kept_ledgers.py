"""Big ledgers for more than one benchmark: a million entries take some five minutes to make.

LEDGER_BENCH_FOLDER names a folder in which they are kept between runs. Without it each benchmark makes its own.
"""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from infrastructure.settings import Settings
from infrastructure.wiring import build
from tests.benchmarks.big_ledger import DAYS_BETWEEN, FIRST_DAY, BigLedger
from tests.benchmarks.library_log import make_library_log

EACH: Final = 50
"""Entries of each commitment."""


def last_day(entries_each: int = EACH) -> datetime:
    """Give an instant after everything was recorded."""
    last = FIRST_DAY + timedelta(days=(entries_each + 1) * DAYS_BETWEEN)
    return datetime(last.year, last.month, last.day, tzinfo=UTC)


def big_ledger(folder: Path, entries: int) -> Path:
    """Give the new *folder* with a ledger of so many entries in it, and one that publishes their programme."""
    kept = os.environ.get("LEDGER_BENCH_FOLDER")
    if kept is None:
        _make(folder, entries)
        return folder
    there = Path(kept) / f"{entries}-entries"
    if not there.exists():
        _make(there, entries)
    shutil.copytree(there, folder, ignore=shutil.ignore_patterns("library.db"))
    return folder


def library_log(ledger: Path, entries: int) -> Path:
    """Give the file of the library's log with as many events as the ledger in a folder."""
    kept = os.environ.get("LEDGER_BENCH_FOLDER")
    path = (ledger if kept is None else Path(kept) / f"{entries}-entries") / "library.db"
    if not path.exists():
        ours, theirs = make_library_log(path, ledger / "ledger.db")
        print(f"\nbytes an entry {ours:.0f}, bytes an event of the library {theirs:.0f}")
    return path


def _make(folder: Path, entries: int) -> None:
    folder.mkdir(parents=True)
    services = build(Settings(data_dir=folder, log_level="error"))
    services.migrate()
    services.close()
    made = BigLedger(f"sqlite:///{folder}/ledger.db", max(1, entries // EACH))
    made.record(EACH)
    made.flush()
    made.close()
