"""Erased text is gone, shows as erased everywhere, and leaves facts, figures and proofs as they were."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.http_ledger import COMMITMENT, EVENTS, ROLES, Ledger, assert_problem, filled, made, owns_a_prefix

BASIS = "Regulation (EU) 2018/1725, Article 19(1)(d)"
NAME = "Joséphine Untold"
SLIPPED: dict[str, Any] = {
    "kind": "slipped", "occurred_on": "2024-06-01", "statement": f"{NAME} was ill.", "cause": f"Illness of {NAME}",
    "evidence": [{"title": f"Letter of {NAME}", "url": "https://example.org/untold", "grade": "E"}],
    "forecast": "2026-03-01", "note": "Kept.",
}  # fmt: skip
READING = (
    "/v1/commitments/H-1", "/v1/commitments/H-1/history", "/v1/events", "/v1/reports/status",
    "/v1/reports/changes?from=2024-01-01", "/v1/reports/status?format=csv",
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        yield filled(client, tokens)


def erased(ledger: Ledger, position: int, *members: str, **headers: str) -> Any:
    body = {"members": list(members), "legal_basis": BASIS}
    return ledger.post(f"/v1/events/{position}/erasure", body, role="administrator", **headers)


def slipped(ledger: Ledger) -> int:
    return int(ledger.post(EVENTS, SLIPPED).json()["position"])


def everything_shown(ledger: Ledger) -> str:
    lines = ledger.get("/v1/events", accept="application/x-ndjson").text
    return "\n".join([lines, *(ledger.get(path).text for path in READING)])


def test_erased_texts_are_shown_nowhere_and_named_as_erased(ledger: Ledger) -> None:
    position = slipped(ledger)
    assert NAME in everything_shown(ledger)
    answer = erased(ledger, position, "statement", "cause", "evidence")
    assert answer.status_code == 201
    assert answer.json()["members"] == ["cause", "evidence", "statement"]
    assert answer.headers["location"] == f"/v1/events/{position + 1}"
    assert "ntold" not in everything_shown(ledger)
    entry = ledger.get(f"/v1/events/{position}").json()
    assert entry["erased"] == ["cause", "evidence", "statement"]
    assert (entry["statement"], entry["cause"], entry["note"]) == (None, None, "Kept.")
    assert (entry["evidence"][0]["title"], entry["evidence"][0]["grade"]) == (None, "E")
    assert entry["prose"]["statement"]["salt"] is None
    assert len(entry["prose"]["statement"]["sha256"]) == 64


def test_the_erasure_is_an_entry_that_says_what_and_why(ledger: Ledger) -> None:
    position = slipped(ledger)
    at = erased(ledger, position, "statement").json()["position"]
    entry = ledger.get(f"/v1/events/{at}").json()
    assert (entry["kind"], entry["reference"], entry["role"]) == ("erased", "ledger", "administrator")
    assert (entry["erased_position"], entry["members"], entry["legal_basis"]) == (position, ["statement"], BASIS)
    assert entry["position"] == at


def test_facts_figures_and_proofs_stand(ledger: Ledger) -> None:
    position = slipped(ledger)
    size = ledger.head()
    now = f"as_of=2024-12-31&log_size={size}"
    before = ledger.get(f"/v1/reports/status?{now}").json()
    entry = ledger.get(f"/v1/events/{position}").json()
    erased(ledger, position, "statement", "cause", "evidence", "note")
    after = ledger.get(f"/v1/reports/status?{now}").json()
    assert (after["digest"], after["log"], after["totals"]) == (before["digest"], before["log"], before["totals"])
    same = ledger.get(f"/v1/events/{position}").json()
    for member in ("leaf_hash", "forecast", "effective_on", "recorded_at"):
        assert same[member] == entry[member]
    assert {name: kept["sha256"] for name, kept in same["prose"].items()} == {
        name: kept["sha256"] for name, kept in entry["prose"].items()
    }


def test_what_a_correction_says_can_be_erased_too(ledger: Ledger) -> None:
    slipped(ledger)
    body = {
        "kind": "rectified", "entry": 5, "reason": f"{NAME} asked for it.",
        "changes": {"statement": f"{NAME} had an accident.", "occurred_on": "2024-06-02"},
    }  # fmt: skip
    corrected = ledger.post(EVENTS, body, role="reviewer").json()
    position = corrected["position"]
    register = ledger.get("/v1/reports/status").json()["corrections"][-1]
    assert NAME in register["reason"]
    erased(ledger, position, "reason", "changes")
    erased(ledger, position - 1, "statement", "cause", "evidence")
    assert "ntold" not in everything_shown(ledger)
    register = ledger.get("/v1/reports/status").json()["corrections"][-1]
    assert register["reason"] == "[erased]"
    assert register["entries"][0]["after"]["statement"] == "[erased]"
    assert register["entries"][0]["after"]["occurred_on"] == "2024-06-02"
    history = ledger.get("/v1/commitments/H-1/history").json()["items"]
    assert history[4]["reading"]["statement"] == "[erased]"
    assert history[4]["reading"]["occurred_on"] == "2024-06-02"
    assert history[5]["erased"] == ["changes", "reason"]


def test_texts_of_several_corrections_in_one_entry_are_erased_together(ledger: Ledger) -> None:
    position = slipped(ledger)
    corrections = [
        {"entry": 2, "changes": {"statement": f"Seen by {NAME}."}},
        {"entry": 5, "changes": {"note": f"Told by {NAME}."}},
    ]
    body = {"kind": "rectified", "corrections": corrections, "reason": "More is known."}
    assert ledger.post(EVENTS, body, role="reviewer").status_code == 201
    erased(ledger, position, "statement", "cause", "evidence")
    assert erased(ledger, position + 1, "corrections").status_code == 201
    assert "ntold" not in everything_shown(ledger)


def test_texts_of_internal_commitments_are_erased_like_others(ledger: Ledger) -> None:
    owns_a_prefix(ledger)
    ledger.post("/v1/commitments", {**COMMITMENT, "reference": "H-2", "visibility": "internal"})
    position = ledger.post("/v1/commitments/H-2/events", SLIPPED).json()["position"]
    assert erased(ledger, position, "statement", "cause", "evidence").status_code == 201
    assert ledger.get(f"/v1/events/{position}").json()["erased"] == ["cause", "evidence", "statement"]
    told = ledger.get(f"/v1/events/{ledger.head()}").json()
    assert (told["kind"], told["erased_position"]) == ("erased", position)
    erasure = f"/v1/events/{ledger.head()}"
    asked = {"actor": "guest", "role": "auditor", "programmes": ["harbour"]}
    guest = ledger.post("/v1/tokens", asked, role="administrator").json()["secret"]
    assert_problem(ledger.client.get(erasure, headers={"authorization": f"Bearer {guest}"}), 404)


@pytest.mark.parametrize("role", ROLES)
def test_only_an_administrator_erases(ledger: Ledger, role: str) -> None:
    position, before = slipped(ledger), ledger.head()
    answer = ledger.post(f"/v1/events/{position}/erasure", {"members": ["note"], "legal_basis": BASIS}, role=role)
    if role == "administrator":
        assert answer.status_code == 201
    else:
        assert_problem(answer, 403, role, "administrator")
        assert ledger.head() == before


def test_what_is_not_there_cannot_be_erased(ledger: Ledger) -> None:
    position = slipped(ledger)
    assert_problem(erased(ledger, 999, "statement"), 404, "999")
    assert_problem(erased(ledger, position, "authority"), 422, "/members/0", "cause | evidence | note | statement")
    assert_problem(erased(ledger, position, "cause", "title"), 422, "/members/1", "statement")
    assert_problem(erased(ledger, position), 422, "/members")
    assert_problem(erased(ledger, position, "cause", "cause"), 422, "twice")
    assert_problem(erased(ledger, 0, "cause"), 422)
    without_basis = ledger.post(f"/v1/events/{position}/erasure", {"members": ["cause"]}, role="administrator")
    assert_problem(without_basis, 422, "/legal_basis")
    assert ledger.get(f"/v1/events/{position}").json()["erased"] == []


def test_nothing_is_erased_twice_but_the_rest_can_be(ledger: Ledger) -> None:
    position = slipped(ledger)
    assert erased(ledger, position, "cause").status_code == 201
    size = ledger.head()
    assert_problem(erased(ledger, position, "cause", "note"), 422, "erased-once", "evidence | note | statement")
    assert ledger.head() == size
    assert erased(ledger, position, "note").status_code == 201
    assert ledger.get(f"/v1/events/{position}").json()["erased"] == ["cause", "note"]


def test_a_repeated_request_erases_once(ledger: Ledger) -> None:
    position = slipped(ledger)
    first = erased(ledger, position, "cause", **{"idempotency-key": "e-1"})
    again = erased(ledger, position, "cause", **{"idempotency-key": "e-1"})
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


def test_what_is_remembered_for_repeated_requests_holds_no_text(ledger: Ledger, tmp_path: Path) -> None:
    answer = ledger.post(EVENTS, SLIPPED, **{"idempotency-key": "s-1"})
    assert "ntold" not in json.dumps(answer.json())
    assert erased(ledger, answer.json()["position"], "statement", "cause", "evidence").status_code == 201
    for path in tmp_path.rglob("ledger.db*"):
        assert b"ntold" not in path.read_bytes(), path


def test_a_later_repetition_of_the_original_request_brings_nothing_back(ledger: Ledger) -> None:
    first = ledger.post(EVENTS, SLIPPED, **{"idempotency-key": "s-1"}).json()
    erased(ledger, first["position"], "statement", "cause", "evidence")
    again = ledger.post(EVENTS, SLIPPED, **{"idempotency-key": "s-1"})
    assert again.json() == first
    assert "ntold" not in everything_shown(ledger)
