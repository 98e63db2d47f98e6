"""The lists of a status report: what is late, silent or contradictory, the most urgent first.

An item names the commitment and the dates or figures that put it there. Ties go by reference.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import compress
from typing import Any, Final, NamedTuple

from domain.answers import Answer, CommitmentAt, day
from domain.commitment_answers import Said, target_answer
from domain.filters import Row
from domain.lifecycle import Target
from domain.programme import ProgrammeState
from domain.report_figures import best_grade
from domain.timeliness import next_occurrence
from domain.vocabulary import RATINGS
from domain.wording import ValueOf, evidence_of

_NEVER: Final = date.max
_NAMED: Final = ("reference", "title", "tier", "status")
_DAYS_LATE: Final = ("days_late.current", "days_late.original")
_OVERDUE: Final = ("timeliness", "missed_on", "days_overdue", "undeclared_slip", "forecast")
_OCCURRENCES: Final = ("recurrence", "anchor", "held", "missed", "last_held_on", "next_on")
_OF_FRAME: Final[Mapping[str, Callable[[Row], Any]]] = {
    "recurrence": lambda row: row.found.state.details["timeframe"].get("recurrence"),
    "anchor": lambda row: row.found.state.details["timeframe"].get("anchor"),
    "next_on": lambda row: day(next_occurrence(row.found.state)),
}


class Listed(NamedTuple):
    """A list: the names of the members of its items, and the places of the rows that stand in it, the first first.

    Of a name `a.b`, `b` stands inside `a`. Values not in *more*, item by item, are those of the columns of all rows.
    """

    members: Sequence[str]
    places: Sequence[int]
    more: Mapping[str, Sequence[Any]]

    def columns(self, of_rows: Mapping[str, Sequence[Any]], more: Mapping[str, Sequence[Any]]) -> list[Sequence[Any]]:
        """Give the values of each member, taken from the columns of all rows and from what there is beside them."""
        found: list[Sequence[Any]] = []
        for name in self.members:
            column = more.get(name)
            if column is None:
                every = of_rows[name.replace(".", "_")]
                column = [every[place] for place in self.places]
            found.append(column)
        return found

    def laid_out(self, values: Iterable[Any]) -> Answer:
        """Give an item with these values."""
        item: Answer = {}
        for name, value in zip(self.members, values, strict=True):
            outer, _, inner = name.partition(".")
            if inner:
                item.setdefault(outer, {})[inner] = value
            else:
                item[name] = value
        return item

    def answers(self, of_rows: Mapping[str, Sequence[Any]]) -> list[Answer]:
        """Give the items."""
        columns = self.columns(of_rows, self.more)
        if "targets" in self.members:
            place = self.members.index("targets")
            columns[place] = [list(map(step_answer, chain)) for chain in columns[place]]
        return list(map(self.laid_out, zip(*columns, strict=True)))


def columns_of_rows(rows: Sequence[Row], said: Said) -> dict[str, Sequence[Any]]:
    """Give the columns that lists take values from: what is said of all rows, and what names them."""
    details = [row.found.state.details for row in rows]
    return {
        "reference": [row.found.reference for row in rows],
        "title": [each["title"] for each in details],
        "tier": [each["tier"] for each in details],
        **said._asdict(),
    }


def lists(rows: Sequence[Row], said: Said, as_of: date, value_of: ValueOf) -> dict[str, Listed]:
    """Give every list that is about commitments; *rows* come by reference, *said* has their columns.

    *value_of* looks up the texts of evidence.
    """
    listed = partial(_listed, rows)
    return {
        "achieved": listed(
            said.achieved_on,
            lambda row: row.found.state.achieved_on,
            ("achieved_on", "timeliness", *_DAYS_LATE, "evidence", "best_grade", "rating"),
            evidence=lambda row: evidence_of(row.found.state, value_of),
            best_grade=lambda row: best_grade(row.found.state),
            rating=_rating,
        ),
        "overdue": listed(said.days_overdue, _by_days_overdue, _OVERDUE, missed_on=_missed_on),
        "undeclared_slips": listed(said.undeclared_slip, _by_days_overdue, _OVERDUE, missed_on=_missed_on),
        "slipped": listed(
            said.slip_count,
            _by_slips,
            ("slipped", "slip_count", "forecast", "achieved_on", *_DAYS_LATE, "targets"),
        ),
        "due_soon": listed(
            [word == "due_soon" for word in said.timeliness],
            _next_date,
            ("due_on", "days_left"),
            due_on=lambda row: day(_next_date(row)),
            days_left=lambda row: (_next_date(row) - as_of).days,
        ),
        "stale": listed(
            said.stale,
            _last_heard_of,
            ("last_activity_on", "announced_on", "days_silent"),
            days_silent=lambda row: (as_of - _last_heard_of(row)).days,
        ),
        "divergent": listed(
            said.divergence,
            _by_rating,
            ("rating", "independence", "reviewed_on", "achieved_on"),
            rating=_rating,
            independence=lambda row: row.found.state.assessment and row.found.state.assessment.independence,
            reviewed_on=lambda row: day(row.found.state.assessment and row.found.state.assessment.reviewed_on),
        ),
        "off_cadence": listed(
            said.off_cadence,
            _promised,
            (*_OCCURRENCES, "days_overdue"),
            **_OF_FRAME,
            days_overdue=lambda row: (as_of - _promised(row)).days,
        ),
        "recurring": listed(
            [row.found.state.details["kind"] == "recurring" for row in rows],
            lambda _: 0,
            (*_OCCURRENCES, "off_cadence"),
            **_OF_FRAME,
        ),
    }


def _listed(
    rows: Sequence[Row],
    belongs: Iterable[object],
    urgency: Callable[[Row], Any],
    members: Sequence[str],
    **more: Callable[[Row], Any],
) -> Listed:
    """List the rows for which *belongs* has something: neither false nor none nor nothing."""
    chosen = sorted(compress(range(len(rows)), belongs), key=lambda place: urgency(rows[place]))
    shown = [rows[place] for place in chosen]
    beside = {name: [value(row) for row in shown] for name, value in more.items()}
    return Listed((*_NAMED, *members), chosen, beside)


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


def step_answer(target: Target) -> Answer:
    """Give a target as a step of the chain that a list shows."""
    step = target_answer(target, lambda _: None)
    del step["authority"]
    return step


def _by_days_overdue(row: Row) -> int:
    return -(row.standing.days_overdue or 0)


def _by_slips(row: Row) -> tuple[bool, int]:
    return not row.found.state.slipped, -row.found.state.slip_count


def _next_date(row: Row) -> date:
    """Give the date that comes next: the due date, or the start while it is awaited."""
    state = row.found.state
    waiting = state.target.start_by if state.stage == "announced" else None
    return min(state.target.due or _NEVER, waiting or _NEVER)


def _last_heard_of(row: Row) -> date:
    state = row.found.state
    return state.last_activity_on or state.announced_on


def _missed_on(row: Row) -> str | None:
    target = row.found.state.target
    return day(target.due if row.standing.timeliness == "overdue" else target.start_by)


def _rating(row: Row) -> str | None:
    said = row.found.state.assessment
    return said and said.rating


def _by_rating(row: Row) -> int:
    said = row.found.state.assessment
    return 0 if said is None else RATINGS.index(said.rating)


def _promised(row: Row) -> date:
    return next_occurrence(row.found.state) or _NEVER
