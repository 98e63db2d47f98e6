"""What others notice of an attack: times of their POSTs and GETs, with it and without it, turn by turn."""

import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.serving import Server, made_ledger

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
ATTACKERS = Path(__file__).with_name("attackers.py")
ROUNDS, EACH = int(os.environ.get("ROUNDS", "5")), int(os.environ.get("EACH", "100"))
_HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
_SETTLE_SECONDS = 2.0
# Each of them meets something at least once: guesses are refused, and connections opened or not let in.
WHAT_ATTACKERS_MEET = {"guess": {"401", "429"}, "dribble": {"opened"}, "idle": {"opened", "refused"}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    folder = tmp_path_factory.mktemp("attacked")
    token = made_ledger(folder, 20)
    server = Server(folder)
    yield server, token
    assert server.stop() == 0


class Other:
    """Somebody who records and reads, on a connection that is kept while they are at it."""

    def __init__(self, server: Server, token: str) -> None:
        self._port = server.port
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self.times: dict[str, list[float]] = {"POST": [], "GET": []}

    def work(self) -> None:
        """Record and read by turns."""
        event = {"kind": "progressed", "occurred_on": "2024-03-01", "statement": "On it goes, as was agreed."}
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            connection.connect()
            for number in range(EACH):
                path = f"/v1/commitments/C-{number % 20}"
                for method, where, body, status in (
                    ("POST", f"{path}/events", json.dumps(event), 201),
                    ("GET", path, None, 200),
                ):
                    began = time.perf_counter()
                    connection.request(method, where, body, self._headers)
                    answer = connection.getresponse()
                    told = answer.read()
                    self.times[method].append(time.perf_counter() - began)
                    assert answer.status == status
                    assert json.loads(told)["reference"] == f"C-{number % 20}"


@contextmanager
def attacked(name: str, server: Server, count: int) -> Iterator[None]:
    attacker = subprocess.Popen(
        [sys.executable, str(ATTACKERS), name, str(server.port), str(count)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert attacker.stdout is not None
        assert attacker.stdout.readline() == "begun\n"
        time.sleep(_SETTLE_SECONDS)
        files = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        yield
    finally:
        attacker.terminate()
        told = attacker.communicate(timeout=60)[0].strip()
    print(f"  {name} {count}: the server had {files} files open; the attackers say {told}")
    done = json.loads(told)
    assert set(done) <= WHAT_ATTACKERS_MEET[name]
    assert sum(done.values()) >= count


@pytest.mark.parametrize(
    ("name", "count"),
    [("guess", 16), ("guess", 200), ("dribble", 200), ("dribble", 1_000), ("idle", min(10_000, _HARD // 2))],
)
def test_what_others_notice(served: tuple[Server, str], name: str, count: int) -> None:
    server, token = served
    print()
    Other(server, token).work()  # what is slow the first time
    calm, stormy, ratios = Other(server, token), Other(server, token), dict[str, list[float]](POST=[], GET=[])
    for _ in range(ROUNDS):
        calm.work()
        with attacked(name, server, count):
            stormy.work()
        time.sleep(1)
        for method, found in ratios.items():
            medians = (statistics.median(other.times[method][-EACH:]) for other in (stormy, calm))
            found.append(next(medians) / next(medians))
    for method, found in ratios.items():
        (calm_50, calm_99), (stormy_50, stormy_99) = (_at(other.times[method], 50, 99) for other in (calm, stormy))
        print(
            f"{name} {count}, {method} of others: p50 {calm_50:.1f} ms without, {stormy_50:.1f} with; "
            f"p99 {calm_99:.1f} without, {stormy_99:.1f} with ({stormy_99 / calm_99:.2f} times); "
            f"median {statistics.median(found):.2f} times ({min(found):.2f} to {max(found):.2f} in {ROUNDS} rounds)"
        )


def _at(times: list[float], *percents: int) -> list[float]:
    found = statistics.quantiles(times, n=100)
    return [found[percent - 1] * 1_000 for percent in percents]
