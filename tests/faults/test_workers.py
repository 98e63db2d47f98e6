"""Several workers of one host: one keeps the log; any may be killed, and all end when they are asked to."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.outside import COMMITMENTS, Outsider
from tests.serving import Server, made_ledger

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]
WORKERS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    with request.getfixturevalue("postgresql").migrated() as url:
        yield url


@pytest.fixture
def outsider(url: str, tmp_path: Path) -> Outsider:
    return Outsider(made_ledger(tmp_path, COMMITMENTS, database_url=url))


@pytest.fixture
def server(url: str, tmp_path: Path, outsider: Outsider) -> Iterator[Server]:
    server = Server(tmp_path, workers=WORKERS, LEDGER_DATABASE_URL=url, LEDGER_PUBLIC_READ="true")
    yield server
    for pid in workers_of(server):
        os.kill(pid, signal.SIGKILL)
    server.kill()


def workers_of(server: Server) -> list[int]:
    """Give the process ids of its workers, by what the system says of them."""
    pids = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            status, command = (each / "stat").read_text(), (each / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parent = int(status.rpartition(")")[2].split()[1])
        if parent == server.pid and b"spawn_main" in command:
            pids.append(int(each.name))
    return pids


def keeper_of(folder: Path, pids: list[int]) -> int | None:
    """Give the process that holds the log's lock."""
    lock = (folder / "log" / "sealer.lock").stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if "->" not in words and words[5].endswith(f":{lock}") and int(words[4]) in pids:
            return int(words[4])
    return None


def eventually(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_asked_to_end_the_workers_answer_what_they_took_on_and_end_well(server: Server, outsider: Outsider) -> None:
    with outsider.busy(server, threads=4):
        outsider.wait_for_more(20)
        assert server.stop() == 0
    assert set(outsider.refused) <= {503}
    server.start()
    outsider.judge(server)


def test_a_killed_worker_is_replaced_and_the_log_is_kept_by_another(
    server: Server, outsider: Outsider, tmp_path: Path
) -> None:
    eventually(lambda: len(workers_of(server)) == WORKERS)
    with outsider.busy(server, threads=4):
        outsider.wait_for_more(5)
        eventually(lambda: keeper_of(tmp_path, workers_of(server)))
        keeper = keeper_of(tmp_path, workers_of(server))
        assert keeper is not None
        os.kill(keeper, signal.SIGKILL)
        outsider.wait_for_more(5)
        eventually(lambda: keeper_of(tmp_path, workers_of(server)) not in (None, keeper))
        eventually(lambda: len(workers_of(server)) == WORKERS)
    outsider.judge(server)
    assert server.stop() == 0
