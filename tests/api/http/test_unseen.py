"""What is internal does not exist for those who may not see it: not by name, not by number, not in any figure."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.http_ledger import (
    COMMITMENT,
    EVENTS,
    PROGRAMME,
    ROLES,
    STARTED,
    Ledger,
    assert_problem,
    filled,
    made,
    owns_a_prefix,
)

EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}
HIDDEN = {**PROGRAMME, "code": "hidden-plan", "visibility": "internal", "reference_prefix": "HID-"}
ROUTES = (
    "/v1/programmes", "/v1/programmes/harbour", "/v1/programmes/harbour/history", "/v1/partners", "/v1/commitments",
    "/v1/commitments/H-1", "/v1/commitments/H-1/history", "/v1/events/1", "/v1/reports/status",
    "/v1/reports/status?format=csv", "/v1/reports/changes?from=2024-01-01", "/v1/reports/changes?from_log_size=0",
)  # fmt: skip


class Twin(NamedTuple):
    """A ledger, what everybody saw of it before something internal was recorded, and the positions of that."""

    ledger: Ledger
    seen: dict[str, Any]
    hidden: list[int]


def without_times(body: Any) -> Any:
    if isinstance(body, dict):
        moving = {"log_size", "known_at", "to_log_size", "to_known_at", "log", "digest"}
        return {name: without_times(value) for name, value in body.items() if name not in moving}
    return [without_times(each) for each in body] if isinstance(body, list) else body


def seen(client: TestClient, path: str, **headers: str) -> Any:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    if "csv" in path:
        return [line.split(",")[:-2] for line in answer.text.splitlines()]
    return without_times(answer.json())


@pytest.fixture(scope="module")
def twin(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    services, tokens = made(tmp_path_factory.mktemp("twin"), public_read=True)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        owns_a_prefix(ledger)
        before = {path: seen(client, path) for path in ROUTES}
        relations = [{"type": "depends_on", "reference": "H-1"}]
        hidden = [
            ledger.post(path, body).json()["position"]
            for path, body in (
                ("/v1/programmes", HIDDEN),
                ("/v1/commitments", {**COMMITMENT, "programme": "hidden-plan", "reference": "HID-1"}),
                ("/v1/commitments", {**COMMITMENT, "reference": "H-HID", "visibility": "internal",
                                     "relations": relations}),
                ("/v1/commitments/HID-1/events", STARTED),
                ("/v1/commitments/H-HID/events", {**STARTED, "occurred_on": "2024-06-03"}),
            )
        ]  # fmt: skip
        taken = {"kind": "retracted", "entry": 2, "reason": "Hidden, too."}
        hidden.append(ledger.post("/v1/commitments/H-HID/events", taken, role="reviewer").json()["position"])
        yield Twin(ledger, before, hidden)


@pytest.mark.parametrize("path", ROUTES)
def test_everybody_sees_what_they_saw_before_something_internal_was_recorded(twin: Twin, path: str) -> None:
    assert seen(twin.ledger.client, path) == twin.seen[path]
    assert "hid" not in twin.ledger.client.get(path).text.lower()


def test_internal_entries_are_left_out_of_the_feed_in_pages_and_as_a_stream(twin: Twin) -> None:
    client, everybody = twin.ledger.client, list(range(1, twin.ledger.head() + 1))
    public = [position for position in everybody if position not in twin.hidden]
    for get, expected in ((client.get, public), (twin.ledger.get, everybody)):
        address: str | None = "/v1/events?limit=1"
        found = []
        while address is not None:
            page = get(address)
            found += [item["position"] for item in page.json()["items"]]
            address = page.headers.get("link", "").partition(">")[0].removeprefix("<") or None
        assert found == expected
    for headers, expected in (({}, public), ({"authorization": f"Bearer {twin.ledger.tokens['auditor']}"}, everybody)):
        stream = client.get("/v1/events", headers={"accept": "application/x-ndjson", **headers}).text
        assert [json.loads(line)["position"] for line in stream.splitlines()] == expected


def test_an_internal_thing_is_answered_like_one_that_does_not_exist(twin: Twin) -> None:
    client, unheard_of = twin.ledger.client, twin.ledger.head() + 1
    pairs = [
        (f"/v1/commitments/{reference}{rest}", reference, f"/v1/commitments/NOT-1{rest}", "NOT-1")
        for reference in ("HID-1", "H-HID")
        for rest in ("", "/history", "?as_of=2024-06-30")
    ]
    pairs += [
        (f"/v1/programmes/hidden-plan{rest}", "hidden-plan", f"/v1/programmes/not-a-plan{rest}", "not-a-plan")
        for rest in ("", "/history")
    ]
    pairs += [(f"/v1/events/{at}", str(at), f"/v1/events/{unheard_of}", str(unheard_of)) for at in twin.hidden]
    for hidden, name, nothing, no_name in pairs:
        refused, unknown = client.get(hidden), client.get(nothing)
        assert (refused.status_code, unknown.status_code) == (404, 404), hidden
        assert refused.text.replace(name, "…") == unknown.text.replace(no_name, "…")
        # The length goes with the name, and every answer uses some of what may be asked.
        differ = {"content-length": "", "ratelimit": ""}
        assert dict(refused.headers) | differ == dict(unknown.headers) | differ
        assert twin.ledger.get(hidden).status_code == 200, hidden


def test_no_filter_finds_what_is_internal(twin: Twin) -> None:
    for query in ("programme=hidden-plan", "q=Shore&status=announced", "status=announced"):
        assert twin.ledger.client.get(f"/v1/commitments?{query}").json()["total"] == 0
        assert twin.ledger.client.get(f"/v1/reports/status?{query}").json()["totals"]["commitments"] == 0
    assert twin.ledger.get("/v1/commitments?status=announced").json()["total"] == 1


def test_relations_of_internal_commitments_are_shown_to_those_who_see_them(twin: Twin) -> None:
    assert twin.ledger.client.get("/v1/commitments/H-1").json()["related"] == []
    related = [{"type": "needed_by", "reference": "H-HID"}]
    assert twin.ledger.get("/v1/commitments/H-1").json()["related"] == related


@pytest.mark.parametrize("role", ROLES)
def test_equal_parameters_give_equal_reports_to_everybody(twin: Twin, role: str) -> None:
    token = {"authorization": f"Bearer {twin.ledger.tokens[role]}"}
    for path in ("/v1/reports/status", "/v1/reports/changes?from=2024-01-01"):
        assert twin.ledger.client.get(path, headers=token).content == twin.ledger.client.get(path).content


@pytest.mark.parametrize("role", [None, *ROLES])
@pytest.mark.parametrize("path", ["/v1/reports/status", "/v1/reports/changes?from=2024-01-01"])
def test_whoever_may_see_everything_can_ask_for_it(twin: Twin, path: str, role: str | None) -> None:
    token = {} if role is None else {"authorization": f"Bearer {twin.ledger.tokens[role]}"}
    answer = twin.ledger.client.get(path, params={"visibility": "all", "from": "2024-01-01"}
                                    if "changes" in path else {"visibility": "all"}, headers=token)  # fmt: skip
    if role is None:
        assert_problem(answer, 403, "visibility=public")
    else:
        assert answer.json()["filters"]["visibility"] == "all"
        assert "HID-1" in answer.text


def test_reading_in_public_needs_no_token_but_a_wrong_one_is_refused(twin: Twin) -> None:
    for path in ROUTES:
        assert_problem(twin.ledger.client.get(path, headers={"authorization": "Bearer nobody"}), 401)


@pytest.mark.parametrize("path", ["/v1/programmes", "/v1/programmes/harbour/events", "/v1/commitments", EVENTS])
def test_recording_needs_a_token_even_where_everybody_reads(twin: Twin, path: str) -> None:
    before = twin.ledger.head()
    assert_problem(twin.ledger.client.post(path, json=EVENT), 401, "Bearer")
    assert twin.ledger.head() == before
