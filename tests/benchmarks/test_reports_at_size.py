"""The report of ten thousand commitments against reading every entry, and against itself with the entries doubled.

Both are made turn by turn in one run. LEDGER_BENCH_COMMITMENTS and LEDGER_BENCH_ENTRIES_EACH make other sizes: the
report's cost follows the commitments, the peer's the entries. LEDGER_BENCH_FOLDER names a folder in which the big
ledgers are kept between runs, one for each pair of sizes; without it they are built anew and deleted.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
import sqlalchemy as sa

from application.entries_view import Asked, EntriesView, fold_all
from application.log_source import History
from application.ports import View
from application.reporting import Press, Reader, StatusQuery, status_report, written_report
from domain.entry import Entry
from infrastructure.database.engines import Database
from infrastructure.database.tables import streams
from infrastructure.recording.codec import EntryMapper, canonical, entry_form
from infrastructure.recording.recorder import EntryRecorder
from infrastructure.renderers.report_csv import report_csv
from infrastructure.renderers.report_json import WRITING, report_json
from infrastructure.replaying.replay import replay
from infrastructure.settings import Settings
from infrastructure.wiring import build
from tests.benchmarks.big_ledger import DAYS_BETWEEN, FIRST_DAY, BigLedger

ROOT: Final = Path(__file__).parents[2]
COMMITMENTS: Final = int(os.environ.get("LEDGER_BENCH_COMMITMENTS", "10000"))
ENTRIES_EACH: Final = int(os.environ.get("LEDGER_BENCH_ENTRIES_EACH", "100"))
ROUNDS: Final = 3
REPORTS_A_ROUND: Final = 3
PAGE: Final = 1_000
PRESS: Final = Press(origin="bench", version="0", canonical=canonical)
READER: Final = Reader(may_read_internal=True, today=date(2030, 1, 1), now=datetime(2030, 1, 1, tzinfo=UTC))


class Ledger:
    """One of the big ledgers, with what draws a (V, N) of it."""

    def __init__(self, path: Path, entries_each: int) -> None:
        self.path, self.entries_each, self._chance = path, entries_each, random.Random(7)
        url = f"sqlite:///{path}"
        self.database = Database(url)
        self.services = build(Settings(data_dir=path.parent, database_url=url, log_level="error"))

    def drawn(self) -> tuple[date, int]:
        """Draw a day of the ledger's time and a log size, each alike; never the same again."""
        day = FIRST_DAY + timedelta(days=self._chance.randrange(30, int(self.entries_each * DAYS_BETWEEN)))
        entries = COMMITMENTS * self.entries_each
        return day, self._chance.randrange(entries // 50, entries)

    def report(self, at: tuple[date, int]) -> bytes:
        with self.services.view() as view:
            return written_report(view, _query(at), READER, PRESS, WRITING)[1]


def _report(view: View, at: tuple[date, int]) -> dict[str, Any]:
    return status_report(view, _query(at), READER, PRESS)


def _query(at: tuple[date, int]) -> StatusQuery:
    return StatusQuery(as_of=at[0], log_size=at[1])


class FromEntries:
    """What somebody has who keeps no read models: every entry, through the library's recorder and mapper."""

    def __init__(self, database: Database, up_to: int) -> None:
        self._recorder, self._mapper = EntryRecorder(database, entry_form), EntryMapper()
        self._instants: dict[int, datetime] = {}
        self._streams: defaultdict[UUID, list[Entry]] = defaultdict(list)
        self._references: dict[UUID, tuple[str, str]] = {}
        self._read(up_to)

    def _read(self, up_to: int) -> None:
        start = 1
        while start <= up_to:
            page = self._recorder.select_notifications(start, PAGE, up_to)
            for each in page:
                self._streams[each.originator_id].append(self._mapper.to_domain_event(each).entry)
            last = self._streams[page[-1].originator_id][-1]
            self._instants = {last.position: last.recorded_at}
            start = page[-1].id + 1

    def histories(self, up_to: int) -> Iterator[History]:  # noqa: ARG002 -- a port's signature
        for stream, entries in self._streams.items():
            first = entries[0].facts
            if "commitment" in first:
                yield History(stream, "commitment", first["commitment"]["reference"], entries=entries)
            elif "details" in first:
                yield History(stream, "programme", first["details"]["code"], entries=entries)

    def history(self, stream: UUID, up_to: int) -> History | None:  # noqa: ARG002 -- a port's signature
        return None  # nothing here is internal, so that nobody looks who published it

    def recorded_at(self, position: int) -> datetime:
        return self._instants[position]


def _report_from_entries(database: Database, at: tuple[date, int]) -> bytes:
    entries, asked = FromEntries(database, at[1]), Asked(*at)
    return report_json(_report(EntriesView(entries, asked, fold_all(entries, [asked])[asked]), at))


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Ledger]]:
    kept = os.environ.get("LEDGER_BENCH_FOLDER")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("big")
    paths = [folder / f"{COMMITMENTS}-{each}.db" for each in (ENTRIES_EACH, 2 * ENTRIES_EACH)]
    if not all(path.exists() for path in paths):
        _build(*paths)
    made = Ledger(paths[0], ENTRIES_EACH), Ledger(paths[1], 2 * ENTRIES_EACH)
    for each in made:
        size = each.path.stat().st_size / 1e6
        print(f"\n{COMMITMENTS:,} commitments with {each.entries_each} entries each: {size:,.0f} MB")
    yield made
    for each in made:
        each.database.close()
        each.services.close()
        if not kept:
            each.path.unlink()


def _build(path: Path, doubled: Path) -> None:
    growing = BigLedger(f"sqlite:///{doubled}", COMMITMENTS)
    for copy in (path, None):
        began, spent = time.perf_counter(), time.process_time()
        growing.record(ENTRIES_EACH)
        entries = COMMITMENTS * ENTRIES_EACH
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        print(f"\n{entries:,} entries recorded in {wall:,.0f} s, {cpu / entries * 1e6:.0f} µs of processor time each")
        if copy is not None:
            growing.flush()
            shutil.copyfile(doubled, copy)
    growing.close()


@pytest.mark.bench
@pytest.mark.xdist_group("bench")
def test_a_report_of_ten_thousand_commitments(ledgers: tuple[Ledger, Ledger]) -> None:
    ledger, doubled = ledgers
    for each in ledgers:
        each.report(each.drawn())  # what every process reads once: the details of commitments, the query plans
    times: dict[str, list[float]] = defaultdict(list)
    ratios, growths = [], []
    for _ in range(ROUNDS):
        mine, more = [], []
        for _ in range(REPORTS_A_ROUND):
            mine.append(_timed_report(ledger))
            more.append(_timed_report(doubled))
        everything = ledger.drawn()[0], COMMITMENTS * ENTRIES_EACH
        peer, told = _timed(partial(_report_from_entries, ledger.database, everything))
        # The same facts; who keeps entries only has no texts and no tree.
        assert json.loads(told)["digest"] == json.loads(ledger.report(everything))["digest"], everything
        ours = statistics.median(mine)
        times["ours"] += mine
        times["doubled"] += more
        times["peer"].append(peer)
        ratios.append(peer / ours)
        growths.append(statistics.median(more) / ours)
    ours, peer = statistics.median(times["ours"]), statistics.median(times["peer"])
    print(
        f"\nreport as JSON at a random (V, N): {ours * 1e3:,.0f} ms; {statistics.median(ratios):.0f} times as fast as"
        f" {peer:,.1f} s for reading and folding all entries ({min(ratios):.0f} to {max(ratios):.0f})"
        f"\nwith the entries doubled: {statistics.median(times['doubled']) * 1e3:,.0f} ms,"
        f" {statistics.median(growths):.2f} times as long ({min(growths):.2f} to {max(growths):.2f})"
    )
    assert len(ratios) == ROUNDS


def _timed(work: Callable[[], bytes]) -> tuple[float, bytes]:
    began = time.perf_counter()
    told = work()
    return time.perf_counter() - began, told


def _timed_report(ledger: Ledger) -> float:
    at = ledger.drawn()
    took, told = _timed(lambda: ledger.report(at))
    report = json.loads(told)
    assert (report["as_of"], report["log_size"]) == (at[0].isoformat(), at[1])
    # A fiftieth of the entries holds more than this share of the announcements.
    assert COMMITMENTS / 2 < sum(report["totals"]["by_status"].values()) == len(report["commitments"]) <= COMMITMENTS
    return took


@pytest.mark.bench
@pytest.mark.xdist_group("bench")
def test_the_memory_that_reports_take(ledgers: tuple[Ledger, Ledger]) -> None:
    """In a process of its own, so that what other measurements took does not count."""
    code = (
        "import sys, pathlib, tests.benchmarks.test_reports_at_size as at_size\n"
        "at_size.memory_of_reports(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(ledgers[0].path)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    print(f"\n{told.stdout.strip()}")
    assert told.stdout.startswith("memory of its own: ")


def memory_of_reports(path: Path) -> None:
    """Make reports and print what memory they take."""
    ledger = Ledger(path, ENTRIES_EACH)
    with ledger.services.view() as view:
        csv = sum(map(len, report_csv(_report(view, ledger.drawn()))))
    once = _own_memory()
    # What is told was made: a row of a hundred characters, or much more as JSON, for every other commitment at least.
    assert csv > 50 * COMMITMENTS
    for _ in range(8):
        assert len(ledger.report(ledger.drawn())) > 500 * COMMITMENTS
    after = f"{_own_memory():,.0f} MB after eight more as JSON"
    print(f"memory of its own: {once:,.0f} MB with one report as CSV ({csv / 1e6:.0f} MB), {after}")


def _own_memory() -> float:
    """Give the MB that are the process's own; mapped pages of the database are the system's to take back."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) / 1e3


def test_a_big_ledger_is_what_recording_would_have_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'small.db'}"
    growing = BigLedger(url, 12)
    growing.record(60)
    growing.record(30)
    growing.close()
    database = Database(url)
    try:
        found = replay(database, check=True, until=None, progress=lambda _done, _all: None)
        assert (found.first, found.log_size) == (None, 12 * 90 + 1)
        with database.reading() as connection:
            versions = connection.execute(sa.select(streams.c.version).where(streams.c.sort == "commitment")).scalars()
            assert set(versions) == {90}
    finally:
        database.close()
