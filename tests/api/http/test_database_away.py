"""PostgreSQL that goes away while the API is used: what is asked meanwhile is told so, and all goes on by itself."""

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.http_ledger import EVENTS, STARTED, assert_problem, filled, made
from tests.postgresql import Server


@pytest.fixture(scope="module")
def backend() -> str:
    """These tests have databases of their own."""
    return "sqlite"


MORE = STARTED | {"kind": "progressed"}


@pytest.fixture
def own_server():
    server = Server()
    yield server
    server.stop()


def test_while_the_database_is_away_everybody_is_told_to_ask_again_and_nobody_what_it_is_called(own_server, tmp_path):
    services, tokens = made(tmp_path, database_url=own_server.url)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        ledger = filled(client, tokens)
        own_server.stop()
        for answer in (
            ledger.get("/v1/commitments/H-1"),
            ledger.get("/v1/reports/status"),
            ledger.get("/health/ready"),
            ledger.post(EVENTS, MORE | {"external_id": "x:8"}),
        ):
            assert_problem(answer, 503)
            assert "Retry-After" in answer.headers
            assert str(own_server.folder) not in answer.text
            assert "postgres" not in answer.text


def test_recording_and_reading_go_on_after_every_connection_was_ended(postgresql, tmp_path):
    with postgresql.migrated() as url:
        services, tokens = made(tmp_path, database_url=url)
        with TestClient(create_app(services), raise_server_exceptions=False) as client:
            ledger = filled(client, tokens)
            for number in range(3):
                postgresql.end_connections(url)
                answer = ledger.post(EVENTS, MORE | {"external_id": f"y:{number}"})
                assert answer.status_code == 201, answer.text
                postgresql.end_connections(url)
                assert ledger.get("/v1/commitments/H-1").status_code == 200
            positions = [each["position"] for each in ledger.get("/v1/events").json()["items"]]
            assert positions == list(range(1, len(positions) + 1))
