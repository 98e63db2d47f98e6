"""The register of actors and the roles they hold; who may not judge what; and names that go for good."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.wiring import Services
from tests.http_ledger import COMMITMENT, EVENTS, PROGRAMME, assert_problem, filled, made

NAME = "Philippa Featherstonehaugh"
LED = {**COMMITMENT, "reference": "H-2", "lead": "PORT"}
REVIEWS = "/v1/commitments/H-2/events"
REVIEW = {"kind": "reviewed", "occurred_on": "2024-05", "statement": "Seen.", "rating": "full", "independence": "peer"}


class Harbour:
    def __init__(self, services: Services, client: TestClient, tokens: dict[str, str]) -> None:
        self.services, self.client = services, client
        self.ledger = filled(client, tokens)
        assert self.ledger.post("/v1/commitments", LED).is_success

    def done(self, path: str, body: object, role: str = "administrator") -> dict[str, Any]:
        answer = self.ledger.post(path, body, role=role)
        assert answer.status_code == 201, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def reviewer(self, actor: str, organisation: str | None) -> dict[str, str]:
        """Register a reviewer; give the headers to act as such."""
        self.done("/v1/actors", {"id": actor, "organisation": organisation})
        secret = self.done("/v1/tokens", {"actor": actor, "role": "reviewer"})["secret"]
        return {"authorization": f"Bearer {secret}"}

    def review(self, headers: dict[str, str], body: dict[str, Any]) -> Any:
        return self.client.post(REVIEWS, json=body, headers=headers)


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[Harbour]:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        yield Harbour(services, client, tokens)


def test_nobody_reviews_what_their_own_organisation_leads_unless_the_review_says_so(harbour: Harbour) -> None:
    own, other = harbour.reviewer("port-judge", "PORT"), harbour.reviewer("city-judge", "CITY")
    for independence in ("parent_body", "peer", "independent"):
        refused = harbour.review(own, REVIEW | {"independence": independence})
        assert_problem(refused, 403, "PORT leads this commitment", "independence self")
        assert harbour.review(other, REVIEW | {"independence": independence}).status_code == 201
    assert harbour.review(own, REVIEW | {"independence": "self"}).status_code == 201
    # What PORT does not lead, its people review.
    assert harbour.client.post(EVENTS, json=REVIEW, headers=own).status_code == 201


def test_nobody_changes_how_others_judged_what_their_own_organisation_leads(harbour: Harbour) -> None:
    own, other = harbour.reviewer("port-judge", "PORT"), harbour.reviewer("city-judge", "CITY")
    third = harbour.reviewer("port-clerk", "PORT")
    by_others = harbour.review(other, REVIEW | {"rating": "not_met"}).json()["version"]
    of_own = harbour.review(own, REVIEW | {"independence": "self"}).json()["version"]
    retracted = {"kind": "retracted", "entry": by_others, "reason": "We see it otherwise."}
    assert_problem(harbour.review(own, retracted), 403, "PORT leads")
    better = {"kind": "rectified", "entry": by_others, "changes": {"rating": "full"}, "reason": "It was full."}
    assert_problem(harbour.review(own, better), 403, "PORT leads")
    passing = {"kind": "rectified", "entry": of_own, "changes": {"independence": "peer"}, "reason": "It was a peer."}
    assert_problem(harbour.review(third, passing), 403, "PORT leads")
    many = {"kind": "rectified", "reason": "Both.", "corrections": [
        {"entry": of_own, "changes": {"rating": "limited"}}, {"entry": by_others, "changes": {"rating": "full"}},
    ]}  # fmt: skip
    assert_problem(harbour.review(third, many), 403, "PORT leads")
    modest = {"kind": "rectified", "entry": of_own, "changes": {"rating": "limited"}, "reason": "It was limited."}
    assert harbour.review(third, modest).status_code == 201
    assert harbour.review(harbour.reviewer("city-clerk", "CITY"), retracted).status_code == 201


def test_the_register_is_for_auditors_and_administrators_and_the_only_place_of_names(harbour: Harbour) -> None:
    answer = harbour.done("/v1/actors", {"id": "clerk-7", "name": NAME, "organisation": "PORT"})
    assert NAME not in json.dumps(answer)
    for role in ("auditor", "administrator"):
        headers = {"authorization": f"Bearer {harbour.ledger.tokens[role]}"}
        (listed,) = harbour.client.get("/v1/actors", headers=headers).json()["items"]
        assert (listed["id"], listed["name"], listed["organisation"]) == ("clerk-7", NAME, "PORT")
    for path in ("/v1/events?limit=500", "/v1/reports/status", "/v1/tokens", "/v1/roles"):
        assert NAME not in harbour.ledger.get(path).text
    entry = harbour.ledger.get(f"/v1/events/{answer['position']}").json()
    assert (entry["kind"], entry["actor"], entry["organisation"]) == ("actor_registered", "clerk-7", "PORT")


@pytest.mark.only("sqlite", "PostgreSQL keeps what was deleted until VACUUM")
def test_an_erased_name_is_in_no_file_any_more(harbour: Harbour, tmp_path: Path) -> None:
    key = {"idempotency-key": "register-once"}
    person = {"id": "clerk-7", "name": NAME, "organisation": "PORT"}
    assert harbour.ledger.post("/v1/actors", person, role="administrator", **key).is_success
    assert NAME.encode() in b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*"))
    harbour.done("/v1/actors", person | {"name": "P. Featherstonehaugh"})
    erased = harbour.done("/v1/actors/clerk-7/erasure", {"legal_basis": "Article 17"})
    assert (erased["kind"], erased["erased_actor"], erased["legal_basis"]) == ("erased", "clerk-7", "Article 17")
    (listed,) = harbour.ledger.get("/v1/actors").json()["items"]
    assert (listed["id"], listed["name"], listed["organisation"]) == ("clerk-7", None, "PORT")
    assert listed["erased_at"] == erased["recorded_at"]
    for path in (each for each in tmp_path.rglob("*") if each.is_file()):
        assert b"Featherstonehaugh" not in path.read_bytes(), path
    assert_problem(harbour.ledger.post("/v1/actors/nobody-1/erasure", {}, role="administrator"), 404, "nobody-1")


def test_a_revoked_role_takes_its_tokens_with_it_for_good(harbour: Harbour) -> None:
    tokens = [harbour.done("/v1/tokens", {"actor": "clerk-7", "role": "recorder"}) for _ in range(2)]
    auditor = harbour.done("/v1/tokens", {"actor": "clerk-7", "role": "auditor"})
    revoked = harbour.done("/v1/roles/clerk-7/recorder/revocation", {})
    assert sorted(revoked["revoked_tokens"]) == sorted(each["id"] for each in tokens)
    harbour.done("/v1/roles", {"actor": "clerk-7", "role": "recorder"})
    for token in tokens:
        answer = harbour.client.get("/v1/commitments", headers={"authorization": f"Bearer {token['secret']}"})
        assert_problem(answer, 401, "revoked")
    answer = harbour.client.get("/v1/commitments", headers={"authorization": f"Bearer {auditor['secret']}"})
    assert answer.status_code == 200
    listed = {each["id"]: each["revoked_at"] for each in harbour.ledger.get("/v1/tokens").json()["items"]}
    assert [bool(listed[each["id"]]) for each in (*tokens, auditor)] == [True, True, False]
    assert_problem(harbour.ledger.post("/v1/roles/clerk-7/reviewer/revocation", {}, role="administrator"), 404)
    assert_problem(harbour.ledger.post("/v1/roles/clerk-7/boss/revocation", {}, role="administrator"), 422, "recorder")


def test_a_role_is_narrowed_for_the_tokens_that_are_there(harbour: Harbour) -> None:
    harbour.done("/v1/programmes", {**PROGRAMME, "code": "airport"}, "recorder")
    secret = harbour.done("/v1/tokens", {"actor": "clerk-7", "role": "recorder"})["secret"]
    headers = {"authorization": f"Bearer {secret}"}
    third = {**COMMITMENT, "reference": "H-3"}
    assert harbour.client.post("/v1/commitments", json=third, headers=headers).status_code == 201
    harbour.done("/v1/roles", {"actor": "clerk-7", "role": "recorder", "programmes": ["airport"]})
    fourth = {**COMMITMENT, "reference": "H-4"}
    assert_problem(harbour.client.post("/v1/commitments", json=fourth, headers=headers), 403, "airport", "harbour")
    held = {each["actor"]: each["programmes"] for each in harbour.ledger.get("/v1/roles").json()["items"]}
    assert held["clerk-7"] == ["airport"]
    again = harbour.ledger.post(
        "/v1/roles", {"actor": "clerk-7", "role": "recorder", "programmes": ["airport"]}, role="administrator"
    )
    assert_problem(again, 422, "granted-once")


def test_an_entry_about_rights_in_an_internal_programme_is_shown_to_those_who_see_everything(harbour: Harbour) -> None:
    harbour.done(
        "/v1/programmes",
        {**PROGRAMME, "code": "secret-plan", "visibility": "internal", "reference_prefix": "SECRET-"},
        "recorder",
    )
    made = harbour.done("/v1/tokens", {"actor": "clerk-7", "role": "recorder", "programmes": ["secret-plan"]})
    headers = {"authorization": f"Bearer {made['secret']}"}
    for position in (made["position"], made["position"] - 1):
        assert harbour.ledger.get(f"/v1/events/{position}").json()["programmes"] == ["secret-plan"]
        assert harbour.client.get(f"/v1/events/{position}", headers=headers).status_code == 404
