"""Making all read models anew, and streaming the feed, against the library's own decoding of as many events.

The library reads its native SQLite recorder by pages of its notification log and maps them to domain events. Everything
is measured in turn, each time in a process of its own; ratios are those of one turn, and their medians are told. Memory
is what the process, and those that help it, have made their own. LEDGER_BENCH_ENTRIES says how many entries; 100,000 if
it does not. A million take a quarter of an hour; LEDGER_BENCH_FOLDER keeps them (`kept_ledgers`), and
LEDGER_BENCH_TURNS may be 1.
"""

import hashlib
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from infrastructure.database.tables import DERIVED
from infrastructure.settings import Settings
from infrastructure.wiring import build
from tests.benchmarks.kept_ledgers import big_ledger, library_log
from tests.serving import Server

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]

ENTRIES: Final = int(os.environ.get("LEDGER_BENCH_ENTRIES", "100000"))
TURNS: Final = int(os.environ.get("LEDGER_BENCH_TURNS", "3"))
ROOT: Final = Path(__file__).parents[2]
CHILD: Final = """
import json, os, sys, time
from pathlib import Path

most = 0

def own(process):
    try:
        with open(f"/proc/{process}/status") as status:
            return int(next((line.split()[1] for line in status if line.startswith("RssAnon")), 0)) // 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0

def peak(*_):
    global most
    helpers = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    most = max(most, sum(map(own, ["self", *helpers])))

what, path, size = sys.argv[1:]
if what == "library":
    from tests.benchmarks.library_log import decode
    work = lambda: decode(Path(path), peak)
else:
    from infrastructure.replaying.replay import rebuild
    from infrastructure.settings import Settings
    from infrastructure.wiring import build
    services = build(Settings(data_dir=Path(path), log_level="error"))
    if what == "rebuild":
        from infrastructure.database.engines import Database
        database = Database(f"sqlite:///{path}/ledger.db")
        work = lambda: rebuild(database, peak)
    else:
        work = lambda: services.replay(check=what == "check", until=None, progress=peak)
began = time.perf_counter(), time.process_time()
found = work()
times = os.times()  # those of processes that helped as well
wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1] + times.children_user + times.children_system
if what == "library":
    assert found == int(size), found
else:
    assert (found.log_size, found.first, found.replaced) == (int(size), None, True), found
peak()
print(json.dumps({"wall": wall, "cpu": cpu, "peak": most}))
"""


class Figures:
    """What each piece of work took, turn by turn."""

    def __init__(self) -> None:
        self.taken: dict[str, list[dict[str, float]]] = {}

    def take(self, name: str, found: dict[str, float]) -> None:
        self.taken.setdefault(name, []).append(found)

    def tell(self, count: int) -> None:
        print(f"\n{count:,} entries, {TURNS} turns, medians; against the library's decoding in the same turn:")
        library = self.taken["library"]
        for name, turns in self.taken.items():
            wall, cpu = (sorted(peer[of] / mine[of] for mine, peer in zip(turns, library, strict=True))
                         for of in ("wall", "cpu"))  # fmt: skip
            micros = [statistics.median(turn[of] for turn in turns) / count * 1e6 for of in ("wall", "cpu")]
            peak = max(turn["peak"] for turn in turns)
            print(
                f"  {name:<34} {micros[0]:6.1f} us an entry, {micros[1]:6.1f} of the processor, peak {peak:4.0f} MB:"
                f" {statistics.median(wall):.2f} times ({wall[0]:.2f} to {wall[-1]:.2f}),"
                f" by processor time {statistics.median(cpu):.2f}"
            )


def child(what: str, path: Path, size: int) -> dict[str, float]:
    command = [sys.executable, "-c", CHILD, what, str(path), str(size)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a big ledger."""
    folder = big_ledger(tmp_path_factory.mktemp("big") / "ledger", ENTRIES)
    services = build(Settings(data_dir=folder, log_level="error"))
    services.migrate()
    services.close()
    return folder


@pytest.fixture(scope="module")
def library(ledger: Path) -> Path:
    """The file of the library's log of as many events."""
    return library_log(ledger, ENTRIES)


def size_of(ledger: Path) -> int:
    return int(sqlite3.connect(ledger / "ledger.db").execute("SELECT position FROM head").fetchone()[0])


def without_read_models(ledger: Path) -> None:
    file = sqlite3.connect(ledger / "ledger.db")
    for table in DERIVED:
        file.execute(f"DELETE FROM {table.name}")  # noqa: S608 -- our own names
    file.commit()
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()


def read_models(ledger: Path) -> dict[str, str]:
    """Give a digest of all rows of each read model."""
    file = sqlite3.connect(ledger / "ledger.db")
    found = {}
    for table in DERIVED:
        digest = hashlib.sha256()
        key = ", ".join(column.name for column in table.primary_key)
        for row in file.execute(f"SELECT * FROM {table.name} ORDER BY {key}"):  # noqa: S608 -- our own names
            digest.update(repr(row).encode())
        found[table.name] = digest.hexdigest()
    file.close()
    return found


def test_read_models_are_made_anew(ledger: Path, library: Path) -> None:
    size, figures, good = size_of(ledger), Figures(), read_models(ledger)
    for _ in range(TURNS):
        figures.take("library", child("library", library, size))
        without_read_models(ledger)
        figures.take("read models from nothing", child("rebuild", ledger, size))
        figures.take("ledger replay, none differ", child("replay", ledger, size))
    assert read_models(ledger) == good
    figures.tell(size)


def test_the_feed_is_streamed(ledger: Path, library: Path) -> None:
    size, figures = size_of(ledger), Figures()
    server = Server(ledger, LEDGER_PUBLIC_READ="true")
    try:
        until(lambda: httpx2.get(f"{server.address}/health/ready").json()["log"]["reread_at"] is not None)
        for _ in range(TURNS):
            figures.take("library", child("library", library, size))
            figures.take("GET /v1/events as NDJSON", streamed(server, size))
    finally:
        server.stop()
    figures.tell(size)


def until(done: Callable[[], bool]) -> None:
    """Wait for entries to be sealed, and read again for the first time: it is another work than serving."""
    while not done():
        time.sleep(1)


def streamed(server: Server, size: int) -> dict[str, float]:
    """Read the whole feed; only its last line is looked at."""
    room, lines, last = memoryview(bytearray(1 << 20)), 0, b""
    cpu, began = server_cpu(server), time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", f"/v1/events?log_size={size}", headers={"Accept": "application/x-ndjson"})
    answer = connection.getresponse()
    while count := answer.readinto(room):
        read = bytes(room[:count])
        lines += read.count(b"\n")
        last = (last + read)[-100_000:]
    wall = time.perf_counter() - began
    connection.close()
    assert lines == size, f"{lines} of {size}"
    assert json.loads(last.splitlines()[-1])["position"] == size
    return {"wall": wall, "cpu": server_cpu(server) - cpu, "peak": resident(server)}


def server_cpu(server: Server) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(server: Server) -> float:
    status: dict[str, Any] = dict(
        line.split(":", 1) for line in Path(f"/proc/{server.pid}/status").read_text().splitlines()
    )
    return int(status["RssAnon"].split()[0]) / 1024
