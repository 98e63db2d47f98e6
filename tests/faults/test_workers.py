"""Several workers of one host: one keeps the log; any may be killed, and all end when they are asked to."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from tests.outside import COMMITMENTS, Outsider
from tests.postgresql import new_database
from tests.serving import Server, made_ledger
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]
WORKERS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path: Path) -> Iterator[str]:
    with new_database(request.param, request, tmp_path / "ledger.db", tables=True) as url:
        yield url


@pytest.fixture
def outsider(url: str, tmp_path: Path) -> Outsider:
    return Outsider(made_ledger(tmp_path, COMMITMENTS, database_url=url))


@pytest.fixture
def server(url: str, tmp_path: Path, outsider: Outsider) -> Iterator[Server]:
    server = Server(tmp_path, workers=WORKERS, LEDGER_DATABASE_URL=url, LEDGER_PUBLIC_READ="true")
    yield server
    for pid in workers_of(server):
        tell(pid, signal.SIGKILL)
    server.kill()


def tell(pid: int, what: signal.Signals) -> None:
    """Send a signal to a process, if it has not ended yet."""
    with suppress(ProcessLookupError):
        os.kill(pid, what)


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


ONE_KIND = pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # what processes do with signals


class Owed:
    """A request that a worker has taken on and cannot answer yet: half of its body is still to come."""

    def __init__(self, server: Server, token: str, number: int) -> None:
        step = {"kind": "progressed", "occurred_on": "2024-03-01", "statement": "Step.", "external_id": f"o:{number}"}
        body = json.dumps(step).encode()
        head = (
            f"POST /v1/commitments/C-{number}/events HTTP/1.1\r\nhost: ledger\r\nexpect: 100-continue\r\n"
            f"authorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self.rest = body[10:]
        self.connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.connection.sendall(head.encode())
        # That it goes on says that the worker has begun with it.
        assert self.connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
        self.connection.sendall(body[:10])

    def answer(self) -> bytes:
        self.connection.sendall(self.rest)
        return self.connection.recv(100_000)

    def close(self) -> None:
        self.connection.close()


@ONE_KIND
def test_told_to_end_again_and_again_the_workers_answer_what_they_owe(server: Server, outsider: Outsider) -> None:
    with ExitStack() as at_the_end:
        owed = [at_the_end.enter_context(closing(Owed(server, outsider.token, n))) for n in range(COMMITMENTS)]
        told = [*workers_of(server), server.pid]
        for _ in range(3):  # as whoever ends all processes of a service does, and the one above its workers once more
            for pid in told:  # a worker that owes nothing may have ended by then
                tell(pid, signal.SIGTERM)
            time.sleep(0.3)
        assert {each.answer().split()[1] for each in owed} == {b"201"}
        assert server.stop() == 0


def handles_sigterm(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    handled = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(handled, 16) >> (signal.SIGTERM - 1) & 1)


@ONE_KIND
def test_a_worker_told_to_end_when_it_has_just_begun_ends(server: Server) -> None:
    def begun() -> list[int]:
        return [pid for pid in workers_of(server) if pid not in before]

    before = workers_of(server)
    os.kill(before[0], signal.SIGKILL)
    eventually(begun)
    (new,) = begun()
    while not handles_sigterm(new):  # from then on the signal does not end it by itself
        time.sleep(0.000_1)
    os.kill(new, signal.SIGTERM)
    eventually(lambda: new not in workers_of(server))
    eventually(lambda: len(workers_of(server)) == WORKERS)
    assert server.stop() == 0
