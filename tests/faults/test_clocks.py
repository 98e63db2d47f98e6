"""Clocks that jump: sealing goes on, or recording stops loudly; never two heads of one size."""

from pathlib import Path

import pytest

from infrastructure.wiring import ClockBehindError
from tests.sealed import sealed_ledger
from tests.stores import MovableClock


def test_a_clock_that_goes_forward_and_back_moves_no_entry_and_forks_no_log(tmp_path: Path) -> None:
    clock = MovableClock()
    with sealed_ledger(tmp_path, now=clock) as ledger:
        ledger.begin()
        sizes = [ledger.seal().size]
        for step in ({"days": 365}, {"seconds": -30}, {"seconds": -29}, {"seconds": 59}):
            clock.move(**step)
            ledger.grow(2)
            sizes.append(ledger.seal().size)
        assert sizes == [2, 4, 6, 8, 10]
        with ledger.services.view() as view:
            instants = [each.entry.recorded_at for each in view.recorded(up_to=10)]
        assert instants == sorted(set(instants))
        ledger.assert_consistent()


def test_a_clock_far_behind_stops_recording_loudly_and_the_log_stands(tmp_path: Path) -> None:
    clock = MovableClock()
    with sealed_ledger(tmp_path, now=clock) as ledger:
        ledger.begin()
        before = ledger.seal()
        clock.move(hours=-1)
        with pytest.raises(ClockBehindError):
            ledger.grow()
        assert ledger.seal() == before
        ledger.reopen()
        with pytest.raises(ClockBehindError):
            ledger.grow()
        assert ledger.seal() == before
        clock.move(hours=1)
        assert ledger.grow() == before.size + 1
        assert ledger.seal().size == before.size + 1
        ledger.assert_consistent()
