"""Servers that are killed in the middle, and servers that share one ledger."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx2
import pytest

from tests.serving import Server, made_ledger


@pytest.fixture(scope="module")
def backend() -> str:
    """tests/faults/test_postgresql.py kills servers on PostgreSQL."""
    return "sqlite"


COMMITMENTS = 10
pytestmark = pytest.mark.xdist_group("servers")


@contextmanager
def client_of(server: Server, token: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.address, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        yield client


def post(client: httpx2.Client, number: int) -> httpx2.Response:
    event = {
        "kind": "progressed", "occurred_on": "2024-03-01", "statement": f"Step {number}.", "external_id": f"n:{number}",
    }  # fmt: skip
    path = f"/v1/commitments/C-{number % COMMITMENTS}/events"
    return client.post(path, json=event, headers={"idempotency-key": f"key-{number}"})


def entries(client: httpx2.Client) -> list[dict[str, object]]:
    answer = client.get("/v1/events", headers={"accept": "application/x-ndjson"})
    return [httpx2.Response(200, content=line).json() for line in answer.iter_lines()]


@pytest.mark.parametrize("killed_after", [5, 40, 120])
def test_a_server_killed_among_two_hundred_posts_loses_nothing_that_it_acknowledged(
    tmp_path: Path, killed_after: int
) -> None:
    token = made_ledger(tmp_path, COMMITMENTS)
    server, acknowledged, enough = Server(tmp_path), dict[int, int](), Event()

    with client_of(server, token) as client, ThreadPoolExecutor(16) as threads:

        def attempt(number: int) -> None:
            try:
                answer = post(client, number)
            except httpx2.TransportError:
                return
            if answer.status_code == 201:
                acknowledged[number] = answer.json()["position"]
                if len(acknowledged) >= killed_after:
                    enough.set()

        done = [threads.submit(attempt, number) for number in range(200)]
        assert enough.wait(60)
        server.kill()
        for each in done:
            each.result()

    again = Server(tmp_path)
    try:
        with client_of(again, token) as client:
            found = entries(client)
            assert [entry["position"] for entry in found] == list(range(1, len(found) + 1))
            there = {
                entry["external_id"]: entry["position"] for entry in found if str(entry["external_id"]).startswith("n:")
            }
            assert len(there) == sum(str(entry["external_id"]).startswith("n:") for entry in found)
            assert {f"n:{number}": position for number, position in acknowledged.items()}.items() <= there.items()
            for number, position in list(acknowledged.items())[:20]:
                repeated = post(client, number)
                assert repeated.headers["idempotency-replayed"] == "true"
                assert repeated.json()["position"] == position
    finally:
        assert again.stop() == 0


@pytest.mark.parametrize("events", [400, pytest.param(2_000, marks=pytest.mark.soak)])
def test_two_servers_on_one_ledger_share_it_without_conflicts_or_gaps(tmp_path: Path, events: int) -> None:
    token = made_ledger(tmp_path, COMMITMENTS)
    servers = [Server(tmp_path), Server(tmp_path)]
    try:
        with (
            client_of(servers[0], token) as one,
            client_of(servers[1], token) as two,
            ThreadPoolExecutor(16) as threads,
        ):
            statuses = list(threads.map(lambda number: post((one, two)[number % 2], number).status_code, range(events)))
            assert statuses == [201] * events
            found = entries(one)
            assert [entry["position"] for entry in found] == list(range(1, len(found) + 1))
            assert len({entry["external_id"] for entry in found} & {f"n:{n}" for n in range(events)}) == events
            instants = [str(entry["recorded_at"]) for entry in found]
            assert instants == sorted(set(instants))
    finally:
        for server in servers:
            assert server.stop() == 0


def test_a_report_asked_for_by_many_at_once_with_one_key_is_issued_once(tmp_path: Path) -> None:
    token = made_ledger(tmp_path, COMMITMENTS)
    server = Server(tmp_path)
    try:
        with client_of(server, token) as client, ThreadPoolExecutor(8) as threads:
            key = {"idempotency-key": "once"}
            answers = list(
                threads.map(lambda _: client.post("/v1/reports", json={"as_of": "2024-06-30"}, headers=key), range(16))
            )
            assert [answer.status_code for answer in answers] == [201] * 16
            assert len({answer.json()["id"] for answer in answers}) == 1
            assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
            assert len(client.get("/v1/reports").json()["items"]) == 1
    finally:
        assert server.stop() == 0
