"""Reading the first catalogue: two times on every answer, pages that fit together, reports that never change."""

import csv
import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.wiring import Services
from tests.http_ledger import Ledger, assert_problem, made

COMMITMENT = {
    "reference", "programme", "title", "summary", "kind", "tier", "modality", "timeframe", "partners", "lead",
    "instruments", "themes", "relations", "source", "visibility", "status", "stage", "slipped", "suspended", "outcome",
    "implied_start", "achieved_on", "slip_count", "target", "original_target", "targets", "timeliness", "days_overdue",
    "days_late", "undeclared_slip", "stale", "off_cadence", "occurrences", "related", "assessment", "reviews",
    "divergence", "last_activity_on", "version", "as_of", "log_size", "known_at",
}  # fmt: skip
LISTS = (
    "/v1/commitments?limit=7", "/v1/commitments?limit=7&sort=-due", "/v1/commitments?limit=7&sort=status",
    "/v1/commitments?limit=7&sort=-last_activity_on&as_of=2023-06-30", "/v1/programmes?limit=1", "/v1/partners?limit=7",
    "/v1/commitments/SC-P4-D14/history?limit=7", "/v1/events?limit=50", "/v1/events?limit=50&after=100&log_size=200",
)  # fmt: skip


@pytest.fixture(scope="module")
def loaded(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Services]]:
    services, tokens = made(tmp_path_factory.mktemp("catalogue"), public_read=True)
    services.load("strategic-compass-partner", "catalogue", lambda _, __: None)
    with TestClient(create_app(services)) as client:
        yield Ledger(client, tokens), services


@pytest.fixture(scope="module")
def ledger(loaded: tuple[Ledger, Services]) -> Ledger:
    return loaded[0]


def record(ledger: Ledger, reference: str, **event: Any) -> dict[str, Any]:
    body = {"occurred_on": "2026-01", "statement": "Something was done.", **event}
    answer = ledger.post(f"/v1/commitments/{reference}/events", body)
    assert answer.status_code == 201, answer.text
    recorded: dict[str, Any] = answer.json()
    return recorded


def test_the_forum_had_slipped_and_was_then_achieved_late(ledger: Ledger) -> None:
    then = ledger.client.get("/v1/commitments/SC-P4-D03?as_of=2022-12-31").json()
    later = ledger.client.get("/v1/commitments/SC-P4-D03?as_of=2023-06-30").json()
    assert (then["status"], then["slip_count"]) == ("slipped", 1)
    assert (later["status"], later["timeliness"], later["days_late"]["current"]) == ("achieved", "met_late", 80)
    assert set(later) >= COMMITMENT
    history = ledger.client.get("/v1/commitments/SC-P4-D03/history").json()["items"]
    slip = next(item for item in history if item["kind"] == "slipped")
    before = ledger.client.get(f"/v1/commitments/SC-P4-D03?as_of=2022-12-31&log_size={slip['position'] - 1}").json()
    assert before["status"] == "announced"


def test_the_figures_of_the_two_reference_dates(ledger: Ledger) -> None:
    at_the_end_of_2022 = ledger.client.get("/v1/reports/status?as_of=2022-12-31").json()["totals"]["by_status"]
    assert (at_the_end_of_2022["slipped"], at_the_end_of_2022["reviewed"], at_the_end_of_2022["started"]) == (1, 1, 11)
    in_june = ledger.client.get("/v1/reports/status?as_of=2023-06-30").json()
    assert in_june["totals"]["by_status"]["achieved"] == 2
    assert in_june["totals"]["by_timeliness"]["met_late"] == 1
    assert in_june["totals"]["commitments"] == 126
    assert in_june["headline"]["commitments"] == 17


def test_known_at_says_the_same_as_the_log_size_of_that_instant(ledger: Ledger) -> None:
    entry = ledger.client.get("/v1/events/180").json()
    by_size = ledger.client.get("/v1/reports/status?as_of=2023-06-30&log_size=180")
    by_instant = ledger.client.get(
        "/v1/reports/status", params={"as_of": "2023-06-30", "known_at": entry["recorded_at"]}
    )
    assert by_size.content == by_instant.content
    assert by_size.json()["log_size"] == 180
    assert by_size.json()["known_at"] == entry["recorded_at"]
    nothing = ledger.client.get("/v1/reports/status?known_at=2000-01-01T00:00:00Z").json()
    assert (nothing["log_size"], nothing["known_at"], nothing["totals"]["commitments"]) == (0, None, 0)


def test_recording_changes_the_report_for_today_and_none_for_what_was_known_before(ledger: Ledger) -> None:
    size = ledger.head()
    then = ledger.client.get(f"/v1/reports/status?as_of=2026-06-30&log_size={size}")
    digest = ledger.client.get("/v1/reports/status?as_of=2026-06-30").json()["digest"]
    record(ledger, "SC-P4-N08", kind="started")
    now = ledger.client.get("/v1/reports/status?as_of=2026-06-30")
    again = ledger.client.get(f"/v1/reports/status?as_of=2026-06-30&log_size={size}")
    assert now.json()["digest"] != digest
    assert (again.content, again.headers["etag"]) == (then.content, then.headers["etag"])
    unchanged = ledger.client.get(
        f"/v1/reports/status?as_of=2026-06-30&log_size={size}", headers={"if-none-match": then.headers["etag"]}
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize("path", LISTS)
def test_pages_give_each_item_once_even_while_entries_are_recorded(ledger: Ledger, path: str) -> None:
    whole = ledger.client.get(re.sub(r"limit=\d+", "limit=500", path)).json()["items"]
    found: list[Any] = []
    address: str | None = path
    while address is not None:
        page = ledger.client.get(address)
        assert page.status_code == 200, page.text
        found += page.json()["items"]
        link = page.headers.get("link", "")
        assert bool(link) == (page.json()["next"] is not None)
        address = link.partition(">")[0].removeprefix("<") or None
        record(ledger, "SC-P4-D01", kind="progressed")
    moving = {"log_size", "known_at", "as_of"}
    still = [{name: value for name, value in item.items() if name not in moving} for item in found]
    assert still == [{name: value for name, value in item.items() if name not in moving} for item in whole]


def test_filters_are_alternatives_within_and_conditions_between_each_other(ledger: Ledger) -> None:
    def references(query: str) -> set[str]:
        answer = ledger.client.get(f"/v1/commitments?limit=500&as_of=2023-06-30&{query}")
        return {item["reference"] for item in answer.json()["items"]}

    achieved, reviewed = references("status=achieved"), references("status=reviewed")
    assert achieved == {"SC-P4-D03", "SC-P4-D15"}
    assert references("status=achieved&status=reviewed") == achieved | reviewed
    assert references("status=achieved&partner=ALL") == {"SC-P4-D03"}
    assert references("q=FORUM&tier=deliverable") == {"SC-P4-D03"}
    assert references("undeclared_slip=true") >= {"SC-P4-D02A"}
    assert references("stale=true") | references("stale=false") == references("")
    assert_problem(ledger.client.get("/v1/commitments?stale=maybe"), 422, "true | false")


def test_a_history_shows_what_became_of_each_entry(ledger: Ledger) -> None:
    wrong = record(ledger, "SC-P4-D16", kind="started", occurred_on="2025-02")
    path = "/v1/commitments/SC-P4-D16"
    changes = {"occurred_on": "2025-03-05", "note": "Seen."}
    corrected = {
        "kind": "rectified",
        "entry": wrong["version"],
        "changes": changes,
        "reason": "The source names the day.",
    }
    rectified = ledger.post(f"{path}/events", corrected, role="reviewer").json()
    before, now = (
        ledger.client.get(f"{path}/history?log_size={size}").json()["items"]
        for size in (wrong["position"], rectified["position"])
    )
    assert before[1]["reading"] is None
    assert (now[1]["effective_on"], now[1]["reading"]["occurred_on"]) == ("2025-02-28", "2025-03-05")
    assert now[1]["reading"]["note"] == "Seen."
    assert (now[1]["corrected_by"], now[1]["status_after"], now[1]["counts"]) == ([3], "started", True)
    assert (now[2]["counts"], now[2]["changes"]["effective_on"]) == (False, "2025-03-05")
    took_back = ledger.post(
        f"{path}/events", {"kind": "retracted", "entry": 2, "reason": "Another one."}, role="reviewer"
    )
    assert took_back.json()["status"] == "announced"
    last = ledger.client.get(f"{path}/history").json()["items"]
    assert (last[1]["retracted"], last[1]["counts"], last[1]["status_after"]) == (True, False, None)
    assert ledger.client.get(f"{path}?as_of=2025-03-05&log_size={rectified['position']}").json()["status"] == "started"


def test_the_feed_is_the_same_in_pages_and_as_a_stream(ledger: Ledger) -> None:
    size = ledger.head()
    stream = ledger.client.get(f"/v1/events?log_size={size}", headers={"accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in stream.text.splitlines()]
    assert [line["position"] for line in lines] == list(range(1, size + 1))
    assert lines[:500] == ledger.client.get(f"/v1/events?limit=500&log_size={size}").json()["items"]
    assert_problem(ledger.client.get("/v1/events", headers={"accept": "application/xml"}), 406, "x-ndjson")


def test_the_appendix_of_a_report_holds_the_histories_if_it_is_asked_for(ledger: Ledger) -> None:
    report = "/v1/reports/status"
    assert ledger.get(report).json()["appendix"] is None
    appendix = ledger.get(f"{report}?appendix=true").json()["appendix"]
    assert appendix
    for each in appendix:
        assert each["items"] == ledger.get(f"/v1/commitments/{each['reference']}/history?limit=500").json()["items"]
    assert_problem(ledger.get(f"{report}?appendix=yes"), 422, "appendix", "true | false")


def test_a_report_as_csv_has_a_row_for_each_commitment(ledger: Ledger) -> None:
    answer = ledger.client.get("/v1/reports/status?as_of=2023-06-30&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == 126
    assert next(row for row in rows if row["reference"] == "SC-P4-D03")["status"] == "achieved"
    assert (
        ledger.client.get("/v1/reports/status?as_of=2023-06-30", headers={"accept": "text/csv"}).content
        == answer.content
    )


def test_a_report_as_a_page_runs_no_script_and_asks_for_nothing(ledger: Ledger) -> None:
    answer = ledger.client.get("/v1/reports/status?as_of=2023-06-30&format=html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('inline; filename="status-report-strategic-compass-partner-2023-06-30-n')
    assert disposition.endswith('.html"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"].split("; ")
    [style] = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert policy[-1] == "frame-ancestors 'none'"
    assert " style=" not in answer.text
    assert "Of 17 deliverables, 2 were achieved by 30 June 2023" in answer.text
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    assert ledger.client.get("/v1/reports/status?as_of=2023-06-30", headers=browser).content == answer.content
    refused = ledger.client.get("/v1/reports/status", headers={"accept": "image/png"})
    assert_problem(refused, 406, "application/json, text/csv, text/html", "json | csv | html")


def test_changes_between_two_dates_and_between_two_log_sizes(ledger: Ledger) -> None:
    by_date = ledger.client.get("/v1/reports/changes?from=2022-12-31&to=2023-06-30").json()
    assert "SC-P4-D03" in {each["reference"] for each in by_date["events"]["achieved"]}
    size = ledger.head()
    entry = record(ledger, "SC-P4-N10", kind="started", occurred_on="2024-01")
    by_size = ledger.client.get(f"/v1/reports/changes?as_of=2024-06-30&from_log_size={size}").json()
    assert [each["reference"] for each in by_size["changed"]] == [entry["reference"]]


def test_relations_are_answered_from_both_ends(ledger: Ledger) -> None:
    related = ledger.client.get("/v1/commitments/SC-P4-N54").json()["related"]
    assert {"type": "has_occurrence", "reference": "SC-P4-D03"} in related
