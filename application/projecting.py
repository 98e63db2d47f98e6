"""From entries to read models: what a state looks like in a row, and the rows that a history gives."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from domain.correction_register import Corrected
from domain.entry import Entry, Facts
from domain.history import CourseChange, History
from domain.lifecycle import Assessment, Proof, Reading, State, Target

_DAY: Final = date.fromisoformat
_TARGETS, _ASSESSMENT, _PROOFS = (State._fields.index(name) - 1 for name in ("targets", "assessment", "proofs"))


def state_to_row(state: State) -> list[Any]:
    """Give a state, but for its details, as a list of JSON values and days in the order of its fields."""
    row: list[Any] = list(state[1:])
    row[_TARGETS] = [tuple(target) for target in state.targets]
    row[_ASSESSMENT] = state.assessment and tuple(state.assessment)
    row[_PROOFS] = [tuple(proof) for proof in state.proofs]
    return row


def state_from_row(row: Sequence[Any], details: Facts) -> State:
    """Read what `state_to_row` gave. A report does this for every commitment, so it is done without detours."""
    announced, targets, stage, slipped, suspended, outcome, implied_start, achieved_on = row[:8]
    slip_count, forecast, held, missed, last_held_on, said, reviews, last_activity_on, achieved_by, proofs = row[8:]
    return State(
        details,
        _DAY(announced),
        tuple(
            [
                Target(
                    version,
                    _DAY(effective_on),
                    _DAY(start_by) if start_by else None,
                    _DAY(due) if due else None,
                    tuple(authority) if authority else None,
                )
                for version, effective_on, start_by, due, authority in targets
            ]
        ),
        stage,
        slipped,
        suspended,
        outcome,
        implied_start,
        _DAY(achieved_on) if achieved_on else None,
        slip_count,
        _DAY(forecast) if forecast else None,
        held,
        missed,
        _DAY(last_held_on) if last_held_on else None,
        Assessment(said[0], said[1], _DAY(said[2]), tuple(said[3]) if said[3] else None) if said else None,
        reviews,
        _DAY(last_activity_on) if last_activity_on else None,
        achieved_by,
        tuple([Proof(tuple(items), tuple(texts) if texts else None) for items, texts in proofs]),
    )


def correction_to_row(corrected: Iterable[Corrected]) -> list[Any]:
    """Give what a correction did as JSON values: of each entry the reading before and after, and what was changed."""
    return [[_reading(each.before), each.after and _reading(each.after), each.changed] for each in corrected]


def correction_from_row(row: Sequence[Any]) -> tuple[Corrected, ...]:
    """Read what `correction_to_row` gave."""
    return tuple(Corrected(_read(before), after and _read(after), changed) for before, after, changed in row)


def _reading(reading: Reading) -> list[Any]:
    effective_on = reading.effective_on.isoformat()
    return [reading.position, reading.version, reading.kind, effective_on, reading.facts, reading.texts]


def _read(row: Sequence[Any]) -> Reading:
    position, version, kind, effective_on, facts, texts = row
    return Reading(position, version, kind, _DAY(effective_on), facts, {name: tuple(at) for name, at in texts.items()})


def course_changes(entries: Iterable[Entry]) -> Iterator[tuple[Entry, CourseChange]]:
    """Grow one commitment's history entry by entry, as it was recorded, with what each changed."""
    history = History()
    for entry in entries:
        yield entry, history.grow(entry)
