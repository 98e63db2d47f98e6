"""Ratios against a peer, measured turn by turn in one run, because machines are noisy; no time can fail a test."""

import random
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.commitment import Commitment
from domain.lifecycle import State
from domain.replay import state_at
from infrastructure.wiring import Services
from tests.benchmarks.started import started_ledger, step

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
COMMITMENTS, STEPS, ROUNDS = 200, 20, 5
States = dict[str, State]
Work = Callable[[date, int], States]


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return started_ledger(tmp_path / "ledger", COMMITMENTS)


def test_a_report_for_two_times_against_folding_every_entry(services: Services) -> None:
    for turn in range(STEPS):
        for number in range(COMMITMENTS):
            services.record(step(number, (date(2020, 3, 1) + timedelta(days=turn * 30 + number % 7)).isoformat()))

    def indexed(as_of: date, log_size: int) -> States:
        with services.view() as view:
            return {each.reference: each.state for each in view.commitments(as_of, log_size)}

    def folded(as_of: date, log_size: int) -> States:
        states = {}
        with services.view() as view:
            for number in range(COMMITMENTS):
                entries = view.entries(Commitment.id_of(f"B-{number}"), log_size)
                states[f"B-{number}"] = state_at(entries, as_of, log_size) if entries else None
        return {reference: state for reference, state in states.items() if state is not None}

    _compare("states at (V, N) from the read models", indexed, "folding every entry", folded)
    services.close()


def _compare(name: str, ours: Work, peer_name: str, peer: Work) -> None:
    chance, ratios, rates = random.Random(1), [], []
    everything = 1 + COMMITMENTS * (2 + STEPS)
    for _ in range(ROUNDS):
        at = date(2020, 1, 1) + timedelta(days=chance.randrange(700)), chance.randrange(400, everything)
        found, times = [], []
        for work in (ours, peer):
            began = time.perf_counter()
            found.append(work(*at))
            times.append(time.perf_counter() - began)
        assert found[0] == found[1], at
        assert found[0], at
        ratios.append(times[1] / times[0])
        rates.append(1 / times[0])
    print(
        f"\n{name}: {statistics.median(rates):,.0f}/s; {statistics.median(ratios):.2f} times {peer_name}"
        f" ({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds)"
    )
    assert len(ratios) == ROUNDS
