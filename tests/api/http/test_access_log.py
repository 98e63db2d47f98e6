"""Whoever is shown what is not public is written down, beside the ledger; what cannot be written down is not shown."""

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from application.access import Caller
from infrastructure.callers.access_log import MOST_FILES, AccessLog, Asked
from tests.http_ledger import COMMITMENT, PROGRAMME, Ledger, assert_problem, filled, made


class Kept:
    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.path, self.ledger = folder / "access-log" / "access.jsonl", ledger

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def new(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """What is written down because of one question of an auditor."""
        before = len(self.lines())
        assert self.ledger.get(path, **headers).status_code == 200
        return self.lines()[before:]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    services, tokens = made(tmp_path, public_read=True)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        yield Kept(tmp_path, filled(client, tokens))


def hide(kept: Kept) -> None:
    plan = {**PROGRAMME, "code": "secret-plan", "visibility": "internal", "reference_prefix": "S-"}
    kept.ledger.post("/v1/programmes", plan)
    body = {**COMMITMENT, "programme": "secret-plan", "reference": "S-1"}
    assert kept.ledger.post("/v1/commitments", body).status_code == 201


def test_reading_what_is_public_is_not_written_down(kept: Kept) -> None:
    for path in ("/v1/commitments", "/v1/commitments/H-1", "/v1/events", "/v1/reports/status", "/v1/programmes"):
        assert kept.new(path) == []
        assert kept.ledger.client.get(path).status_code == 200
    assert not kept.path.exists()


def test_a_line_tells_who_was_shown_what_and_how_it_was_asked(kept: Kept) -> None:
    hide(kept)
    head = kept.ledger.head()
    (line,) = kept.new("/v1/commitments/S-1?as_of=2025-01-01")
    token = next(each for each in kept.ledger.get("/v1/tokens").json()["items"] if each["role"] == "auditor")
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "actor": "the-auditor",
        "role": "auditor",
        "token": token["id"],
        "route": "GET /v1/commitments/{reference}",
        "parameters": {"reference": "S-1", "as_of": "2025-01-01"},
        "restricted": ["secret-plan"],
    }
    assert kept.ledger.head() == head
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert kept.ledger.tokens["auditor"] not in kept.path.read_text()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/commitments",
        "/v1/programmes",
        "/v1/partners",
        "/v1/programmes/secret-plan/history",
        "/v1/events?limit=500",
    ],
)
def test_every_question_whose_answer_rests_on_what_is_internal_is_written_down(kept: Kept, path: str) -> None:
    hide(kept)
    (line,) = kept.new(path)
    assert line["restricted"] == ["secret-plan"]


def test_a_stream_is_written_down_once(kept: Kept) -> None:
    hide(kept)
    (line,) = kept.new("/v1/events", accept="application/x-ndjson")
    assert (line["route"], line["restricted"]) == ("GET /v1/events", ["secret-plan"])


def test_reports_about_everything_and_lists_of_rights_are_written_down(kept: Kept) -> None:
    (line,) = kept.new("/v1/reports/status?visibility=all")
    assert (line["parameters"], line["restricted"]) == ({"visibility": "all"}, ["the ledger"])
    for path in ("/v1/tokens", "/v1/roles", "/v1/actors"):
        (line,) = kept.new(path)
        assert line["restricted"] == ["rights"]


def test_what_cannot_be_written_down_is_not_shown(kept: Kept) -> None:
    hide(kept)
    kept.path.parent.parent.joinpath("access-log").write_text("in the way")
    for path in ("/v1/commitments/S-1", "/v1/commitments", "/v1/reports/status?visibility=all", "/v1/tokens"):
        answer = kept.ledger.get(path)
        assert_problem(answer, 503, "access log")
        assert "secret-plan" not in answer.text
    assert kept.ledger.get("/v1/commitments/H-1").status_code == 200
    assert kept.ledger.client.get("/v1/commitments").status_code == 200


def test_a_full_file_is_put_aside_and_the_oldest_ones_go(tmp_path: Path) -> None:
    moments = iter(datetime(2024, 1, 1, 0, minute // 60, minute % 60, tzinfo=UTC) for minute in range(3_600))
    log = AccessLog(tmp_path, lambda: next(moments), largest=300)
    for number in range(200):
        log.write(Caller("auditor-1", "auditor"), Asked("GET /v1/events", {"after": str(number)}), ["secret-plan"])
    aside = sorted(tmp_path.glob("access-*.jsonl"))
    assert len(aside) == MOST_FILES
    lines = [json.loads(line) for path in (*aside, tmp_path / "access.jsonl") for line in path.read_text().splitlines()]
    numbers = [int(line["parameters"]["after"]) for line in lines]
    assert numbers == list(range(numbers[0], 200))
    assert all(path.stat().st_size < 600 for path in aside)
