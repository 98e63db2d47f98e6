"""Several processes on one ledger, and processes that are killed while they write."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from infrastructure import clock
from tests.stores import Store, announced, event, published

ROOT: Final = Path(__file__).parents[3]
COMMITMENTS: Final = 5

# Writes notes from 8 threads and says which it has recorded, one line each, once they are acknowledged.
WRITING: Final = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from infrastructure import clock
from tests.stores import Store, note
url, name, threads, count, commitments = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
store, lock = Store(url, clock.now), threading.Lock()
def work(thread):
    for number in range(count):
        statement = f"{name}-{thread}-{number}"
        answer = store.writer.record(note(f"A-{1 + (thread + number) % commitments}", statement))
        with lock:
            print(answer["position"], statement, flush=True)
with ThreadPoolExecutor(threads) as pool:
    list(pool.map(work, range(threads)))
store.close()
"""


def started(store: Store, name: str, threads: int, count: int) -> subprocess.Popen[str]:
    arguments = [store.url, name, str(threads), str(count), str(COMMITMENTS)]
    return subprocess.Popen(
        [sys.executable, "-c", WRITING, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def acknowledged(lines: str) -> dict[str, int]:
    """Read positions by statement; a last line that was cut off by a kill was never acknowledged."""
    whole = lines[: lines.rfind("\n") + 1].split("\n")[:-1]
    return {statement: int(position) for position, statement in (line.split(" ") for line in whole)}


@pytest.fixture
def shared(url: str) -> Iterator[Store]:
    store = Store(url, clock.now)
    store.writer.record(published())
    for number in range(COMMITMENTS):
        store.writer.record(announced(f"A-{number + 1}"))
    yield store
    store.close()


def recorded(store: Store) -> dict[str, list[int]]:
    """Give the positions of every statement."""
    found: dict[str, list[int]] = {}
    with store.readings.view() as view:
        for each in view.recorded(up_to=view.head.log_size):
            if "statement" in each.prose:
                found.setdefault(each.prose["statement"].value, []).append(each.entry.position)
    return found


def look(store: Store, told: dict[str, int], sent: Sequence[str] | None) -> None:
    """Every acknowledged entry is there once, where it was said to be; no gap; read models as the entries say."""
    found = recorded(store)
    assert store.positions == list(range(1, store.size + 1))
    assert all(len(positions) == 1 for positions in found.values())
    assert {statement: found.get(statement) for statement in told} == {
        statement: [position] for statement, position in told.items()
    }
    if sent is not None:
        assert sorted(found) == sorted(sent)
    differences = store.replayed()
    assert differences.first is None, str(differences.first)


def two_processes(store: Store, threads: int, count: int) -> None:
    writers = [started(store, name, threads, count) for name in "ab"]
    told: dict[str, int] = {}
    for writer in writers:
        output, errors = writer.communicate(timeout=600)
        assert writer.returncode == 0, errors
        told |= acknowledged(output)
    sent = [f"{name}-{thread}-{number}" for name in "ab" for thread in range(threads) for number in range(count)]
    assert sorted(told) == sorted(sent)
    look(store, told, sent)


def test_two_processes_write_one_ledger(shared: Store) -> None:
    two_processes(shared, threads=8, count=125)


def killed_while_writing(store: Store, name: str, after: int) -> dict[str, int]:
    """Kill a writing process with SIGKILL once it has said *after* lines; give what it had acknowledged."""
    writer = started(store, name, threads=8, count=100_000)
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(after)]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=60)
    assert writer.returncode == -signal.SIGKILL
    return acknowledged("".join(lines) + rest)


@pytest.mark.parametrize("after", [1, 40, 170])
def test_a_killed_process_loses_nothing_that_it_acknowledged(shared: Store, after: int) -> None:
    told = killed_while_writing(shared, "a", after)
    assert len(told) >= after
    look(shared, told, None)
    assert shared.writer.record(event("A-1"))["position"] == shared.size


def test_the_other_process_goes_on_when_one_is_killed(shared: Store) -> None:
    other = started(shared, "b", threads=4, count=60)
    told = killed_while_writing(shared, "a", 60)
    output, errors = other.communicate(timeout=120)
    assert other.returncode == 0, errors
    told |= acknowledged(output)
    assert sum(statement.startswith("b-") for statement in told) == 240
    look(shared, told, None)


@pytest.mark.soak
def test_two_processes_write_a_long_ledger(shared: Store) -> None:
    two_processes(shared, threads=8, count=1_000)


@pytest.mark.soak
def test_fifty_kills_lose_nothing(shared: Store) -> None:
    told: dict[str, int] = {}
    for number in range(50):
        told |= killed_while_writing(shared, f"k{number}", 1 + number * 7 % 90)
        look(shared, told, None)
