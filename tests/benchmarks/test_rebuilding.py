"""Making all read models anew, and streaming the feed, against the library's own decoding of as many events.

The library reads its native SQLite recorder by pages of its notification log and maps them to domain events. Everything
is measured in turn, each time in a process of its own; ratios are those of one turn, and their medians are told. Memory
is what a process has made its own. LEDGER_BENCH_ENTRIES says how many entries; 100,000 if it does not.
"""

import json
import os
import socket
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
from tests.benchmarks.big_ledger import BigLedger
from tests.benchmarks.library_log import make_library_log
from tests.serving import Server

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]

ENTRIES: Final = int(os.environ.get("LEDGER_BENCH_ENTRIES", "100000"))
EACH: Final = 100
TURNS: Final = 3
ROOT: Final = Path(__file__).parents[2]
CHILD: Final = """
import json, os, sys, time
from pathlib import Path

most = 0

def peak(*_):
    global most
    with open("/proc/self/status") as status:
        most = max(most, int(next(line.split()[1] for line in status if line.startswith("RssAnon"))) // 1024)

what, path = sys.argv[1:]
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
assert what == "library" or found.first is None, found.first
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


def child(what: str, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", CHILD, what, str(path)], cwd=ROOT, capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a big ledger, with the library's log of as many events beside it."""
    folder = tmp_path_factory.mktemp("big")
    services = build(Settings(data_dir=folder, log_level="error"))
    services.migrate()
    services.close()
    made = BigLedger(f"sqlite:///{folder}/ledger.db", max(1, ENTRIES // EACH))
    made.record(EACH)
    made.flush()
    made.close()
    ours, theirs = make_library_log(folder / "library.db", folder / "ledger.db")
    print(f"\nbytes an entry {ours:.0f}, bytes an event of the library {theirs:.0f}")
    return folder


def size_of(ledger: Path) -> int:
    return int(sqlite3.connect(ledger / "ledger.db").execute("SELECT position FROM head").fetchone()[0])


def without_read_models(ledger: Path) -> None:
    file = sqlite3.connect(ledger / "ledger.db")
    for table in DERIVED:
        file.execute(f"DELETE FROM {table.name}")  # noqa: S608 -- our own names
    file.commit()
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()


def test_read_models_are_made_anew(ledger: Path) -> None:
    figures = Figures()
    for _ in range(TURNS):
        figures.take("library", child("library", ledger / "library.db"))
        without_read_models(ledger)
        figures.take("read models from nothing", child("rebuild", ledger))
        figures.take("ledger replay, none differ", child("replay", ledger))
    figures.tell(size_of(ledger))


def test_the_feed_is_streamed(ledger: Path) -> None:
    size, figures = size_of(ledger), Figures()
    server = Server(ledger, LEDGER_PUBLIC_READ="true")
    try:
        until(lambda: httpx2.get(f"{server.address}/health/ready").json()["log"]["reread_at"] is not None)
        for _ in range(TURNS):
            figures.take("library", child("library", ledger / "library.db"))
            figures.take("GET /v1/events as NDJSON", streamed(server, size))
    finally:
        server.stop()
    figures.tell(size)


def until(done: Callable[[], bool]) -> None:
    """Wait for entries to be sealed, and read again for the first time: it is another work than serving."""
    while not done():
        time.sleep(1)


def streamed(server: Server, size: int) -> dict[str, float]:
    """Read the whole feed and throw it away."""
    asked = b"GET /v1/events HTTP/1.1\r\nHost: ledger\r\nAccept: application/x-ndjson\r\nConnection: close\r\n\r\n"
    room, lines = memoryview(bytearray(1 << 20)), 0
    cpu, began = server_cpu(server), time.perf_counter()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(asked)
        while count := connection.recv_into(room):
            lines += bytes(room[:count]).count(b"\n{") + (lines == 0)
    wall = time.perf_counter() - began
    assert lines >= size, f"{lines} of {size}"
    return {"wall": wall, "cpu": server_cpu(server) - cpu, "peak": resident(server)}


def server_cpu(server: Server) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(server: Server) -> float:
    status: dict[str, Any] = dict(
        line.split(":", 1) for line in Path(f"/proc/{server.pid}/status").read_text().splitlines()
    )
    return int(status["RssAnon"].split()[0]) / 1024
