"""Questions that a replica answers: never from an older state than the caller has seen, never with a no of its own."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from application.access import Caller
from application.recording import Request, record_event
from infrastructure.settings import Settings
from infrastructure.wiring import NotReadyError, Services, build
from tests.http_ledger import EVENTS, Ledger, assert_problem, filled, made
from tests.standby import Pair, primary_and_standby
from tests.stores import published


@pytest.fixture(scope="module")
def backend() -> str:
    """These tests have databases of their own."""
    return "sqlite"


pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replica")]
STATE = "/v1/commitments/H-1"


class Replicated(Ledger):
    """A ledger whose questions go to a replica, and another process that records without this one's knowledge."""

    pair: Pair
    services: Services
    elsewhere: Services

    def record_elsewhere(self) -> int:
        body = {"kind": "progressed", "occurred_on": "2024-06", "statement": "Work went on."}
        command = record_event(Request(Caller("somebody", "recorder"), body), "H-1", four_eyes=True)
        return int(self.elsewhere.record(command)["position"])

    def position(self, path: str = STATE, **headers: str) -> int:
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        return int(answer.headers["ledger-position"])


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with primary_and_standby() as pair:
        yield pair


@pytest.fixture(scope="module")
def served(pair: Pair, tmp_path_factory) -> Iterator[Replicated]:
    urls = {"database_url": pair.primary, "read_database_url": pair.standby}
    folder = tmp_path_factory.mktemp("ledger")
    services, tokens = made(folder, **urls, replica_wait_seconds=1, public_read=True)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        ledger = Replicated(client, filled(client, tokens).tokens)
        ledger.pair, ledger.services = pair, services
        ledger.elsewhere = build(Settings(data_dir=folder, database_url=pair.primary, log_level="error"))
        yield ledger
        ledger.elsewhere.close()


@pytest.fixture
def ledger(served: Replicated) -> Iterator[Replicated]:
    """The replica is level with the primary, then stands still."""
    served.pair.wait_until_level()
    served.position(**{"ledger-at-least": str(served.head())})
    served.pair.pause()
    yield served
    served.pair.resume()


def test_the_replica_answers_whoever_has_seen_nothing(ledger: Replicated) -> None:
    before = ledger.head()
    ledger.record_elsewhere()
    assert ledger.position() == before
    assert ledger.client.get("/health/ready").json()["replica"] == {"position": before}


def test_whoever_says_what_they_have_seen_is_never_answered_from_an_older_state(ledger: Replicated) -> None:
    for _ in range(3):
        seen = ledger.record_elsewhere()
        assert ledger.position(**{"ledger-at-least": str(seen)}) >= seen


def test_the_replica_is_waited_for_a_while(ledger: Replicated) -> None:
    seen = ledger.record_elsewhere()
    threading.Timer(0.1, ledger.pair.resume).start()
    assert ledger.position(**{"ledger-at-least": str(seen)}) >= seen
    replica = ledger.services.replica
    assert replica is not None
    assert replica.position >= seen or replica.patience == 0


def test_whoever_records_reads_it_at_once_from_the_same_process(ledger: Replicated) -> None:
    recorded = ledger.post(EVENTS, {"kind": "progressed", "occurred_on": "2024-07", "statement": "Half is done."})
    assert recorded.status_code == 201
    assert ledger.position() >= recorded.json()["position"]
    assert ledger.get(STATE).json()["version"] == recorded.json()["version"]


def test_what_the_replica_does_not_know_the_primary_is_asked(ledger: Replicated) -> None:
    seen = ledger.record_elsewhere()
    assert ledger.get(f"/v1/events/{seen}").json()["position"] == seen
    assert ledger.get(f"{STATE}?log_size={seen}").json()["log_size"] == seen
    assert_problem(ledger.get("/v1/events/999999"), 404)
    assert_problem(ledger.get(f"{STATE}?log_size=999999"), 422)


def test_what_was_known_at_an_instant_does_not_depend_on_who_answers(ledger: Replicated) -> None:
    ledger.record_elsewhere()
    known_at = ledger.elsewhere.now().isoformat().replace("+00:00", "Z")
    first = ledger.get(f"{STATE}?known_at={known_at}").json()
    ledger.pair.resume()
    ledger.pair.wait_until_level()
    assert ledger.get(f"{STATE}?known_at={known_at}").json() == first


def test_a_stream_goes_as_far_as_it_was_asked_to(ledger: Replicated) -> None:
    seen = ledger.record_elsewhere()
    answer = ledger.get("/v1/events", accept="application/x-ndjson", **{"ledger-at-least": str(seen)})
    positions = [json.loads(line)["position"] for line in answer.text.splitlines()]
    assert positions == list(range(1, seen + 1))


def test_more_than_the_primary_has_is_refused(ledger: Replicated) -> None:
    assert_problem(ledger.get(STATE, **{"ledger-at-least": "999999"}), 422, "Ledger-At-Least", "999999 is not reached")


def test_a_token_that_is_revoked_is_refused_at_once(ledger: Replicated) -> None:
    secret = ledger.elsewhere.create_token("somebody-else", "auditor", "local")
    asking = {"authorization": f"Bearer {secret}"}
    assert ledger.client.get(STATE, headers=asking).status_code == 200
    (token,) = (each.id for each in ledger.elsewhere.tokens() if each.actor == "somebody-else")
    ledger.elsewhere.revoke_token(token, "local")
    assert_problem(ledger.client.get(STATE, headers=asking), 401)


def test_another_ledger_is_no_replica(ledger: Replicated, tmp_path: Path) -> None:
    other = build(Settings(data_dir=tmp_path, log_level="error"))
    other.migrate()
    other.record(published())
    other.close()
    wrong = f"sqlite:///{tmp_path / 'ledger.db'}"
    url = str(ledger.services.settings.database_url)
    services = build(ledger.services.settings.model_copy(update={"read_database_url": wrong, "database_url": url}))
    with pytest.raises(NotReadyError, match="another ledger"):
        services.ready()
    services.close()


def test_without_the_replica_the_primary_answers_and_without_the_primary_the_replica_what_it_knows(
    tmp_path: Path,
) -> None:
    with primary_and_standby() as pair:
        urls = {"database_url": pair.primary, "read_database_url": pair.standby}
        services, tokens = made(tmp_path, **urls, replica_wait_seconds=0, public_read=True)
        with TestClient(create_app(services), raise_server_exceptions=False) as client:
            filled(client, tokens)
            pair.wait_until_level()
            position = int(client.get(STATE).headers["ledger-position"])
            primary, standby = pair.servers
            primary.stop()
            assert int(client.get(STATE).headers["ledger-position"]) == position
            for asked in (
                client.get(STATE, headers={"ledger-at-least": str(position + 1)}),
                client.get("/v1/commitments/H-9"),
                client.get(STATE, headers={"authorization": f"Bearer {tokens['auditor']}"}),
            ):
                assert_problem(asked, 503)
                assert asked.headers["retry-after"]
            standby.stop()
            assert_problem(client.get(STATE), 503)
