"""What is computed from a state and a day, and never recorded: timeliness and the flags (design, 3.5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.chronology import Recurrence
from domain.lifecycle import State

DUE_SOON_DAYS: Final = 90
STALE_DAYS: Final = 365
_SHORT_OF_ACHIEVED: Final = ("no_evidence", "not_met", "limited", "substantial")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a commitment stands on a day."""

    timeliness: str
    days_overdue: int | None
    days_late_current: int | None
    days_late_original: int | None
    undeclared_slip: bool
    stale: bool
    off_cadence: bool
    divergence: bool


def standing(state: State, as_of: date) -> Standing:
    """Compute timeliness and flags of a state on the day *as_of*."""
    word = timeliness(state, as_of)
    missed = {"overdue": state.target.due, "start_overdue": state.target.start_by}.get(word)
    last = state.last_activity_on or state.announced_on
    return Standing(
        timeliness=word,
        days_overdue=None if missed is None else (as_of - missed).days,
        days_late_current=_days_late(state, state.target.due),
        days_late_original=_days_late(state, state.targets[0].due),
        undeclared_slip=missed is not None and not state.slipped and not state.suspended,
        stale=state.open and (as_of - last).days > STALE_DAYS,
        off_cadence=_off_cadence(state, as_of),
        divergence=_divergence(state),
    )


def timeliness(state: State, as_of: date) -> str:
    """Give the word for the target in force; the first that fits."""
    due, start_by = state.target.due, state.target.start_by
    if state.outcome == "achieved":
        if due is None:
            return "no_target"
        return "met_late" if state.achieved_on is not None and state.achieved_on > due else "met"
    if state.outcome is not None:
        return "closed"
    waiting = start_by if state.stage == "announced" else None
    if due is None and waiting is None:
        return "no_target"
    if due is not None and due < as_of:
        return "overdue"
    if waiting is not None and waiting < as_of:
        return "start_overdue"
    soon = as_of + timedelta(days=DUE_SOON_DAYS)
    return "due_soon" if any(day is not None and day <= soon for day in (due, waiting)) else "upcoming"


def next_occurrence(state: State) -> date | None:
    """Give the day by which the next occurrence is promised; None without a recurrence."""
    frame = state.details["timeframe"]
    if state.details["kind"] != "recurring" or "recurrence" not in frame:
        return None
    if state.last_held_on is None:
        return date.fromisoformat(frame["anchor"])
    return Recurrence.parse(frame["recurrence"]).after(state.last_held_on)


def _off_cadence(state: State, as_of: date) -> bool:
    promised = next_occurrence(state)
    return state.open and promised is not None and promised < as_of


def _days_late(state: State, due: date | None) -> int | None:
    if state.achieved_on is None or due is None:
        return None
    return max(0, (state.achieved_on - due).days)


def _divergence(state: State) -> bool:
    if state.assessment is None:
        return False
    rating = state.assessment.rating
    return (state.outcome == "achieved" and rating in _SHORT_OF_ACHIEVED) or (state.open and rating == "full")
