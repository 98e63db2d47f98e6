"""Verifying a big ledger, in its database and as an export: how long it takes, and how much memory.

Each verification is a process of its own. Times are those of the processor as well, for machines with other work to do.
A quarter of the ledger is verified first: what memory grows by from there is what it costs per entry. Memory is what
the process has made its own; SQLite maps the database file besides, and the system takes that back when it wants to.
LEDGER_BENCH_ENTRIES says how many entries; a million, if it does not.
"""

import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from application.access import Caller
from application.issuing import issue
from application.recording import Request
from application.reporting import Press, Reader
from infrastructure.database.engines import Database
from infrastructure.reading.readings import Readings
from infrastructure.recording.codec import canonical
from infrastructure.recording.writer import Writer
from tests.benchmarks.big_ledger import BigLedger
from tests.verified import exported, signed

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]

ENTRIES: Final = int(os.environ.get("LEDGER_BENCH_ENTRIES", "1000000"))
EACH: Final = 100
REPORTS: Final = 4
ROOT: Final = Path(__file__).parents[2]
VERIFY: Final = """
import json, sys, time
from pathlib import Path
from infrastructure.database.engines import Database
from infrastructure.verifying.log_sources import DatabaseSource
from tests.verified import POLICY, judged, verified_export

stages, began, most = [], (time.perf_counter(), time.process_time()), 0

def peak():
    global most
    with open("/proc/self/status") as status:
        most = max(most, int(next(line.split()[1] for line in status if line.startswith("RssAnon"))) // 1024)
    return most

def progress(what, done, of):
    peak()
    if not stages or stages[-1][0] != what:
        stages.append([what, time.perf_counter() - began[0], time.process_time() - began[1], peak()])

kind, path, note = sys.argv[1:]
if kind == "database":
    with Database(f"sqlite:///{path}").reading() as connection:
        source = DatabaseSource(connection, "it", Path(note).read_bytes(), POLICY)
        outcome = judged(source, progress=progress)
else:
    outcome = verified_export(Path(path), progress=progress)
progress("end", 0, 0)
print(json.dumps({"faults": [str(each) for each in outcome.findings.faults], "checked": outcome.checked,
                  "stages": stages, "peak": peak()}))
"""


class Opened:
    """What `tests.verified` needs of a store."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    @property
    def size(self) -> int:
        with Readings(self.database).view() as view:
            return view.head.log_size


def _issue(url: str) -> None:
    """Issue reports right after the last entry."""
    database = Database(url)
    with Readings(database).view() as view:
        now = view.head.recorded_at
    assert now is not None
    writer = Writer(database, ZoneInfo("UTC"), lambda: now)
    reader = Reader(may_read_internal=True, today=now.date(), now=now)
    press = Press(origin="bench", version="1", canonical=canonical)
    for number in range(REPORTS):
        asked = {"as_of": f"202{number}-06-30"}
        with Readings(database).view() as view:
            command = issue(view, Request(Caller("rec-1", "recorder"), asked), reader, press)
        writer.record(command)
    writer.close()
    database.close()


def _verified(kind: str, path: Path, note: Path, entries: int, reports: int) -> dict[str, Any]:
    command = [sys.executable, "-c", VERIFY, kind, str(path), str(note)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["faults"] == []
    assert (found["checked"]["entries"], found["checked"]["issued_reports"]) == (entries + reports, reports)
    assert found["checked"]["texts"] > entries * 0.9  # announcements have none
    return found


def _told(what: str, found: dict[str, Any]) -> None:
    checked = found["checked"]
    print(f"\n{what}: {checked['entries']:,} entries, {checked['texts']:,} texts, peak {found['peak']} MB")
    stages = found["stages"]
    for (name, wall, cpu, _), (_, wall_after, cpu_after, peak) in pairwise(stages):
        print(f"  {name:<16}{wall_after - wall:8.1f} s   {cpu_after - cpu:8.1f} s of the processor   up to {peak} MB")


def test_a_big_ledger_is_verified(tmp_path: Path) -> None:
    url, note, whole = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "checkpoint", tmp_path / "whole.zip"
    commitments = max(1, ENTRIES // EACH)
    ledger = BigLedger(url, commitments)
    for turn, (what, each) in enumerate((("a quarter", EACH // 4), ("all", EACH)), 1):
        ledger.record(each if turn == 1 else EACH - EACH // 4)
        ledger.flush()
        _issue(url)
        opened: Any = Opened(url)
        note.write_bytes(signed(opened))
        whole.unlink(missing_ok=True)
        began = time.perf_counter(), time.process_time()
        exported(opened, whole)
        wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
        opened.database.close()
        there = commitments * each + 1, turn * REPORTS
        _told(f"database, {what}", _verified("database", tmp_path / "ledger.db", note, *there))
        _told(f"export, {what}", _verified("export", whole, note, *there))
        print(f"  writing it took {wall:.1f} s, {cpu:.1f} s of the processor, {whole.stat().st_size // 1_000_000} MB")
    ledger.close()
