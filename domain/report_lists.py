"""The lists of a status report: what is late, silent or contradictory, the most urgent first.

An item names the commitment and the dates or figures that put it there. Ties go by reference.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import compress
from operator import itemgetter
from typing import Any, Final

from domain.answers import Answer, CommitmentAt, columns, day
from domain.filters import Row
from domain.lifecycle import State
from domain.programme import ProgrammeState
from domain.report_figures import best_grade
from domain.timeliness import Standing, next_occurrence
from domain.vocabulary import RATINGS
from domain.wording import ValueOf, evidence_of

_NEVER: Final = date.max


def lists(rows: Sequence[Row], as_of: date, value_of: ValueOf) -> Answer:
    """Give every list that is about commitments; *value_of* looks up the texts of evidence."""
    state = columns(State, [row.found.state for row in rows])
    standing = columns(Standing, [row.standing for row in rows])
    return {
        "achieved": _list(
            rows,
            state.achieved_on,
            lambda row: _achieved(row, value_of),
            lambda row: row.found.state.achieved_on,
        ),
        "overdue": _list(rows, standing.days_overdue, _overdue, _by_days_overdue),
        "undeclared_slips": _list(rows, standing.undeclared_slip, _overdue, _by_days_overdue),
        "slipped": _list(rows, state.slip_count, _slipped, _by_slips),
        "due_soon": _list(
            rows,
            [word == "due_soon" for word in standing.timeliness],
            lambda row: {"due_on": day(_next_date(row)), "days_left": (_next_date(row) - as_of).days},
            _next_date,
        ),
        "stale": _list(
            rows,
            standing.stale,
            lambda row: {
                "last_activity_on": day(row.found.state.last_activity_on),
                "announced_on": day(row.found.state.announced_on),
                "days_silent": (as_of - _last_heard_of(row.found.state)).days,
            },
            lambda row: _last_heard_of(row.found.state),
        ),
        "divergent": _list(rows, standing.divergence, _divergent, _by_rating),
        "off_cadence": _list(
            rows,
            standing.off_cadence,
            lambda row: _occurrences(row) | {"days_overdue": (as_of - _promised(row)).days},
            _promised,
        ),
        "recurring": _list(
            rows,
            [each["kind"] == "recurring" for each in state.details],
            lambda row: _occurrences(row) | {"off_cadence": row.standing.off_cadence},
            lambda _: 0,
        ),
    }


def silent_partners(
    programmes: Iterable[ProgrammeState], commitments: Iterable[CommitmentAt], only: Sequence[str]
) -> list[Answer]:
    """List who stands in a register as `partner` while no commitment of theirs shows any activity.

    All *commitments* of a programme count, whatever else a report is narrowed to; *only* names the partners in
    question, all if it is empty.
    """
    named: dict[tuple[str, str], int] = {}
    active: set[tuple[str, str]] = set()
    for each in commitments:
        for code in each.state.details.get("partners", ()):
            key = (each.programme, code)
            named[key] = named.get(key, 0) + 1
            if each.state.last_activity_on is not None:
                active.add(key)
    silent = [
        {
            "programme": programme.code,
            "code": code,
            "name": partner["name"],
            "type": partner["type"],
            "commitments": named.get((programme.code, code), 0),
        }
        for programme in programmes
        for code, partner in programme.partners.items()
        if partner.get("role", "partner") == "partner"
        and (programme.code, code) not in active
        and (not only or code in only)
    ]
    return sorted(silent, key=lambda item: (-item["commitments"], item["code"], item["programme"]))


def _list(
    rows: Iterable[Row], belongs: Iterable[object], why: Callable[[Row], Answer], urgency: Callable[[Row], Any]
) -> list[Answer]:
    """List the rows for which *belongs* has something: neither false nor none nor nothing."""
    chosen = [(urgency(row), row.found.reference, row) for row in compress(rows, belongs)]
    chosen.sort(key=itemgetter(0, 1))
    return [_named(row) | why(row) for _, _, row in chosen]


def _named(row: Row) -> Answer:
    details = row.found.state.details
    return {
        "reference": row.found.reference,
        "title": details["title"],
        "tier": details["tier"],
        "status": row.status,
    }


def _achieved(row: Row, value_of: ValueOf) -> Answer:
    state = row.found.state
    return {
        "achieved_on": day(state.achieved_on),
        "timeliness": row.standing.timeliness,
        "days_late": {"current": row.standing.days_late_current, "original": row.standing.days_late_original},
        "evidence": evidence_of(state, value_of),
        "best_grade": best_grade(state),
        "rating": state.assessment and state.assessment.rating,
    }


def _overdue(row: Row) -> Answer:
    target = row.found.state.target
    return {
        "timeliness": row.standing.timeliness,
        "missed_on": day(target.due if row.standing.timeliness == "overdue" else target.start_by),
        "days_overdue": row.standing.days_overdue,
        "undeclared_slip": row.standing.undeclared_slip,
        "forecast": day(row.found.state.forecast),
    }


def _by_days_overdue(row: Row) -> int:
    return -(row.standing.days_overdue or 0)


def _slipped(row: Row) -> Answer:
    state = row.found.state
    return {
        "slipped": state.slipped,
        "slip_count": state.slip_count,
        "forecast": day(state.forecast),
        "achieved_on": day(state.achieved_on),
        "days_late": {"current": row.standing.days_late_current, "original": row.standing.days_late_original},
        "targets": [
            {
                "version": target.version,
                "effective_on": day(target.effective_on),
                "start_by": day(target.start_by),
                "due": day(target.due),
            }
            for target in state.targets
        ],
    }


def _by_slips(row: Row) -> tuple[bool, int]:
    return not row.found.state.slipped, -row.found.state.slip_count


def _next_date(row: Row) -> date:
    """Give the date that comes next: the due date, or the start while it is awaited."""
    state = row.found.state
    waiting = state.target.start_by if state.stage == "announced" else None
    return min(state.target.due or _NEVER, waiting or _NEVER)


def _last_heard_of(state: State) -> date:
    return state.last_activity_on or state.announced_on


def _divergent(row: Row) -> Answer:
    said = row.found.state.assessment
    assert said is not None
    return {
        "rating": said.rating,
        "independence": said.independence,
        "reviewed_on": day(said.reviewed_on),
        "achieved_on": day(row.found.state.achieved_on),
    }


def _by_rating(row: Row) -> int:
    said = row.found.state.assessment
    return 0 if said is None else RATINGS.index(said.rating)


def _occurrences(row: Row) -> Answer:
    state, frame = row.found.state, row.found.state.details["timeframe"]
    return {
        "recurrence": frame.get("recurrence"),
        "anchor": frame.get("anchor"),
        "held": state.held,
        "missed": state.missed,
        "last_held_on": day(state.last_held_on),
        "next_on": day(next_occurrence(state)),
    }


def _promised(row: Row) -> date:
    return next_occurrence(row.found.state) or _NEVER
