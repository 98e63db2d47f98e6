"""What the size of a ledger does to recording, and the length of a history to opening it.

A million entries take some ten minutes to make; LEDGER_BENCH_ENTRIES says how many the big ledger has.
"""

import itertools
import os
import shutil
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from application import replaying
from application.access import Caller, nobody
from application.recording import Request, record_event
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build
from tests.benchmarks.big_ledger import DAYS_BETWEEN, FIRST_DAY, BigLedger
from tests.benchmarks.interleaved import Sample, compare

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
SMALL: Final = 10_000
BIG: Final = int(os.environ.get("LEDGER_BENCH_ENTRIES", "1000000"))
ENTRIES_EACH: Final = 50
RECORDER: Final = Caller("bench", "recorder")
BATCH: Final = 32
TOUCHED: Final = 192
ROUNDS: Final = 15
LONG: Final = 1_000
EVIDENCE: Final = [{"title": "Minutes", "grade": "C"}]


def _big(folder: Path, commitments: int, entries_each: int) -> Services:
    folder.mkdir()
    url = f"sqlite:///{folder / 'ledger.db'}"
    big = BigLedger(url, commitments)
    big.record(entries_each)
    big.flush()
    big.close()
    last = FIRST_DAY + timedelta(days=(entries_each + 1) * DAYS_BETWEEN)
    return _opened(folder, datetime(last.year, last.month, last.day, tzinfo=UTC))


def _opened(folder: Path, now: datetime) -> Services:
    """Open a ledger as a process does that has just begun."""
    ticks = itertools.count()
    settings = Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'ledger.db'}", log_level="error")
    services = build(settings, lambda: now + timedelta(milliseconds=next(ticks)))
    services.migrate()
    return services


def _note(reference: str, day: date) -> Any:
    body = {
        "kind": "evidence_added", "occurred_on": day.isoformat(), "statement": "The minutes are there.", "entry": 1,
        "evidence": EVIDENCE,
    }  # fmt: skip
    return record_event(Request(RECORDER, body), reference, four_eyes=True)


def _recording(services: Services, commitments: int) -> Callable[[], Sample]:
    """Give a turn that records batch by batch in as many commitments, spread over the ledger."""
    references = [f"B-{number * commitments // TOUCHED:05}" for number in range(TOUCHED)]

    def turn() -> Sample:
        waits = []
        for first in range(0, TOUCHED, BATCH):
            commands = [_note(reference, services.today()) for reference in references[first : first + BATCH]]
            began = time.perf_counter()
            outcomes = services.writer.write(commands)
            waits.append(time.perf_counter() - began)
            assert not any(isinstance(each, BaseException) for each in outcomes), outcomes
        return Sample(TOUCHED, sum(waits), waits)

    return turn


def _forgetting(services: Services, turn: Callable[[], Sample]) -> Callable[[], Sample]:
    """Give a turn in which every history has to be read first."""

    def forgetful() -> Sample:
        services.writer._cache.clear()
        return turn()

    return forgetful


def test_recording_in_a_big_ledger_against_a_small_one(tmp_path: Path) -> None:
    sizes = {"big": BIG, "small": SMALL}
    ledgers = {name: _big(tmp_path / name, size // ENTRIES_EACH, ENTRIES_EACH) for name, size in sizes.items()}
    warm = {
        f"with {sizes[name]:,} entries": _recording(services, sizes[name] // ENTRIES_EACH)
        for name, services in ledgers.items()
    }
    cold = {
        name: _forgetting(services, turn) for services, (name, turn) in zip(ledgers.values(), warm.items(), strict=True)
    }
    for turn in warm.values():
        turn()
    what = f"recording in {TOUCHED} commitments of {ENTRIES_EACH} entries all over a ledger, {BATCH} a batch"
    compare(f"{what}, known", warm, rounds=ROUNDS)
    compare(f"{what}, read first", cold, rounds=ROUNDS)
    for services in ledgers.values():
        services.close()


def test_opening_a_commitment_with_a_long_history(tmp_path: Path) -> None:
    services = _big(tmp_path / "long", 3, LONG)
    now = services.now()
    services.close()
    took: dict[str, list[float]] = {"its state": [], "a page of its history": [], "recording one more": []}
    for turn in range(20):
        copy = tmp_path / f"copy-{turn}"
        shutil.copytree(tmp_path / "long", copy)
        cold = _opened(copy, now)
        # The past has been looked at before a server answers.
        cold.writer.permit()
        for what, work in (("its state", _shown), ("a page of its history", _page), ("recording one more", _more)):
            began = time.perf_counter()
            work(cold)
            took[what].append((time.perf_counter() - began) * 1000)
        cold.close()
        shutil.rmtree(copy)
    print(f"\nopening a commitment with {LONG:,} entries in a process that has just begun (median, slowest of 20)")
    for what, times in took.items():
        print(f"  {what:<24} {statistics.median(times):7.2f} ms  {max(times):7.2f} ms")


def _shown(services: Services) -> None:
    with services.view() as view:
        replaying.commitment(view, "B-00001", services.today(), view.head, sight=nobody())


def _page(services: Services) -> None:
    with services.view() as view:
        replaying.history(view, "B-00001", services.today(), view.head, sight=nobody())


def _more(services: Services) -> None:
    services.record(_note("B-00001", services.today()))
