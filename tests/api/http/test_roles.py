"""Who may do what, each cell both ways; and what is not public stays unseen."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.http_ledger import COMMITMENT, EVENTS, PROGRAMME, ROLES, Ledger, assert_problem, filled, made, owns_a_prefix

EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}
REVIEW = {**EVENT, "kind": "reviewed", "rating": "full", "independence": "peer"}
JOINS = {"kind": "programme_amended", "occurred_on": "2024-05", "statement": "More.", "changes": {"publisher": "City"}}
MAY: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "publish": ("/v1/programmes", {**PROGRAMME, "code": "another"}, {"recorder", "administrator"}),
    "amend": ("/v1/programmes/harbour/events", JOINS, {"recorder", "administrator"}),
    "announce": ("/v1/commitments", {**COMMITMENT, "reference": "R-1"}, {"recorder"}),
    "record": (EVENTS, EVENT, {"recorder"}),
    "review": (EVENTS, REVIEW, {"reviewer"}),
    "issue": ("/v1/reports", {}, {"recorder", "reviewer", "administrator"}),
}
READING = (
    "/v1/programmes", "/v1/programmes/harbour", "/v1/programmes/harbour/history", "/v1/partners", "/v1/commitments",
    "/v1/commitments/H-1", "/v1/commitments/H-1/history", "/v1/events", "/v1/events/6", "/v1/reports/status",
    "/v1/reports/changes?from=2024-01-01", "/v1/reports", "/v1/reports/check", "/metrics",
)  # fmt: skip
OPEN = ("/health/live", "/health/ready", "/docs", "/openapi.json", "/schemas/catalogue.json", "/problems/refused")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("deed", MAY)
def test_each_role_may_do_its_own_and_nothing_else(ledger: Ledger, role: str, deed: str) -> None:
    path, body, roles = MAY[deed]
    unique = (
        {"code": f"prog-{role}"}
        if deed == "publish"
        else {"reference": f"R-{role.upper()}"}
        if deed == "announce"
        else {}
    )
    before = ledger.head()
    answer = ledger.post(path, {**body, **unique}, role=role)
    if role in roles:
        assert answer.status_code == 201, answer.text
    else:
        assert_problem(answer, 403, role, *roles)
        assert ledger.head() == before


@pytest.mark.parametrize("path", READING)
def test_reading_needs_a_token_of_any_role(ledger: Ledger, path: str) -> None:
    assert_problem(ledger.client.get(path), 401, "token")
    for role in ROLES:
        answer = ledger.client.get(path, headers={"authorization": f"Bearer {ledger.tokens[role]}"})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", OPEN)
def test_what_says_nothing_of_the_ledger_needs_no_token(ledger: Ledger, path: str) -> None:
    assert ledger.client.get(path).status_code == 200


def test_nobody_corrects_an_entry_of_their_own_but_others_do(ledger: Ledger) -> None:
    review = ledger.post(EVENTS, REVIEW, role="reviewer").json()["version"]
    event = ledger.post(EVENTS, EVENT).json()["version"]
    changes = {"kind": "rectified", "changes": {"note": "Seen again."}, "reason": "A note was missing."}
    assert_problem(ledger.post(EVENTS, {**changes, "entry": event}), 403, "four-eyes")
    assert_problem(ledger.post(EVENTS, {**changes, "entry": review}, role="reviewer"), 403, "four-eyes")
    assert_problem(ledger.post(EVENTS, {**changes, "entry": review}), 403, "reviews")
    assert_problem(ledger.post(EVENTS, {**changes, "entry": event}, role="auditor"), 403, "auditor")
    assert ledger.post(EVENTS, {**changes, "entry": event}, role="reviewer").status_code == 201


def test_without_four_eyes_an_own_entry_can_be_corrected(tmp_path: Path) -> None:
    services, tokens = made(tmp_path, four_eyes=False)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        assert ledger.post(EVENTS, {"kind": "retracted", "entry": 2, "reason": "My mistake."}).status_code == 201


def test_a_revoked_token_is_good_for_nothing(tmp_path: Path) -> None:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        auditor = next(token for token in services.tokens() if token.role == "auditor")
        services.revoke_token(auditor.id, "local")
        assert_problem(ledger.get("/v1/commitments"), 401, "revoked")


def test_what_is_internal_is_nowhere_to_be_seen_without_a_token(tmp_path: Path) -> None:
    services, tokens = made(tmp_path, public_read=True)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        public = {path: client.get(path).json() for path in ("/v1/commitments", "/v1/programmes", "/v1/partners")}
        ledger.post(
            "/v1/programmes",
            {**PROGRAMME, "code": "secret-plan", "visibility": "internal", "reference_prefix": "SECRET-"},
        )
        ledger.post("/v1/commitments", {**COMMITMENT, "programme": "secret-plan", "reference": "SECRET-1"})
        relation = [{"type": "depends_on", "reference": "H-1"}]
        owns_a_prefix(ledger)
        secret = {**COMMITMENT, "reference": "H-SECRET", "visibility": "internal", "relations": relation}
        assert ledger.post("/v1/commitments", secret).status_code == 201
        unseen = client.get("/v1/commitments/NOTHING").text
        for reference in ("SECRET-1", "H-SECRET"):
            for path in (f"/v1/commitments/{reference}", f"/v1/commitments/{reference}/history"):
                assert client.get(path).text == unseen.replace("NOTHING", reference)
                assert ledger.get(path).status_code == 200
        for path in READING[:-1]:
            answer = client.get(path)
            assert "secret" not in answer.text.lower(), path
            assert answer.status_code == 200
        lines = client.get("/v1/events", headers={"accept": "application/x-ndjson"}).text
        assert "secret" not in lines.lower()
        assert public["/v1/partners"]["items"] == client.get("/v1/partners").json()["items"]
        assert_problem(client.get("/v1/reports/status?visibility=all"), 403)
        everything = ledger.get("/v1/reports/status?visibility=all").json()
        assert everything["totals"]["commitments"] == 3
        assert everything["filters"]["visibility"] == "all"
        assert ledger.get("/v1/reports/status").json()["totals"]["commitments"] == 1
        assert client.get("/v1/reports/status").json()["totals"]["commitments"] == 1
