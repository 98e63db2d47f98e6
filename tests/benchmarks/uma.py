"""UmaDB, an event store written in Rust that commits what waits in one go; its server comes in its wheel."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count as counted
from pathlib import Path

import umadb

from tests.benchmarks.interleaved import Sample


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Run the server while it is wanted; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{free.getsockname()[1]}"
    program = Path(sys.executable).with_name("umadb")
    process = subprocess.Popen(
        [program, "--listen", where, "--db-path", folder / "uma.db"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_it_answers(f"http://{where}")
        yield f"http://{where}"
    finally:
        process.terminate()
        process.wait(30)


def _until_it_answers(address: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            umadb.Client(address).head()
        except Exception:  # whatever the client raises while nobody listens
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def waiting_threads(address: str, payload: bytes, callers: int, count: int) -> Callable[[], Sample]:
    """Give a turn in which threads append *count* events, each if its stream has not grown meanwhile."""
    clients = [umadb.Client(address) for _ in range(callers)]
    streams = counted()

    def caller(client: umadb.Client) -> list[float]:
        waits, stream, last = [], f"s{next(streams)}", None
        for _ in range(count // callers):
            asked = time.perf_counter()
            event = umadb.Event("progressed", payload, [stream])
            unchanged = umadb.AppendCondition(umadb.Query([umadb.QueryItem(tags=[stream])]), last)
            last = client.append([event], unchanged)
            waits.append(time.perf_counter() - asked)
        return waits

    def turn() -> Sample:
        began = time.perf_counter()
        with ThreadPoolExecutor(callers) as threads:
            waits = [wait for each in threads.map(caller, clients) for wait in each]
        return Sample(len(waits), time.perf_counter() - began, waits)

    return turn
