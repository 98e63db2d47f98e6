"""After something was corrected: which issued reports would read differently today, where, and what made it so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.wiring import FORMATS
from tests.http_ledger import COMMITMENT, EVENTS, PROGRAMME, Ledger, assert_problem, filled, made, owns_a_prefix

SLIPPED = {"kind": "slipped", "occurred_on": "2024-09-01", "statement": "The cables come late."}
CORRECTION = {"kind": "rectified", "entry": 2, "changes": {"occurred_on": "2024-09"}, "reason": "The minutes say so."}
EVIDENCE = [{"title": "Minutes", "grade": "B"}]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    services, tokens = made(tmp_path, public_read=True)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        ledger = filled(client, tokens)
        other = {**COMMITMENT, "reference": "H-2", "title": "A second quay"}
        assert ledger.post("/v1/commitments", other).status_code == 201
        yield ledger


def issued(ledger: Ledger, **parameters: Any) -> str:
    answer = ledger.post("/v1/reports", parameters)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["address"])


def recorded(ledger: Ledger, body: dict[str, Any], path: str = EVENTS, role: str = "recorder") -> int:
    answer = ledger.post(path, body, role=role)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["position"])


def check(ledger: Ledger, address: str, query: str = "") -> dict[str, Any]:
    answer = ledger.get(f"{address}/check{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def places(found: list[dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    return {each["at"]: (each["before"], each["after"]) for each in found}


def test_a_report_that_nothing_was_recorded_after_reads_as_issued(ledger: Ledger) -> None:
    found = check(ledger, issued(ledger, as_of="2024-06-30"))
    assert (found["reproducible"], found["reads_differently"], found["fault"]) == (True, False, None)
    assert found["now"]["digest"] == found["digest"]
    assert set(found["counts"].values()) == {0}


def test_a_correction_tells_where_an_issued_report_would_read_differently_and_the_report_stays(ledger: Ledger) -> None:
    address = issued(ledger, as_of="2024-06-30")
    before = {form: ledger.get(f"{address}?format={form}").content for form in FORMATS}
    correction = recorded(ledger, CORRECTION, role="reviewer")

    found = check(ledger, address)
    assert (found["reproducible"], found["reads_differently"]) == (True, True)
    (row,) = found["commitments"]
    assert (row["reference"], row["title"]) == ("H-1", "Shore power")
    assert (row["before"]["status"], row["after"]["status"]) == ("started", "announced")
    assert (row["before"]["last_activity_on"], row["after"]["last_activity_on"]) == ("2024-03-31", None)
    figures = places(found["figures"])
    assert figures["headline/by_status/started"] == (1, 0)
    assert figures["totals/by_status/announced"] == (1, 2)
    assert figures["status_over_time/points/2024-03-31/all/started"] == (1, 0)
    (made_it_so,) = found["corrections"]
    assert (made_it_so["position"], made_it_so["kind"], made_it_so["reference"]) == (correction, "rectified", "H-1")
    assert (made_it_so["recorded_by"], made_it_so["reason"]) == ("the-reviewer", "The minutes say so.")
    assert made_it_so["entries"][0]["before"]["occurred_on"] == "2024-03"
    assert made_it_so["entries"][0]["after"]["occurred_on"] == "2024-09"
    assert found["entries"] == []
    today = ledger.get("/v1/reports/status?as_of=2024-06-30").json()
    assert found["now"]["digest"] == today["digest"] != found["digest"]

    assert {form: ledger.get(f"{address}?format={form}").content for form in FORMATS} == before


def test_what_was_recorded_late_is_named_and_what_happened_after_the_day_of_the_report_is_not(ledger: Ledger) -> None:
    early, late = issued(ledger, as_of="2024-06-30"), issued(ledger, as_of="2024-12-31")
    position = recorded(ledger, SLIPPED)
    assert check(ledger, early)["reads_differently"] is False
    found = check(ledger, late)
    assert [(each["position"], each["kind"]) for each in found["entries"]] == [(position, "slipped")]
    assert found["entries"][0]["statement"] == "The cables come late."
    assert found["corrections"] == []
    assert places(found["lists"])["lists/slipped/H-1"][0] is None


def test_a_correction_that_changes_texts_only_makes_no_report_read_differently(ledger: Ledger) -> None:
    address = issued(ledger, as_of="2024-06-30")
    recorded(ledger, {**CORRECTION, "changes": {"statement": "Work really began."}}, role="reviewer")
    assert check(ledger, address)["reads_differently"] is False


def test_a_correction_that_was_taken_back_makes_nothing_read_differently(ledger: Ledger) -> None:
    address = issued(ledger, as_of="2024-06-30")
    correction = recorded(ledger, CORRECTION, role="reviewer")
    version = ledger.get(f"/v1/events/{correction}").json()["version"]
    recorded(ledger, {"kind": "retracted", "entry": version, "reason": "They do not."})
    assert check(ledger, address)["reads_differently"] is False


def test_a_correction_of_the_past_alone_is_found_by_the_course_of_statuses(ledger: Ledger) -> None:
    """At the report's day everything stands as before; only the months before read differently."""
    recorded(ledger, {**SLIPPED, "occurred_on": "2024-09-10"})
    recorded(ledger, {"kind": "progressed", "occurred_on": "2024-12-01", "statement": "The cables are there."})
    address = issued(ledger, as_of="2025-06-30")
    correction = recorded(ledger, {**CORRECTION, "changes": {"occurred_on": "2024-05"}}, role="reviewer")
    found = check(ledger, address)
    assert found["commitments"] == []
    assert places(found["figures"])["status_over_time/points/2024-04-30/all/started"] == (1, 0)
    assert [each["position"] for each in found["corrections"]] == [correction]


def test_a_commitment_that_comes_late_into_a_report_stands_there_whole(ledger: Ledger) -> None:
    address = issued(ledger, as_of="2024-06-30")
    third = {**COMMITMENT, "reference": "H-3", "relations": [{"type": "depends_on", "reference": "H-1"}]}
    position = recorded(ledger, third, "/v1/commitments")
    found = check(ledger, address)
    assert [row["reference"] for row in found["commitments"]] == ["H-1", "H-3"]
    assert found["commitments"][1]["before"] is None
    assert found["commitments"][1]["after"]["status"] == "announced"
    assert list(found["commitments"][0]["after"]) == ["related/needed_by:H-3"]
    assert [each["position"] for each in found["entries"]] == [position]


def test_what_is_outside_of_the_filters_is_no_difference(ledger: Ledger) -> None:
    address = issued(ledger, as_of="2024-12-31", q="second quay")
    recorded(ledger, SLIPPED)
    assert check(ledger, address)["reads_differently"] is False
    recorded(ledger, SLIPPED, "/v1/commitments/H-2/events")
    assert [row["reference"] for row in check(ledger, address)["commitments"]] == ["H-2"]


def test_evidence_and_a_register_that_change_later_are_told_with_their_entries(ledger: Ledger) -> None:
    recorded(ledger, {"kind": "achieved", "occurred_on": "2024-10-01", "statement": "Done.", "evidence": EVIDENCE})
    address = issued(ledger, as_of="2024-12-31")
    version = int(ledger.get("/v1/commitments/H-1").json()["version"])
    better = {"kind": "evidence_added", "occurred_on": "2024-11-01", "statement": "The act itself.", "entry": version}
    added = recorded(ledger, {**better, "evidence": [{"title": "Act", "grade": "A"}]})
    found = check(ledger, address)
    assert places(found["lists"])["lists/achieved/H-1/best_grade"] == ("B", "A")
    assert [each["position"] for each in found["entries"]] == [added]
    joins = {
        "kind": "programme_amended", "occurred_on": "2024-05-01", "statement": "The ferry joins.",
        "add_partners": [{"code": "FERRY", "name": "Ferry", "type": "organisation"}],
    }  # fmt: skip
    joined = recorded(ledger, joins, "/v1/programmes/harbour/events")
    assert [each["position"] for each in check(ledger, address)["entries"]] == [added, joined]


def test_a_check_can_be_asked_for_any_state_of_knowledge_since(ledger: Ledger) -> None:
    address = issued(ledger, as_of="2024-12-31")
    first = recorded(ledger, SLIPPED)
    then = check(ledger, address)
    recorded(ledger, CORRECTION, role="reviewer")
    assert check(ledger, address, f"?log_size={first}") == then
    assert check(ledger, address, f"?known_at={then['now']['known_at']}") == then
    assert check(ledger, address) != then
    assert_problem(ledger.get(f"{address}/check?log_size=3"), 422, "knew", "accepted")
    assert_problem(ledger.get(f"{address}/check?as_of=2024-01-01"), 422, "as_of")


def test_one_question_lists_every_report_that_would_read_differently(ledger: Ledger) -> None:
    early, late = issued(ledger, as_of="2024-02-01"), issued(ledger, as_of="2024-06-30")
    recorded(ledger, CORRECTION, role="reviewer")
    fresh = issued(ledger, as_of="2024-06-30")
    items = ledger.get("/v1/reports/check").json()["items"]
    assert [item["address"] for item in items] == [fresh, late, early]
    assert [item["reads_differently"] for item in items] == [False, True, False]
    assert items[1]["references"] == ["H-1"]
    assert items[1]["counts"]["commitments"] == 1
    assert items[1]["counts"]["figures"] == check(ledger, late)["counts"]["figures"]
    assert all(item["reproducible"] for item in items)


def test_checks_come_in_pages_that_are_bounded_by_what_they_cost(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [issued(ledger, as_of="2024-06-30") for _ in range(3)]
    monkeypatch.setattr("application.checking._MOST_AT_ONCE", 3)  # a report is about two commitments
    address, found, pages = "/v1/reports/check", [], 0
    while address:
        page = ledger.get(address)
        found += [item["address"] for item in page.json()["items"]]
        pages += 1
        address = page.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert (found, pages) == (addresses[::-1], 3)


def test_what_is_internal_is_no_difference_of_a_public_report(ledger: Ledger) -> None:
    address = issued(ledger, as_of="2024-12-31")
    before = ledger.client.get(f"{address}/check").json()
    kept_apart = {"visibility": "internal", "reference_prefix": "HID-"}
    assert ledger.post("/v1/programmes", {**PROGRAMME, "code": "hidden-plan", **kept_apart}).status_code == 201
    owns_a_prefix(ledger)
    hidden = {**COMMITMENT, "reference": "H-HID", "visibility": "internal"}
    hidden["relations"] = [{"type": "depends_on", "reference": "H-1"}]
    recorded(ledger, hidden, "/v1/commitments")
    for get in (ledger.get, ledger.client.get):
        after = get(f"{address}/check").json()
        assert {**after, "now": None} == {**before, "now": None}
        assert "HID" not in str(after)
