"""Whatever is wrong with a request: a clear problem, its page, and nothing written."""

from typing import Any

import pytest

from tests.http_ledger import COMMITMENT, EVENTS, Ledger, assert_problem


@pytest.fixture(scope="module")
def backend() -> str:
    """What is refused for its shape never comes to the database."""
    return "sqlite"


EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b'{"kind": ', 400, "no JSON"),
        (b"", 400, "no JSON"),
        (b'{"kind": "started", "kind": "started"}', 400, "stands twice"),
        (rb'{"kind": "started", "statement": "\ud800"}', 400, "surrogate"),
        (rb'{"\udfff": 1}', 400, "surrogate"),
        (b'{"entry": 9007199254740993}', 400, "2^53"),
        (b'{"entry": NaN}', 400, "NaN"),
        (b'{"entry": -Infinity}', 400, "Infinity"),
        (b"[" * 100_000, 400, "deep"),
        (b'{"statement": "\xff"}', 400, "UTF-8"),
        (b"\xef\xbb\xbf{}", 400, "no JSON"),
        (b'{"statement": "' + b"x" * 1_000_000 + b'"}', 413, "262144"),
        ([], 422, "no object"),
        ({}, 422, "kind"),
        ({**EVENT, "kind": "finished"}, 422, "cannot be recorded"),
        ({**EVENT, "statment": "x"}, 422, "unknown"),
        ({**EVENT, "statement": "x" * 10_001}, 422, "10,000"),
        ({**EVENT, "statement": " "}, 422, "empty"),
        ({**EVENT, "statement": "a\u0007b"}, 422, "control"),
        ({**EVENT, "quantity": 1.5}, 422, "quantity"),
        ({**EVENT, "partners": ["NOBODY"]}, 422, "register"),
        ({**EVENT, "occurred_on": "2999-01-01"}, 422, "2199"),
        ({**EVENT, "occurred_on": "2199-01-01"}, 422, "not-in-the-future"),
        ({**EVENT, "occurred_on": "2023"}, 422, "not-before-announcement"),
        ({**EVENT, "occurred_on": "2024-02-30"}, 422, "YYYY"),
        ({**EVENT, "occurred_on": "2024-02"}, 422, "started-before"),
        ({**EVENT, "external_id": "x:1"}, 409, "x:1"),
        ({**EVENT, "kind": "achieved"}, 422, "/evidence: the field is missing; accepted: a list of 1 to 50"),
        ({"kind": "progressed", "statement": "x"}, 422, "/occurred_on: the field is missing; accepted: YYYY"),
        ({"kind": "rectified", "entry": 2, "changes": {"note": "n"}, "reason": "r"}, 403, "four-eyes"),
        ({"kind": "retracted", "entry": 99, "reason": "r"}, 422, "entry-exists"),
        ({"kind": "retracted", "entry": 2}, 403, "four-eyes"),
        ({**EVENT, "kind": "reviewed", "rating": "full", "independence": "self"}, 403, "reviewer"),
    ],
)
def test_a_bad_event_is_a_clear_problem_and_nothing_is_written(
    ledger: Ledger, body: object, status: int, said: str
) -> None:
    before = ledger.head()
    assert_problem(ledger.post(EVENTS, body), status, said)
    assert ledger.head() == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "retracted", "entry": 1, "reason": "r"}, "first-entry-stays"),
        ({"kind": "retracted", "entry": 3, "reason": "r"}, "entry-counts"),
        ({"kind": "rectified", "entry": 3, "changes": {"note": "n"}, "reason": "r"}, "entry-counts"),
        ({"kind": "rectified", "entry": 2, "changes": {"kind": "achieved"}, "reason": "r"}, "/changes/kind"),
        ({"kind": "rectified", "entry": 2, "changes": {}, "reason": "r"}, "nothing is changed"),
        ({"kind": "rectified", "entry": 1, "changes": {"occurred_on": "2024-04"}, "reason": "r"}, "announcement"),
        ({"kind": "rectified", "entry": 2, "changes": {"statement": None}, "reason": "r"}, "null"),
        ({"kind": "retracted", "entry": 2, "entries": [2, 3], "reason": "r"}, "which entries"),
    ],
)
def test_a_bad_correction_is_a_clear_problem_and_nothing_is_written(
    ledger: Ledger, body: dict[str, Any], said: str
) -> None:
    before = ledger.head()
    assert_problem(ledger.post(EVENTS, body, role="reviewer"), 422, said)
    assert ledger.head() == before


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (COMMITMENT, 409, "H-1"),
        ({**COMMITMENT, "reference": "H-2", "programme": "nowhere"}, 422, "nowhere"),
        ({**COMMITMENT, "reference": "h-2"}, 422, "/reference"),
        ({**COMMITMENT, "reference": "H-2", "timeframe": {"wording": "w", "recurrence": "P1Y"}}, 422, "anchor"),
        (
            {**COMMITMENT, "reference": "H-2", "relations": [{"type": "part_of", "reference": "H-2"}]},
            422,
            "itself",
        ),
    ],
)
def test_a_bad_announcement_is_a_clear_problem_and_nothing_is_written(
    ledger: Ledger, body: dict[str, Any], status: int, said: str
) -> None:
    before = ledger.head()
    assert_problem(ledger.post("/v1/commitments", body), status, said)
    assert ledger.head() == before


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/commitments/NOPE", 404, "NOPE"),
        ("/v1/commitments/NOPE/history", 404, "NOPE"),
        ("/v1/commitments/H-1?as_of=2024-01-14", 404, "H-1 as of 2024-01-14"),
        ("/v1/commitments/H-1?log_size=2", 404, "knowing 2 entries"),
        ("/v1/commitments?statuss=started", 422, "status"),
        ("/v1/commitments?status=begun", 422, "achieved"),
        ("/v1/commitments?limit=0", 422, "limit"),
        ("/v1/commitments?limit=501", 422, "limit"),
        ("/v1/commitments?cursor=nonsense", 422, "cursor"),
        ("/v1/commitments?sort=colour", 422, "-due"),
        ("/v1/commitments?as_of=yesterday", 422, "YYYY-MM-DD"),
        ("/v1/commitments?as_of=1899-12-31", 422, "1900"),
        ("/v1/commitments?as_of=2024-01-01&as_of=2025-01-01", 422, "sent more than once"),
        ("/v1/commitments?log_size=99999", 422, "log_size"),
        ("/v1/commitments?log_size=1&known_at=2024-01-01T00:00:00Z", 422, "not both"),
        ("/v1/commitments?known_at=2199-01-01T00:00:00Z", 422, "has not come"),
        ("/v1/commitments?known_at=2024-01-01", 422, "RFC 3339"),
        ("/v1/reports/status?format=docx", 422, "csv"),
        ("/v1/events/999999", 404, "999999"),
        ("/v1/nothing", 404, "exist"),
    ],
)
def test_a_bad_question_is_a_clear_problem(ledger: Ledger, path: str, status: int, said: str) -> None:
    assert_problem(ledger.get(path), status, said)


def test_a_body_that_is_not_json_by_its_own_account_is_not_read(ledger: Ledger) -> None:
    for headers in ({"content-type": "text/plain"}, {"content-type": "application/json; charset=latin-1"}):
        assert_problem(ledger.post(EVENTS, EVENT, **headers), 415, "application/json")
    assert_problem(ledger.post(EVENTS, EVENT, **{"content-encoding": "gzip"}), 415, "compressed")


def test_an_entry_too_long_for_the_log_takes_no_position(ledger: Ledger) -> None:
    partners = [{"code": f"P{n}", "name": "é" * 200, "type": "country"} for n in range(300)]
    before = ledger.head()
    event = {
        "kind": "programme_amended",
        "occurred_on": "2024-05-02",
        "statement": "All join.",
        "add_partners": partners,
    }
    assert_problem(ledger.post("/v1/programmes/harbour/events", event), 422, "65535")
    assert ledger.head() == before


def test_who_is_not_known_is_told_so_before_anything_else(ledger: Ledger) -> None:
    for headers in ({}, {"authorization": "Bearer nobody"}, {"authorization": "Basic x"}):
        assert_problem(ledger.client.post(EVENTS, content=b"x" * 300_000, headers=headers), 401, "token")


def test_every_problem_is_explained_at_its_own_address(ledger: Ledger) -> None:
    for answer in (ledger.post(EVENTS, b"{"), ledger.get("/v1/commitments/NOPE"), ledger.get("/v1/commitments?x=1")):
        page = ledger.client.get(answer.json()["type"])
        assert page.status_code == 200
        assert "<h1>" in page.text


@pytest.mark.parametrize("sent", ["1", "W/1"])
def test_a_version_that_is_sent_without_its_quotes_is_told_apart_from_an_older_one(ledger: Ledger, sent: str) -> None:
    before = ledger.head()
    assert_problem(ledger.post(EVENTS, EVENT, **{"if-match": sent}), 412, f"“{sent}”, which is no ETag")
    assert ledger.head() == before


def test_what_is_wrong_with_a_parameter_is_told_with_what_would_be_right(ledger: Ledger) -> None:
    said = ledger.get("/v1/commitments/H-1?as_of=30.6.2023").json()["detail"]
    assert said == "as_of: “30.6.2023” cannot be read; accepted: a date YYYY-MM-DD from 1900-01-01 to 2199-12-31"


def test_whose_role_is_another_is_told_which_role_may(ledger: Ledger) -> None:
    refused = ledger.post(EVENTS, EVENT, role="auditor").json()
    assert refused["detail"] == "the role auditor may not record events other than reviews"
    assert "recorder" in refused["accepted"]
