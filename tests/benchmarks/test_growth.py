"""What the size of a ledger does to recording, and the length of a history to opening it.

A million entries take some five minutes to make; LEDGER_BENCH_ENTRIES says how many the big ledger has, and
LEDGER_BENCH_FOLDER keeps it (`kept_ledgers`). Costs are processor time, of all threads; only waits are by clock.
"""

import itertools
import os
import shutil
import statistics
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from application import replaying
from application.access import Caller, nobody
from application.recording import Request, record_event
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build
from tests.benchmarks.big_ledger import BigLedger
from tests.benchmarks.interleaved import Sample, compare
from tests.benchmarks.kept_ledgers import EACH, big_ledger, last_day

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
SMALL: Final = 10_000
BIG: Final = int(os.environ.get("LEDGER_BENCH_ENTRIES", "1000000"))
RECORDER: Final = Caller("bench", "recorder")
BATCH: Final = 32
TOUCHED: Final = 192
ROUNDS: Final = 15
LONG: Final = 1_000
A_PAGE: Final = 100
EVIDENCE: Final = [{"title": "Minutes", "grade": "C"}]


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
        waits, cpu = [], 0.0
        for first in range(0, TOUCHED, BATCH):
            commands = [_note(reference, services.today()) for reference in references[first : first + BATCH]]
            began = time.perf_counter(), time.process_time()
            outcomes = services.writer.write(commands)
            waits.append(time.perf_counter() - began[0])
            cpu += time.process_time() - began[1]
            assert not any(isinstance(each, BaseException) for each in outcomes), outcomes
        return Sample(TOUCHED, cpu, waits)

    return turn


def _forgetting(services: Services, turn: Callable[[], Sample]) -> Callable[[], Sample]:
    """Give a turn in which every history has to be read first."""

    def forgetful() -> Sample:
        services.writer._cache.clear()
        return turn()

    return forgetful


def test_recording_in_a_big_ledger_against_a_small_one(tmp_path: Path) -> None:
    sizes = {"big": BIG, "small": SMALL}
    ledgers = {name: _opened(big_ledger(tmp_path / name, size), last_day()) for name, size in sizes.items()}
    warm = {
        f"with {sizes[name]:,} entries": _recording(services, sizes[name] // EACH) for name, services in ledgers.items()
    }
    cold = {
        name: _forgetting(services, turn) for services, (name, turn) in zip(ledgers.values(), warm.items(), strict=True)
    }
    for turn in warm.values():
        turn()
    what = f"a second of the processor: recording in {TOUCHED} commitments of {EACH} entries, {BATCH} a batch"
    compare(f"{what}, known", warm, rounds=ROUNDS)
    compare(f"{what}, read first", cold, rounds=ROUNDS)
    for name, services in ledgers.items():
        with services.view() as view:
            assert view.head.log_size == sizes[name] + 1 + (2 * ROUNDS + 1) * TOUCHED
        services.close()


def test_opening_a_commitment_with_a_long_history(tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    big = BigLedger(f"sqlite:///{tmp_path / 'long' / 'ledger.db'}", 3)
    big.record(LONG)
    big.flush()
    big.close()
    took: dict[str, list[tuple[float, float]]] = {}
    for turn in range(20):
        copy = tmp_path / f"copy-{turn}"
        shutil.copytree(tmp_path / "long", copy)
        cold = _opened(copy, last_day(LONG))
        # The past has been looked at before a server answers.
        cold.writer.permit()
        for what, work, right in OPENING:
            began = time.process_time(), time.perf_counter()
            answer = work(cold)
            cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
            took.setdefault(what, []).append((cpu * 1000, wall * 1000))
            assert right(answer), answer
        cold.close()
        shutil.rmtree(copy)
    print(f"\nopening a commitment with {LONG:,} entries in a process that has just begun (median, slowest of 20)")
    for what, times in took.items():
        cpu, wall = zip(*times, strict=True)
        print(
            f"  {what:<24} {statistics.median(cpu):7.2f} ms  {max(cpu):7.2f} ms of the processor,"
            f" by clock {statistics.median(wall):7.2f} ms"
        )


def _shown(services: Services) -> Any:
    with services.view() as view:
        return replaying.commitment(view, "B-00001", services.today(), view.head, sight=nobody())


def _page(services: Services, after: int = 0) -> Any:
    with services.view() as view:
        return replaying.history(
            view, "B-00001", services.today(), view.head, sight=nobody(), after=after, limit=A_PAGE
        )


def _last_page(services: Services) -> Any:
    return _page(services, LONG - A_PAGE)


def _more(services: Services) -> Any:
    return services.record(_note("B-00001", services.today()))


def _versions(first: int) -> Callable[[Any], bool]:
    return lambda items: [item["version"] for item in items] == list(range(first, first + A_PAGE))


OPENING: Final[tuple[tuple[str, Callable[[Services], Any], Callable[[Any], bool]], ...]] = (
    ("its state", _shown, lambda answer: answer["version"] == LONG),
    ("a page of its history", _page, _versions(1)),
    ("the last page of it", _last_page, _versions(LONG - A_PAGE + 1)),
    ("recording one more", _more, lambda answer: answer["version"] == LONG + 1),
)
