"""Issuing a report, and finding it again: the same for everybody, for ever, in every format."""

import csv
import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.recording.codec import canonical
from infrastructure.wiring import FORMATS
from tests.http_ledger import COMMITMENT, EVENTS, PROGRAMME, ROLES, Ledger, assert_problem, filled, made

EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}
KEY = {"idempotency-key": "issue-once"}


def issued(ledger: Ledger, **parameters: Any) -> dict[str, Any]:
    answer = ledger.post("/v1/reports", parameters)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out how much is known today: that something was recorded is no secret, what it was is."""
    return [{name: value for name, value in item.items() if name != "now"} for item in items]


def test_an_issued_report_has_an_address_a_digest_and_an_entry_in_the_ledger(ledger: Ledger) -> None:
    known = ledger.head()
    answer = ledger.post("/v1/reports", {"as_of": "2024-06-30"})
    report = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/reports/{known + 1}")
    assert (report["id"], report["address"]) == (known + 1, f"/v1/reports/{known + 1}")
    assert (report["as_of"], report["log_size"], report["recorded_by"]) == ("2024-06-30", known, "the-recorder")
    assert answer.headers["ledger-position"] == str(known + 1)

    asked = ledger.get(f"/v1/reports/status?as_of=2024-06-30&log_size={known}")
    assert asked.json()["digest"] == report["digest"]
    again = ledger.get(report["address"])
    assert again.content == asked.content
    assert again.headers["etag"] == f'"{sha256(asked.content).hexdigest()}"'
    assert ledger.get(report["address"], **{"if-none-match": again.headers["etag"]}).status_code == 304

    entry = ledger.get(f"/v1/events/{report['id']}").json()
    assert (entry["kind"], entry["reference"], entry["digest"]) == ("report_issued", "ledger", report["digest"])
    assert (entry["as_of"], entry["log_size"], entry["rules"]) == ("2024-06-30", known, report["rules"])
    assert entry["filters"] == report["filters"]
    feed = ledger.get(f"/v1/events?after={known}").json()["items"]
    assert [each["kind"] for each in feed] == ["report_issued"]


def test_without_parameters_the_report_is_about_today_and_everything_known(ledger: Ledger) -> None:
    known = ledger.head()
    report = issued(ledger)
    asked = ledger.get(f"/v1/reports/status?log_size={known}").json()
    assert (report["as_of"], report["log_size"]) == (asked["as_of"], known)
    assert report["digest"] == asked["digest"]


def test_one_word_or_a_list_of_words_ask_the_same(ledger: Ledger) -> None:
    asked = "as_of=2024-06-30&log_size=9&tier=deliverable&status=started&status=announced&stale=false&q=POWER"
    wanted = ledger.get(f"/v1/reports/status?{asked}&compare_to=2024-02-01").json()
    times = {"as_of": "2024-06-30", "known_at": wanted["known_at"], "compare_to": "2024-02-01"}
    report = issued(
        ledger, **times, tier="deliverable", status=["started", "announced"], stale=False, q="Power", theme=None
    )
    assert (report["digest"], report["log_size"]) == (wanted["digest"], 9)
    assert ledger.get(report["address"]).json() == wanted
    assert report["filters"] == wanted["filters"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("as_of", "2024-02-30"), ("log_size", 10**9), ("status", "finished"), ("tier", "big"), ("programme", "A B"),
        ("partner", "port"), ("theme", "No"), ("q", ""), ("compare_to", "2100-01-01"), ("visibility", "secret"),
        ("known_at", "yesterday"),
    ],
)  # fmt: skip
def test_what_the_address_refuses_the_body_refuses_in_the_same_words(ledger: Ledger, name: str, value: Any) -> None:
    before = ledger.head()
    body = ledger.post("/v1/reports", {"as_of": "2024-06-30", name: value})
    query = ledger.client.get(
        "/v1/reports/status",
        params={"as_of": "2024-06-30", name: value},
        headers={"authorization": f"Bearer {ledger.tokens['auditor']}"},
    )
    (of_body,), (of_query,) = body.json()["faults"], query.json()["faults"]
    assert (body.status_code, query.status_code) == (422, 422)
    assert of_body["message"] == of_query["message"]
    assert of_body["accepted"] == of_query["accepted"]
    assert name in body.text
    assert ledger.head() == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"statuses": ["started"]}, "/statuses"),
        ({"format": "pdf"}, "/format"),
        ({"stale": "true"}, "/stale"),
        ({"log_size": "3"}, "/log_size"),
        ({"status": [["started"]]}, "/status/0"),
        ({"log_size": 3, "known_at": "2024-01-01T00:00:00Z"}, "not both"),
        ([], "no object"),
    ],
)
def test_what_the_body_must_not_say_is_refused_and_nothing_is_issued(ledger: Ledger, body: Any, said: str) -> None:
    before = ledger.head()
    assert_problem(ledger.post("/v1/reports", body), 422, said, "accepted")
    assert ledger.head() == before


def test_a_repeated_request_issues_one_report(ledger: Ledger) -> None:
    first = ledger.post("/v1/reports", {"as_of": "2024-06-30"}, **KEY)
    head = ledger.head()
    ledger.post(EVENTS, EVENT)
    again = ledger.post("/v1/reports", {"as_of": "2024-06-30"}, **KEY)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (again.headers["idempotency-replayed"], again.headers["location"]) == ("true", first.json()["address"])
    assert_problem(ledger.post("/v1/reports", {"as_of": "2024-06-29"}, **KEY), 422, "another body")
    assert ledger.head() == head + 1
    assert ledger.post("/v1/reports", {"as_of": "2024-06-30"}, role="reviewer", **KEY).json()["id"] == head + 2


def test_who_may_not_issue_is_told_so_before_anything_else(ledger: Ledger) -> None:
    assert_problem(ledger.post("/v1/reports", {"nonsense": 1}, role="auditor"), 403, "issue reports", "recorder")
    assert_problem(ledger.client.post("/v1/reports", json={}), 401)


@pytest.mark.parametrize("form", FORMATS)
def test_an_issued_report_is_given_in_every_format_to_everybody_alike(ledger: Ledger, form: str) -> None:
    report = issued(ledger, as_of="2024-06-30")
    asked = ledger.get(f"/v1/reports/status?as_of=2024-06-30&log_size={report['log_size']}&format={form}")
    for role in ROLES:
        token = {"authorization": f"Bearer {ledger.tokens[role]}"}
        given = ledger.client.get(f"{report['address']}?format={form}", headers=token)
        assert given.content == asked.content
        assert given.headers["content-type"] == asked.headers["content-type"]
    by_header = ledger.get(report["address"], accept=asked.headers["content-type"].partition(";")[0])
    assert by_header.content == asked.content
    if form == "csv":
        assert "-2024-06-30-n" in by_header.headers["content-disposition"]
        assert [row[0] for row in csv.reader(io.StringIO(by_header.text))][:2] == ["reference", "H-1"]


def test_what_was_never_issued_is_not_found(ledger: Ledger) -> None:
    for number in (1, 5, 10**6):  # an entry of another kind, and none at all
        for rest in ("", "/check", "?format=csv"):
            assert_problem(ledger.get(f"/v1/reports/{number}{rest}"), 404, f"no issued report {number}")
    assert_problem(ledger.get("/v1/reports/first"), 422, "first")
    assert_problem(ledger.get(f"{issued(ledger)['address']}?as_of=2024-01-01"), 422, "as_of", "format")


def test_issued_reports_are_listed_the_newest_first_in_pages_that_fit_together(tmp_path: Path) -> None:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        assert ledger.get("/v1/reports").json()["items"] == []
        numbers = [issued(ledger, as_of=f"2024-0{month}-01")["id"] for month in range(1, 6)]
        address, pages = "/v1/reports?limit=2", []
        while address:
            page = ledger.get(address)
            pages.append([item["id"] for item in page.json()["items"]])
            if len(pages) == 1:  # what comes in between does not disturb the pages
                issued(ledger, as_of="2024-06-01")
            address = page.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert [number for page in pages for number in page] == numbers[::-1]
        assert list(map(len, pages)) == [2, 2, 1]
        assert [item["as_of"] for item in ledger.get("/v1/reports?limit=1").json()["items"]] == ["2024-06-01"]
        known = ledger.get(f"/v1/reports?log_size={numbers[1]}").json()
        assert ([item["id"] for item in known["items"]], known["log_size"]) == (numbers[1::-1], numbers[1])
        cursor = ledger.get("/v1/reports?limit=1").json()["next"]
        assert_problem(ledger.get(f"/v1/commitments?cursor={cursor}"), 422, "another list")
        assert_problem(ledger.get(f"/v1/reports?cursor={cursor}&log_size=3"), 422, "another list")


def test_a_report_about_what_is_internal_leaves_no_trace_for_those_who_may_not_see_it(tmp_path: Path) -> None:
    services, tokens = made(tmp_path, public_read=True)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        ledger.post(
            "/v1/programmes", {**PROGRAMME, "code": "hidden-plan", "visibility": "internal", "reference_prefix": "HID-"}
        )
        ledger.post("/v1/commitments", {**COMMITMENT, "programme": "hidden-plan", "reference": "HID-1"})
        public = issued(ledger, as_of="2024-06-30")
        lists = ("/v1/reports", "/v1/reports/check", "/v1/events")
        before = {path: shown(client.get(path).json()["items"]) for path in lists}
        secret = issued(ledger, as_of="2024-06-30", visibility="all", programme="hidden-plan")
        for path, items in before.items():
            assert shown(client.get(path).json()["items"]) == items, path
        lines = client.get("/v1/events", headers={"accept": "application/x-ndjson"}).text
        assert "hidden-plan" not in lines
        assert secret["digest"] not in lines
        unheard_of = secret["id"] + 5
        for hidden in ("/v1/reports/{}", "/v1/reports/{}/check", "/v1/reports/{}?format=csv", "/v1/events/{}"):
            refused, unknown = client.get(hidden.format(secret["id"])), client.get(hidden.format(unheard_of))
            assert (refused.status_code, unknown.status_code) == (404, 404)
            assert refused.text.replace(str(secret["id"]), "…") == unknown.text.replace(str(unheard_of), "…")
            assert ledger.get(hidden.format(secret["id"])).status_code == 200
        assert [item["id"] for item in ledger.get("/v1/reports").json()["items"]] == [secret["id"], public["id"]]
        assert ledger.get(secret["address"]).json()["commitments"][0]["reference"] == "HID-1"
        assert client.get(public["address"]).content == ledger.get(public["address"]).content
        assert services.replay(check=True, until=None, progress=lambda _, __: None).count == 0


def test_a_public_report_may_not_name_an_internal_programme(tmp_path: Path) -> None:
    services, tokens = made(tmp_path, public_read=True)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        ledger.post(
            "/v1/programmes", {**PROGRAMME, "code": "hidden-plan", "visibility": "internal", "reference_prefix": "HID-"}
        )
        before = ledger.head()
        refused = ledger.post("/v1/reports", {"programme": ["harbour", "hidden-plan"]})
        assert_problem(refused, 422, "hidden-plan is internal", "visibility=all")
        assert ledger.head() == before


def test_what_is_kept_hashes_to_the_digest_in_the_log_and_holds_no_text_that_can_be_erased(tmp_path: Path) -> None:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        evidence = [{"title": "The minutes say so", "url": "https://example.org/minutes", "grade": "B"}]
        done = {"kind": "achieved", "occurred_on": "2024-09-01", "statement": "It is done.", "evidence": evidence}
        assert ledger.post(EVENTS, done).status_code == 201
        report = issued(ledger, as_of="2024-12-31", compare_to="2024-02-01")
        with services.view() as view:
            kept = view.kept_report(report["id"])
        assert kept is not None
        facts = kept.facts()
        assert facts is not None
        assert sha256(facts).hexdigest() == kept.digest == report["digest"]
        assert canonical(dict(kept.parameters)) == canonical({n: report[n] for n in kept.parameters})
        for text in (b"The minutes say so", b"example.org", b"It is done."):
            assert text not in facts
