"""What is computed from a state and a day, and never recorded: timeliness and the flags (design, 3.5)."""

from datetime import date
from typing import Final, NamedTuple

from domain.chronology import Recurrence
from domain.lifecycle import State

DUE_SOON_DAYS: Final = 90
STALE_DAYS: Final = 365
_SHORT_OF_ACHIEVED: Final = ("no_evidence", "not_met", "limited", "substantial")


class Standing(NamedTuple):
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
    word, first, target = timeliness(state, as_of), state.targets[0], state.targets[-1]
    missed = target.due if word == "overdue" else target.start_by if word == "start_overdue" else None
    last = state.last_activity_on or state.announced_on
    achieved_on, still_open = state.achieved_on, state.outcome is None
    return Standing(
        timeliness=word,
        days_overdue=None if missed is None else (as_of - missed).days,
        days_late_current=None if achieved_on is None else _days_late(achieved_on, target.due),
        days_late_original=None if achieved_on is None else _days_late(achieved_on, first.due),
        undeclared_slip=missed is not None and not state.slipped and not state.suspended,
        stale=still_open and (as_of - last).days > STALE_DAYS,
        off_cadence=still_open and _off_cadence(state, as_of),
        divergence=_divergence(state),
    )


def timeliness(state: State, as_of: date) -> str:
    """Give the word for the target in force; the first that fits."""
    _, _, start_by, due, _ = state.targets[-1]
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
    next_on = due if waiting is None else waiting if due is None else min(due, waiting)
    return "due_soon" if next_on is not None and (next_on - as_of).days <= DUE_SOON_DAYS else "upcoming"


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
    return promised is not None and promised < as_of


def _days_late(achieved_on: date, due: date | None) -> int | None:
    return None if due is None else max(0, (achieved_on - due).days)


def _divergence(state: State) -> bool:
    if state.assessment is None:
        return False
    rating = state.assessment.rating
    return (state.outcome == "achieved" and rating in _SHORT_OF_ACHIEVED) or (state.open and rating == "full")
