"""Recording: what is answered, what is repeated, what was seen before."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from infrastructure.recording import writer
from tests.http_ledger import COMMITMENT, EVENTS, Ledger, assert_problem

_numbers = count()
EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}
ANSWER = {
    "reference", "version", "position", "kind", "occurred_on", "effective_on", "recorded_at", "recorded_by", "status",
    "receipt",
}  # fmt: skip


def announced(ledger: Ledger, **members: Any) -> str:
    """Announce one more commitment; give the address of its events."""
    reference = f"N-{next(_numbers)}"
    answer = ledger.post("/v1/commitments", {**COMMITMENT, "reference": reference, **members})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/commitments/{reference}"
    return f"/v1/commitments/{reference}/events"


def test_an_answer_says_what_was_recorded_and_where(ledger: Ledger) -> None:
    answer = ledger.post(EVENTS, EVENT)
    said = answer.json()
    assert set(said) == ANSWER
    assert said["effective_on"] == "2024-05-31"
    assert said["recorded_by"] == "the-recorder"
    assert said["status"] == "started"
    assert answer.headers["etag"] == f'"{said["version"]}"'
    assert answer.headers["ledger-position"] == str(said["position"])
    entry = ledger.get(answer.headers["location"]).json()
    assert entry["statement"] == "The first quay."
    assert (entry["position"], entry["version"]) == (said["position"], said["version"])


def test_recording_takes_no_query(ledger: Ledger) -> None:
    events = announced(ledger)
    for path, body in ((events, EVENT), ("/v1/commitments", {**COMMITMENT, "reference": "N-QUERY"})):
        assert_problem(ledger.post(f"{path}?four_eyes=false", body), 422, "four_eyes", "no parameters")
    assert ledger.get(events.removesuffix("/events")).json()["version"] == 1
    assert_problem(ledger.get("/v1/commitments/N-QUERY"), 404)


def test_the_whole_life_of_a_commitment_can_be_recorded(ledger: Ledger) -> None:
    evidence = [{"title": "Minutes", "grade": "B", "url": "https://example.org/m"}]
    life = [
        ({"kind": "slipped", "forecast": "2026-03-31", "cause": "Late cables."}, "recorder", "slipped"),
        ({"kind": "rebaselined", "due": "2026-06-30", "authority": "The council."}, "recorder", "announced"),
        ({"kind": "started"}, "recorder", "started"),
        ({"kind": "suspended", "cause": "A strike."}, "recorder", "suspended"),
        ({"kind": "resumed"}, "recorder", "started"),
        ({"kind": "reviewed", "rating": "limited", "independence": "peer"}, "reviewer", "reviewed"),
        ({"kind": "progressed", "quantity": "12.50", "unit": "km"}, "recorder", "reviewed"),
        ({"kind": "achieved", "evidence": evidence}, "recorder", "achieved"),
        ({"kind": "reopened", "cause": "A quay was left out."}, "recorder", "reviewed"),
        ({"kind": "abandoned", "formal": True}, "recorder", "abandoned"),
        ({"kind": "amended", "changes": {"title": "Shore power, mostly", "summary": None}}, "recorder", "abandoned"),
        ({"kind": "evidence_added", "entry": 2, "evidence": evidence}, "recorder", "abandoned"),
        ({"kind": "reopened"}, "recorder", "reviewed"),
        ({"kind": "superseded", "successors": ["H-1"]}, "recorder", "superseded"),
    ]
    events = announced(ledger)
    for event, role, status in life:
        answer = ledger.post(events, {"occurred_on": "2025-11-03", "statement": "So it went.", **event}, role=role)
        assert answer.status_code == 201, answer.text
        assert answer.json()["status"] == status
    found = ledger.get(events.removesuffix("/events")).json()
    assert found["slip_count"] == 1
    assert [target["due"] for target in found["targets"]] == ["2025-12-31", "2026-06-30"]
    assert found["targets"][1]["authority"] == "The council."
    assert found["title"] == "Shore power, mostly"


def test_a_version_that_was_overtaken_is_refused_and_a_current_one_is_not(ledger: Ledger) -> None:
    events = announced(ledger)
    started = {**EVENT, "kind": "started"}
    assert ledger.post(events, started, **{"if-match": '"1"'}).status_code == 201
    assert_problem(ledger.post(events, EVENT, **{"if-match": '"1"'}), 412, "the version is 2")
    assert ledger.post(events, EVENT, **{"if-match": '"1", "2"'}).status_code == 201
    assert ledger.post(events, EVENT, **{"if-match": "*"}).status_code == 201
    assert_problem(ledger.post(events, EVENT, **{"if-match": "nonsense"}), 412)


def test_a_repeated_request_gets_the_first_answer_and_records_nothing(ledger: Ledger) -> None:
    key = {"idempotency-key": f"k-{next(_numbers)}"}
    first = ledger.post(EVENTS, EVENT, **key)
    again = ledger.post(EVENTS, EVENT, **key)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert_problem(ledger.post(EVENTS, {**EVENT, "statement": "Another."}, **key), 422, "another body")
    elsewhere = announced(ledger)
    assert ledger.post(elsewhere, {**EVENT, "kind": "started"}, **key).json()["version"] == 2
    assert_problem(ledger.post(EVENTS, EVENT, **{"idempotency-key": "x" * 256}), 422, "ASCII")


def test_a_refused_request_is_not_remembered(ledger: Ledger) -> None:
    key = {"idempotency-key": f"k-{next(_numbers)}"}
    events = announced(ledger)
    assert_problem(ledger.post(events, EVENT, **key), 422, "started-before")
    assert ledger.post(events, {**EVENT, "kind": "started"}, **key).status_code == 201


def test_twenty_parallel_repetitions_record_one_entry(ledger: Ledger) -> None:
    key = {"idempotency-key": f"k-{next(_numbers)}"}
    before = ledger.head()
    with ThreadPoolExecutor(20) as threads:
        answers = [done.result() for done in [threads.submit(ledger.post, EVENTS, EVENT, **key) for _ in range(20)]]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["position"] for answer in answers}) == 1
    assert ledger.head() == before + 1


def test_an_answer_is_never_older_than_the_position_asked_for(ledger: Ledger) -> None:
    position = ledger.post(EVENTS, EVENT).json()["position"]
    answer = ledger.get("/v1/commitments/H-1", **{"ledger-at-least": str(position)})
    assert int(answer.headers["ledger-position"]) >= position
    assert_problem(ledger.get("/v1/commitments/H-1", **{"ledger-at-least": "999999"}), 422, "not reached")


@pytest.mark.parametrize("role", ["recorder", "administrator"])
def test_a_programme_is_amended_and_never_loses_a_partner(ledger: Ledger, role: str) -> None:
    events, code = "/v1/programmes/harbour/events", f"NEW-{next(_numbers)}"
    joins = {"kind": "programme_amended", "occurred_on": "2024-05-02", "statement": "One joins.",
             "add_partners": [{"code": code, "name": "New", "type": "body"}]}  # fmt: skip
    version = ledger.post(events, joins, role=role).json()["version"]
    assert_problem(ledger.post(events, joins, role=role), 422, "partner-new")
    takes_back = {"kind": "retracted", "entry": version, "reason": "It did not."}
    assert_problem(ledger.post(events, takes_back, role=role), 403, "four-eyes")
    assert_problem(ledger.post(events, takes_back, role="reviewer"), 422, "register-only-grows")
    assert code in {partner["code"] for partner in ledger.get("/v1/programmes/harbour").json()["partners"]}


def test_while_too_many_wait_to_be_recorded_a_request_is_told_when_to_come_again(ledger: Ledger, monkeypatch) -> None:
    events = announced(ledger)
    monkeypatch.setattr(writer, "LARGEST_QUEUE", 0)
    declined = ledger.post(events, {**EVENT, "kind": "started"})
    assert_problem(declined, 503, "wait to be recorded")
    assert declined.headers["retry-after"] == "1"
    monkeypatch.undo()
    assert ledger.post(events, {**EVENT, "kind": "started"}).json()["version"] == 2
