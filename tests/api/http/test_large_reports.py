"""Of how many commitments a report may tell: a bound, and what is told to whoever asks for more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.settings import Settings
from infrastructure.wiring import build
from tests.http_ledger import COMMITMENT, PROGRAMME, Ledger, assert_problem, made

REPORTS = (
    *(f"/v1/reports/status?format={form}" for form in ("json", "csv", "html", "xlsx", "pdf")),
    "/v1/reports/changes?from=2024-01-01",
    "/v1/reports/changes?from_log_size=0",
)
ACCEPTED = "programme, theme, partner, tier or other filters that leave fewer"


def recorded(ledger: Ledger, path: str, body: dict[str, Any], role: str = "recorder") -> dict[str, Any]:
    answer = ledger.post(path, body, role=role)
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


@pytest.fixture
def bounded(tmp_path: Path) -> Iterator[Ledger]:
    """Three commitments, two of them with a theme, where a report tells of two; a report of all three was issued."""
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        before = Ledger(client, tokens)
        recorded(before, "/v1/programmes", PROGRAMME)
        for number in (1, 2, 3):
            themes = ["quays"] if number < 3 else []
            recorded(before, "/v1/commitments", COMMITMENT | {"reference": f"H-{number}", "themes": themes})
        issued = recorded(before, "/v1/reports", {})
        kept = before.get(issued["address"]).content
    services = build(Settings(data_dir=tmp_path, log_level="error", max_report_commitments=2))
    with TestClient(create_app(services)) as client:
        ledger = Ledger(client, tokens)
        assert ledger.get(issued["address"]).content == kept
        assert ledger.get(f"{issued['address']}/check").status_code == 200
        yield ledger


@pytest.mark.parametrize("path", REPORTS)
def test_a_report_of_more_is_refused_and_filters_are_named_that_leave_fewer(bounded: Ledger, path: str) -> None:
    refused = bounded.get(path)
    assert_problem(refused, 422, "the report would tell of 3 commitments, more than 2", ACCEPTED)
    assert bounded.get(f"{path}&theme=quays").status_code == 200


def test_none_is_issued_that_could_not_be_asked_for(bounded: Ledger) -> None:
    assert_problem(bounded.post("/v1/reports", {}), 422, "more than 2", ACCEPTED)
    assert bounded.post("/v1/reports", {"theme": ["quays"]}).status_code == 201


def test_many_corrections_are_too_many_too(bounded: Ledger) -> None:
    started = {"kind": "started", "occurred_on": "2024-03", "statement": "Work began."}
    entry = recorded(bounded, "/v1/commitments/H-1/events", started)["version"]
    for number in range(11):
        correction = {"kind": "rectified", "entry": entry, "changes": {"occurred_on": f"2024-03-{number + 1:02}"}}
        recorded(bounded, "/v1/commitments/H-1/events", correction | {"reason": "Another day."}, "reviewer")
        asked = bounded.get("/v1/reports/status?theme=quays"), bounded.get("/v1/reports/changes?from_log_size=0&q=Sh")
        if number < 10:
            assert asked[0].status_code == 200
    assert_problem(asked[0], 422, "the report would tell of 11 corrections, more than 10", ACCEPTED)
    assert_problem(asked[1], 422, "more than 2", ACCEPTED)
    assert bounded.get("/v1/reports/status?as_of=2024-02-01&theme=nothing").status_code == 200
