"""The API and the plain second model, side by side: they accept, refuse and answer alike at every two times."""

import shutil
import tempfile
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from api.app import create_app
from tests import naive, strategies
from tests.http_ledger import Ledger, made
from tests.scenario import REGISTER, Story


@pytest.fixture(scope="module")
def backend() -> str:
    """Every example makes a ledger of its own."""
    return "sqlite"


COMPARED = (
    "status", "stage", "slipped", "suspended", "outcome", "implied_start", "achieved_on", "slip_count", "target",
    "timeliness", "days_overdue", "days_late", "undeclared_slip", "stale", "off_cadence", "divergence", "occurrences",
    "reviews", "last_activity_on",
)  # fmt: skip


class SideBySide(RuleBasedStateMachine):
    """One commitment, recorded through HTTP on days that move on."""

    story: Story

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp())
        self._client: TestClient | None = None

    @initialize(story=strategies.beginnings())
    def announce(self, story: Story) -> None:
        self.story = story
        services, tokens = made(self._folder, self._now, four_eyes=False)
        self._client = TestClient(create_app(services))
        self._client.__enter__()
        self.ledger = Ledger(self._client, tokens)
        body = deepcopy(story.rows[0]["body"])
        commitment = body.pop("commitment")
        partners = [{"code": code, "name": code, "type": "body"} for code in sorted(REGISTER)]
        programme = {
            "code": commitment["programme"],
            "title": "T",
            "adopted_on": "2000-01-01",
            "partners": partners,
            "reference_prefix": "SC-",  # since a story may be about something internal
        }
        assert self.ledger.post("/v1/programmes", programme).status_code == 201
        body.pop("partners", None)
        answer = self.ledger.post("/v1/commitments", {**body, **commitment})
        assert answer.status_code == 201, answer.text
        self.path = answer.headers["location"]
        self.rows = [{**story.rows[0], "position": answer.json()["position"]}]

    def _now(self) -> datetime:
        return datetime.combine(self.story.today, time(9), UTC)

    @rule(days=st.sampled_from((1, 30, 200, 500)))
    def time_passes(self, days: int) -> None:
        self.story.today += timedelta(days=days)

    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        self._send(data, data.draw(strategies.fitting_kinds(self.story.status)))

    @rule(data=st.data())
    def rectify(self, data: st.DataObject) -> None:
        self._send(data, "rectified")

    @precondition(lambda self: self.story.latest > 1)
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        self._send(data, "retracted")

    def _send(self, data: st.DataObject, kind: str) -> None:
        if kind == "announced":
            return
        body = data.draw(strategies.sendable(kind, self.story))
        row = self.story.row(kind, body)
        verdict = naive.judge(self.story.rows, row, REGISTER)
        role = "reviewer" if kind in ("reviewed", "rectified", "retracted") else "recorder"
        answer = self.ledger.post(f"{self.path}/events", {**body, "kind": kind}, role=role)
        assert (answer.status_code == 201) == (verdict is None), answer.text
        if isinstance(verdict, int):
            assert answer.json()["entry"] == verdict
        if verdict is None:
            self.story.send(kind, body)
            self.rows.append({**self.story.rows[-1], "position": answer.json()["position"]})

    @rule(as_of=strategies.days, back=st.integers(0, 8))
    def ask(self, as_of: date, back: int) -> None:
        log_size = max(self.rows[-1]["position"] - back, 0)
        expected = naive.state(self.rows, as_of.isoformat(), log_size)
        answer = self.ledger.get(f"{self.path}?as_of={as_of}&log_size={log_size}")
        if expected is None:
            assert answer.status_code == 404
            return
        found: dict[str, Any] = answer.json()
        assert {name: found[name] for name in COMPARED} == {name: expected[name] for name in COMPARED}

    def teardown(self) -> None:
        if self._client is not None:
            self._client.__exit__(None, None, None)
        shutil.rmtree(self._folder, ignore_errors=True)


def test_the_api_and_the_plain_model_side_by_side() -> None:
    run_state_machine_as_test(SideBySide, settings=settings(max_examples=25, stateful_step_count=20))
