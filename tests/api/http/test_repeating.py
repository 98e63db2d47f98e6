"""An Idempotency-Key stands for one request of one actor to one address, as long as the answer is remembered."""

from pathlib import Path

from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.settings import Settings
from infrastructure.wiring import build
from tests.http_ledger import COMMITMENT, EVENTS, PROGRAMME, Ledger, assert_problem, filled, made

EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}
AMENDED = {
    "kind": "programme_amended",
    "occurred_on": "2024-05",
    "statement": "Said.",
    "changes": {"publisher": "City"},
}
KEY = {"idempotency-key": "the-one-key"}


def test_an_answer_is_remembered_after_a_restart(tmp_path: Path) -> None:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        first = filled(client, tokens).post(EVENTS, EVENT, **KEY)
    with TestClient(create_app(build(Settings(data_dir=tmp_path, log_level="error")))) as client:
        ledger = Ledger(client, tokens)
        head = ledger.head()
        again = ledger.post(EVENTS, EVENT, **KEY)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
        assert again.headers["etag"] == first.headers["etag"]
        assert_problem(ledger.post(EVENTS, {**EVENT, "note": "More."}, **KEY), 422, "another body")
        assert ledger.head() == head


def test_one_key_means_something_else_for_each_actor_and_each_address(ledger: Ledger) -> None:
    requests = [
        ("/v1/programmes", {**PROGRAMME, "code": "keyed"}, "recorder"),
        ("/v1/programmes/harbour/events", AMENDED, "recorder"),
        ("/v1/programmes/harbour/events", AMENDED, "administrator"),
        ("/v1/commitments", {**COMMITMENT, "reference": "K-1"}, "recorder"),
        (EVENTS, EVENT, "recorder"),
        (EVENTS, {**EVENT, "kind": "reviewed", "rating": "full", "independence": "peer"}, "reviewer"),
    ]
    before = ledger.head()
    answers = [ledger.post(path, body, role=role, **KEY) for path, body, role in requests]
    assert [answer.status_code for answer in answers] == [201] * len(requests)
    assert [answer.json()["position"] for answer in answers] == list(range(before + 1, before + 1 + len(requests)))
    for first, (path, body, role) in zip(answers, requests, strict=True):
        again = ledger.post(path, body, role=role, **KEY)
        assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
        assert again.headers["idempotency-replayed"] == "true"
    assert ledger.head() == before + len(requests)


def test_the_same_facts_in_another_spelling_are_the_same_body(ledger: Ledger) -> None:
    key = {"idempotency-key": "spelling"}
    first = ledger.post(EVENTS, b'{"kind":"progressed","occurred_on":"2024-05","statement":"\\u00e9"}', **key)
    again = ledger.post(EVENTS, '{"statement": "é", "occurred_on": "2024-05", "kind": "progressed"}'.encode(), **key)
    assert again.json() == first.json()


def test_a_key_is_no_way_around_a_right_that_was_lost(tmp_path: Path) -> None:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        assert ledger.post(EVENTS, EVENT, **KEY).status_code == 201
        recorder = next(token for token in services.tokens() if token.role == "recorder")
        services.revoke_token(recorder.id, "local")
        tokens["auditor-now"] = services.create_token(recorder.actor, "auditor", "local")
        assert_problem(ledger.post(EVENTS, EVENT, **KEY), 401)
        assert_problem(ledger.post(EVENTS, EVENT, role="auditor-now", **KEY), 403)
