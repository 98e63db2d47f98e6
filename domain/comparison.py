"""What changed: between two dates as known at one moment, and between two moments about one date (design, 7)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from domain.answers import Answer, CommitmentAt, Moment, day
from domain.commitment_answers import commitment_answer
from domain.filters import Filters, Row
from domain.lifecycle import Reading, State, apply
from domain.report import facts_of
from domain.timeliness import standing

KINDS: Final = (
    "announced", "started", "progressed", "reviewed", "achieved", "slipped", "rebaselined", "suspended", "resumed",
    "abandoned", "superseded", "reopened", "occurrence_held", "occurrence_missed",
)  # fmt: skip
"""The kinds of events that a comparison of two dates lists, in its order."""

_UNKNOWN: Final = Moment(0, None)
_CONTEXT: Final = ("as_of", "related")


def between_dates(
    since: date,
    until: date,
    before: Mapping[str, Row],
    after: Iterable[Row],
    readings: Mapping[str, Sequence[Reading]],
) -> Answer:
    """Tell what took effect after *since* and up to *until*, and which commitments stand otherwise than before.

    It is about the commitments of *after* (on *until*); *before* holds them on *since*, by reference, as far as they
    existed. *readings* gives the readings, in order, of those that anything happened to.
    """
    events: dict[str, list[Answer]] = {kind: [] for kind in KINDS}
    moved = []
    for row in after:
        reference, earlier = row.found.reference, before.get(row.found.reference)
        for kind, event in _events(readings.get(reference, ()), since, until):
            named = {"reference": reference, "title": row.found.state.details["title"]}
            events[kind].append(named | event)
        if earlier is not None and _place(earlier) != _place(row):
            title = row.found.state.details["title"]
            moved.append({"reference": reference, "title": title, "before": _place(earlier), "after": _place(row)})
    for listed in events.values():
        listed.sort(key=lambda event: event["effective_on"])
    counts = {kind: len(listed) for kind, listed in events.items()} | {"moved": len(moved)}
    return {"from": day(since), "to": day(until), "counts": counts, "events": events, "moved": moved}


def _place(row: Row) -> Answer:
    return {"status": row.found.state.status, "timeliness": row.standing.timeliness}


def _events(readings: Iterable[Reading], since: date, until: date) -> Iterator[tuple[str, Answer]]:
    """Give the events in effect after *since*, by kind; a start that an achievement or occurrence implies is one."""
    state: State | None = None
    for reading in readings:
        if reading.effective_on > until:
            return
        waiting = state is not None and state.stage == "announced"
        state = apply(state, reading)
        if reading.effective_on <= since:
            continue
        event: Answer = {"effective_on": day(reading.effective_on), "version": reading.version}
        if waiting and state.stage != "announced":
            yield "started", event | {"implied": reading.kind != "started"}
        if reading.kind in KINDS and reading.kind != "started":
            yield reading.kind, event


def between_moments(
    before: Iterable[CommitmentAt], after: Iterable[CommitmentAt], filters: Filters, as_of: date
) -> list[Answer]:
    """Tell for one date which commitments read otherwise than before, with the members that differ.

    A commitment is asked for if the filters match it as known before or as known after. *before* is null for one
    that was not known then, *after* for one that exists on that date no more, because its announcement was corrected.
    """
    earlier = {found.reference: found for found in before}
    later = {found.reference: found for found in after}
    changed = []
    for reference in sorted(earlier.keys() | later.keys()):
        known = [earlier.get(reference), later.get(reference)]
        if known[0] is not None and known[1] is not None and known[0].state == known[1].state:
            continue
        if not any(found and filters.matches(found, standing(found.state, as_of)) for found in known):
            continue
        old, new = (None if found is None else _facts(found, as_of) for found in known)
        named = {"reference": reference, "title": (new or old or {})["title"]}
        if old is None or new is None:
            changed.append(named | {"before": old, "after": new})
        elif old != new:
            differing = [name for name in new if old[name] != new[name]]
            was, reads = ({name: facts[name] for name in differing} for facts in (old, new))
            changed.append(named | {"before": was, "after": reads})
    return changed


def _facts(found: CommitmentAt, as_of: date) -> Answer:
    answer = commitment_answer(found, standing(found.state, as_of), as_of, _UNKNOWN, [], lambda _: None)
    return {name: value for name, value in facts_of(answer).items() if name not in _CONTEXT}
