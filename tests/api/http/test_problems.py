"""Problems have one shape, are found in one order, and say how far the ledger was when they were found."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.http.problem_types import PROBLEMS
from tests.http_ledger import COMMITMENT, EVENTS, PROGRAMME, Ledger, assert_problem, filled, made


@pytest.fixture(scope="module")
def backend() -> str:
    """Problems are worded alike, whatever the database."""
    return "sqlite"


EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}
REVIEW = {**EVENT, "kind": "reviewed", "rating": "full", "independence": "peer"}
LONG, NO_JSON = b"x" * 300_000, b"{"
NOWHERE = "/v1/commitments/NOPE/events"
TEXT = {"content-type": "text/plain"}
OLD = {"if-match": '"1"'}

# Every request but the last of a group breaks two rules; the earlier one of the contract's order is told.
IN_ORDER: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("401 before 413", {"body": LONG, "authorization": "Bearer nobody"}, 401),
    ("401 before 404", {"path": NOWHERE, "body": EVENT, "authorization": "Bearer nobody"}, 401),
    ("401 before 422 of the query", {"path": f"{EVENTS}?x=1", "body": EVENT, "authorization": "Bearer nobody"}, 401),
    ("413 before 415", {"body": LONG, **TEXT}, 413),
    ("415 before 400", {"body": NO_JSON, **TEXT}, 415),
    ("400 before 404", {"path": NOWHERE, "body": NO_JSON}, 400),
    ("404 before 403", {"path": NOWHERE, "body": EVENT, "role": "auditor"}, 404),
    ("403 before 412", {"body": EVENT, "role": "auditor", **OLD}, 403),
    ("403 before 422", {"body": {**REVIEW, "rating": "splendid"}, "role": "recorder"}, 403),
    ("412 before 422", {"body": {**EVENT, "unknown": 1}, **OLD}, 412),
    ("412 before 409", {"body": {**EVENT, "external_id": "x:1"}, **OLD}, 412),
    ("409", {"body": {**EVENT, "external_id": "x:1"}}, 409),
)


@pytest.mark.parametrize(("sent", "status"), [each[1:] for each in IN_ORDER], ids=[each[0] for each in IN_ORDER])
def test_the_first_rule_that_is_broken_is_the_one_that_is_told(
    ledger: Ledger, sent: dict[str, Any], status: int
) -> None:
    before = ledger.head()
    assert_problem(ledger.post(**{"path": EVENTS, **sent}), status)
    assert ledger.head() == before


def test_a_stored_answer_comes_before_a_version_that_was_overtaken_but_not_before_403(ledger: Ledger) -> None:
    key = {"idempotency-key": "stored-first"}
    first = ledger.post(EVENTS, EVENT, **key)
    assert ledger.post(EVENTS, EVENT, **key, **OLD).json() == first.json()
    assert_problem(ledger.post(EVENTS, {**EVENT, "statement": "Else."}, **key, **OLD), 422, "another body")
    assert_problem(ledger.post(EVENTS, REVIEW, **key), 403)


def test_every_problem_has_the_same_shape_and_a_page(ledger: Ledger) -> None:
    client = ledger.client
    answers = [
        ledger.post(EVENTS, NO_JSON),
        client.get("/v1/commitments"),
        ledger.post(EVENTS, REVIEW),
        ledger.get("/v1/commitments/NOPE"),
        ledger.get("/nowhere"),
        client.delete("/v1/commitments"),
        ledger.get("/v1/events", accept="image/png"),
        ledger.post("/v1/programmes", PROGRAMME),
        ledger.post(EVENTS, EVENT, **OLD),
        ledger.post(EVENTS, LONG),
        ledger.post(EVENTS, EVENT, **TEXT),
        ledger.post(EVENTS, {**EVENT, "unknown": 1}),
        ledger.post(EVENTS, {**EVENT, "kind": "started"}),
        ledger.get("/v1/commitments?limit=0"),
        ledger.get("/v1/events/one"),
    ]
    seen = set()
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        slug = problem["type"].removeprefix("/problems/")
        assert (problem["title"], problem["status"]) == (PROBLEMS[slug].title, answer.status_code)
        assert problem["detail"]
        for fault in problem.get("faults", ()):
            assert ("pointer" in fault) != ("parameter" in fault)
            assert fault["message"]
            assert fault["accepted"]
            assert fault["accepted"] != "see /docs", fault
        seen.add(slug)
    rest = {
        "entry-too-long", "repeated-differently", "too-many-requests", "not-ready", "read-only", "irreproducible",
        "rendering-failed", "internal", "address-too-long", "head-too-long", "request-timeout", "bad-request",
    }  # fmt: skip
    assert seen | rest == set(PROBLEMS)
    for slug, kind in PROBLEMS.items():
        page = client.get(f"/problems/{slug}")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert f"<h1>{kind.title.replace(chr(39), '&#x27;')}</h1>" in page.text
    assert_problem(client.get("/problems/nothing"), 404)


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/v1/commitments", {"as_of", "log_size", "known_at", "limit", "cursor", "sort", "q", "divergence", "status"}),
        ("/v1/commitments/H-1", {"as_of", "log_size", "known_at"}),
        ("/v1/reports/changes", {"from", "to", "from_log_size", "to_log_size", "visibility"}),
        ("/v1/events/1", {"no parameters"}),
        ("/health/live", {"no parameters"}),
    ],
)
def test_a_misspelt_parameter_is_answered_with_those_that_exist(ledger: Ledger, path: str, known: set[str]) -> None:
    answer = ledger.get(f"{path}?misspelt=1")
    assert_problem(answer, 422, "misspelt")
    (fault,) = answer.json()["faults"]
    assert known <= set(fault["accepted"].split(" | "))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/commitments", {"GET", "POST"}),
        ("PUT", "/v1/programmes", {"GET", "POST"}),
        ("PATCH", "/v1/commitments/H-1", {"GET"}),
        ("GET", EVENTS, {"POST"}),
        ("DELETE", "/v1/events/1", {"GET"}),
        ("POST", "/health/live", {"GET"}),
        ("POST", "/openapi.json", {"GET"}),
    ],
)
def test_a_method_that_does_not_fit_is_answered_with_those_that_do(
    ledger: Ledger, method: str, path: str, allowed: set[str]
) -> None:
    answer = ledger.client.request(method, path)
    assert_problem(answer, 405, *allowed)
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_what_was_found_by_looking_at_the_ledger_says_how_far_it_was(ledger: Ledger) -> None:
    head = str(ledger.head())
    for answer in (
        ledger.get("/v1/commitments/NOPE"),
        ledger.get("/v1/commitments?log_size=99999"),
        ledger.get("/v1/reports/status?log_size=1&known_at=2024-01-01T00:00:00Z"),
        ledger.get("/v1/commitments", **{"ledger-at-least": "99999"}),
        ledger.post(EVENTS, {**EVENT, "unknown": 1}),
        ledger.post(EVENTS, EVENT, **OLD),
        ledger.post(EVENTS, EVENT, role="auditor"),
        ledger.post("/v1/commitments", COMMITMENT),
        ledger.get("/v1/commitments"),
        ledger.get("/v1/events", accept="application/x-ndjson"),
    ):
        assert answer.headers["ledger-position"] == head, answer.text
    assert "ledger-position" not in ledger.post(EVENTS, NO_JSON).headers


def test_a_body_in_pieces_without_a_length_is_cut_off_where_it_is_too_long(ledger: Ledger) -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        yield b'{"statement": "'
        while read < 1_000_000:
            read += 50_000
            yield b"x" * 50_000

    headers = {"authorization": f"Bearer {ledger.tokens['recorder']}", "content-type": "application/json"}
    assert_problem(ledger.client.post(EVENTS, content=pieces(), headers=headers), 413, "262144")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "application/merge-patch+json"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "br"},
    ],
)
def test_only_json_as_it_is_is_read(ledger: Ledger, headers: dict[str, str]) -> None:
    token = {"authorization": f"Bearer {ledger.tokens['recorder']}"}
    content = json.dumps(EVENT).encode()
    assert_problem(ledger.client.post(EVENTS, content=content, headers={**token, **headers}), 415, "application/json")


def test_json_in_another_spelling_of_its_type_is_read(ledger: Ledger) -> None:
    for spelling in ("application/json; charset=utf-8", 'Application/JSON; Charset="UTF-8"', "application/json;"):
        assert ledger.post(EVENTS, EVENT, **{"content-type": spelling}).status_code == 201


def test_a_cursor_serves_the_list_that_it_came_from_and_no_other(ledger: Ledger) -> None:
    history = "/v1/commitments/H-1/history"
    cursor = ledger.get(f"{history}?limit=1").json()["next"]
    assert ledger.get(f"{history}?limit=2&cursor={cursor}").json()["items"][0]["version"] == 2
    for path in (
        f"/v1/programmes/harbour/history?cursor={cursor}",
        f"/v1/events?cursor={cursor}",
        f"/v1/commitments?cursor={cursor}",
    ):
        assert_problem(ledger.get(path), 422, "another list")
    feed = ledger.get("/v1/events?limit=1&after=1").json()["next"]
    assert ledger.get(f"/v1/events?limit=1&cursor={feed}").json()["items"][0]["position"] == 3
    assert_problem(ledger.get(f"{history}?cursor={feed}"), 422, "another list")
    assert_problem(ledger.get(f"{history}?cursor={cursor}&log_size=3"), 422, "other times")
    assert_problem(ledger.get(f"{history}?cursor={cursor}&as_of=2024-06-01"), 422, "other times")


@pytest.mark.parametrize("cursor", ["x", "%00", "ä" * 10, "A" * 501, "a" * 8, "0" * 8 + "WzEsMiwzXQ", "0" * 8 + "W10"])
def test_what_is_no_cursor_is_refused(ledger: Ledger, cursor: str) -> None:
    for path in ("/v1/commitments", "/v1/events", "/v1/partners", "/v1/commitments/H-1/history"):
        assert_problem(ledger.get(f"{path}?cursor={cursor}"), 422, "cursor")


@pytest.mark.parametrize("number", ["0", "501", "-1", "1_0", "%201", "+1", "1.0", "٣", "", "9" * 40, "ten"])
def test_a_limit_is_a_plain_number_of_items(ledger: Ledger, number: str) -> None:
    assert_problem(ledger.get(f"/v1/commitments?limit={number}"), 422, "1 to 500")


def test_a_fault_of_the_server_is_a_problem_that_tells_nothing_of_itself(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        ledger = filled(client, tokens)

        def broken() -> None:
            raise ZeroDivisionError("a secret")

        def unsent(*_: object) -> None:
            raise ZeroDivisionError("a secret")

        monkeypatch.setattr(services, "today", broken)
        monkeypatch.setattr(services, "submit", unsent)
        answers = ledger.get("/v1/commitments"), ledger.post("/v1/commitments/H-1/events", {})
    for answer in answers:
        assert_problem(answer, 500, "log says more")
        assert "secret" not in answer.text
