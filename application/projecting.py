"""From entries to read models: what a state looks like in a row, and the rows that a history gives."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from domain.answers import day
from domain.entry import Entry, Facts, TextAt
from domain.history import CourseChange, History
from domain.lifecycle import Assessment, Proof, State, Target


def state_to_row(state: State) -> str:
    """Write a state, but for its details, as JSON."""
    said = state.assessment
    row = {
        "announced": day(state.announced_on),
        "targets": [
            [target.version, day(target.effective_on), day(target.start_by), day(target.due), target.authority]
            for target in state.targets
        ],
        "stage": state.stage,
        "slipped": state.slipped,
        "suspended": state.suspended,
        "outcome": state.outcome,
        "implied_start": state.implied_start,
        "achieved_on": day(state.achieved_on),
        "slip_count": state.slip_count,
        "forecast": day(state.forecast),
        "held": state.held,
        "missed": state.missed,
        "last_held_on": day(state.last_held_on),
        "assessment": said and [said.rating, said.independence, day(said.reviewed_on), said.reviewer],
        "reviews": state.reviews,
        "last_activity_on": day(state.last_activity_on),
        "achieved_by": state.achieved_by,
        "proofs": [[proof.items, proof.texts] for proof in state.proofs],
    }
    return json.dumps(row, separators=(",", ":"))


def state_from_row(text: str, details: Facts) -> State:
    """Read what `state_to_row` wrote."""
    row = json.loads(text)
    said = row["assessment"]
    return State(
        details=details,
        announced_on=date.fromisoformat(row["announced"]),
        targets=tuple(
            Target(version, date.fromisoformat(effective_on), _day(start_by), _day(due), _at(authority))
            for version, effective_on, start_by, due, authority in row["targets"]
        ),
        stage=row["stage"],
        slipped=row["slipped"],
        suspended=row["suspended"],
        outcome=row["outcome"],
        implied_start=row["implied_start"],
        achieved_on=_day(row["achieved_on"]),
        slip_count=row["slip_count"],
        forecast=_day(row["forecast"]),
        held=row["held"],
        missed=row["missed"],
        last_held_on=_day(row["last_held_on"]),
        assessment=said and Assessment(said[0], said[1], date.fromisoformat(said[2]), _at(said[3])),
        reviews=row["reviews"],
        last_activity_on=_day(row["last_activity_on"]),
        achieved_by=row["achieved_by"],
        proofs=tuple(Proof(tuple(items), _at(texts)) for items, texts in row["proofs"]),
    )


def course_changes(entries: Iterable[Entry]) -> Iterator[tuple[Entry, CourseChange]]:
    """Grow one commitment's history entry by entry, as it was recorded, with what each changed."""
    history = History()
    for entry in entries:
        history.prepare(entry)
        change = history.change(entry)
        history.add(entry)
        yield entry, change


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _at(way: list[Any] | None) -> TextAt | None:
    return None if way is None else tuple(way)
