"""A server that is asked to end finishes what it took on, and says goodbye with 0."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx2
import pytest

from tests.postgresql import new_database
from tests.serving import Server, made_ledger


@pytest.fixture(scope="module")
def backend() -> str:
    """How a server ends is up to its processes."""
    return "sqlite"


pytestmark = pytest.mark.xdist_group("servers")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path: Path) -> Iterator[str]:
    with new_database(request.param, request, tmp_path / "ledger.db") as empty:
        yield empty


def test_a_server_asked_to_end_keeps_everything_that_it_acknowledged_and_ends_with_0(url: str, tmp_path: Path) -> None:
    token = made_ledger(tmp_path, 10, database_url=url)
    headers = {"authorization": f"Bearer {token}"}
    server, acknowledged, many = Server(tmp_path, LEDGER_DATABASE_URL=url), dict[int, int](), Event()
    with (
        httpx2.Client(base_url=server.address, headers=headers, timeout=60) as client,
        ThreadPoolExecutor(16) as threads,
    ):

        def attempt(number: int) -> None:
            event = {"kind": "progressed", "occurred_on": "2024-03", "statement": "Step.", "external_id": f"n:{number}"}
            try:
                answer = client.post(f"/v1/commitments/C-{number % 10}/events", json=event)
            except httpx2.TransportError:
                return
            assert answer.status_code == 201, answer.text
            acknowledged[number] = answer.json()["position"]
            if len(acknowledged) >= 50:
                many.set()

        done = [threads.submit(attempt, number) for number in range(400)]
        assert many.wait(60)
        assert server.stop() == 0
        for each in done:
            each.result()
    assert 50 <= len(acknowledged) < 400

    again = Server(tmp_path, LEDGER_DATABASE_URL=url)
    try:
        feed = httpx2.get(f"{again.address}/v1/events", headers={**headers, "accept": "application/x-ndjson"})
        found = [httpx2.Response(200, content=line).json() for line in feed.text.splitlines()]
    finally:
        assert again.stop() == 0
    assert [entry["position"] for entry in found] == list(range(1, len(found) + 1))
    there = {entry["external_id"]: entry["position"] for entry in found}
    assert {f"n:{number}": position for number, position in acknowledged.items()}.items() <= there.items()
    unanswered = [name for name in there if name and name.startswith("n:") and int(name[2:]) not in acknowledged]
    assert len(unanswered) <= 16  # at most what every client still waited for
