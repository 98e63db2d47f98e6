"""Ratios against a peer, measured turn by turn in one run, because machines are noisy; no time can fail a test."""

import random
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from application.access import Caller
from application.recording import Request, announce, publish_programme, record_event
from domain.commitment import Commitment
from domain.replay import state_at
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
RECORDER = Caller("bench", "recorder")
COMMITMENTS, ROUNDS = 200, 5


@pytest.fixture
def services(tmp_path: Path) -> Services:
    services = build(Settings(data_dir=tmp_path / "ledger", log_level="error"))
    services.migrate()
    services.record(
        publish_programme(Request(RECORDER, {"code": "bench", "title": "Bench", "adopted_on": "2020-01-01"}))
    )
    for number in range(COMMITMENTS):
        body = {
            "reference": f"B-{number}", "programme": "bench", "title": "One", "kind": "one_off", "tier": "action",
            "timeframe": {"wording": "in 2025", "due": "2025-12-31"}, "occurred_on": "2020-01-01",
        }  # fmt: skip
        services.record(announce(Request(RECORDER, body)))
        services.record(record_event(_event("started", "2020-02-01"), f"B-{number}", four_eyes=True))
    return services


def _event(kind: str, day: str) -> Request:
    return Request(RECORDER, {"kind": kind, "occurred_on": day, "statement": "Something was done, as agreed."})


def test_a_report_for_two_times_against_folding_every_entry(services: Services) -> None:
    chance = random.Random(1)
    for turn in range(20):
        for number in range(COMMITMENTS):
            day = date(2020, 3, 1) + timedelta(days=turn * 30 + number % 7)
            services.record(record_event(_event("progressed", day.isoformat()), f"B-{number}", four_eyes=True))

    def indexed() -> None:
        with services.view() as view:
            at = date(2020, 1, 1) + timedelta(days=chance.randrange(700)), chance.randrange(400, view.head.log_size)
            view.commitments(*at)

    def folded() -> None:
        with services.view() as view:
            at = date(2020, 1, 1) + timedelta(days=chance.randrange(700)), chance.randrange(400, view.head.log_size)
            for number in range(COMMITMENTS):
                entries = view.entries(Commitment.id_of(f"B-{number}"), at[1])
                if entries:
                    state_at(entries, *at)

    _compare("states at (V, N) from the read models", indexed, "folding every entry", folded, 1)


def _compare(name: str, ours: Callable[[], None], peer_name: str, peer: Callable[[], None], count: int) -> None:
    ratios, rates = [], []
    for _ in range(ROUNDS):
        times = []
        for work in (ours, peer):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        ratios.append(times[1] / times[0])
        rates.append(count / times[0])
    print(
        f"\n{name}: {statistics.median(rates):,.0f}/s; {statistics.median(ratios):.2f} times {peer_name}"
        f" ({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds)"
    )
    assert len(ratios) == ROUNDS
