"""The two-time fold (design, 3.4): what was known at N, in effect at V.

There is one fold. Commands ask whether it stays legal, projections store its spans, reports and auditors read it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from domain.entry import Entry, Facts, TextAt, changed_members
from domain.lifecycle import Reading, State, apply


@dataclass(frozen=True, slots=True)
class Known:
    """Entries of one stream as read with all corrections among them.

    *readings* holds every entry that is no correction and was not retracted, by version; *retracted* every version
    that no longer counts, corrections included.
    """

    readings: Mapping[int, Reading]
    retracted: frozenset[int]

    def in_order(self) -> list[Reading]:
        """The readings as they take effect: by day, within a day by position.

        The first entry of the stream always comes first, so that the fold can refuse what would count before it.
        """
        order = sorted(
            self.readings.values(), key=lambda reading: (reading.version != 1, reading.effective_on, reading.position)
        )
        _bring_early_evidence(order)
        return order


def _bring_early_evidence(order: list[Reading]) -> None:
    """Give an achievement the evidence that was added to it, but that counts from before it."""
    if not any(reading.kind == "evidence_added" for reading in order):
        return
    places = {reading.version: place for place, reading in enumerate(order)}
    for place, reading in enumerate(order):
        if reading.kind == "evidence_added":
            named = places.get(reading.facts["entry"], -1)
            if named > place and order[named].kind == "achieved":
                achieved = order[named]
                order[named] = achieved._replace(early=(*achieved.early, *reading.proofs()))


class Span(NamedTuple):
    """A state and the first day on which it holds; it holds until the next span begins."""

    since: date
    state: State


StatusStep = tuple[str, str]
"""The day (YYYY-MM-DD) on which a status begins, and the status."""


def status_steps(course: Iterable[Span]) -> tuple[StatusStep, ...]:
    """Give the status at the beginning of a course, and every change of it."""
    steps: list[StatusStep] = []
    for span in course:
        status = span.state.status
        if not steps or steps[-1][1] != status:
            steps.append((span.since.isoformat(), status))
    return tuple(steps)


def known(entries: Sequence[Entry]) -> Known:
    """Apply the corrections among *entries* (one stream, by version) to the others."""
    corrections = [entry for entry in entries if entry.is_correction]
    retracted = retracted_by(corrections)
    plain = [entry for entry in entries if not entry.is_correction and entry.version not in retracted]
    readings = {entry.version: as_recorded(entry) for entry in plain}
    for correction in corrections:
        if correction.kind == "rectified" and correction.version not in retracted:
            for version, changed, texts_at in correction.rectifications():
                if version in readings:
                    readings[version] = rectified(readings[version], correction.version, changed, texts_at)
    return Known(readings, retracted)


def retracted_by(corrections: Sequence[Entry]) -> frozenset[int]:
    """Give the versions that no longer count, by the corrections of one stream."""
    # Backwards: whether a retraction counts depends only on later ones.
    retracted: set[int] = set()
    for correction in reversed(corrections):
        if correction.kind == "retracted" and correction.version not in retracted:
            retracted.update(correction.targets())
    return frozenset(retracted)


def as_recorded(entry: Entry) -> Reading:
    """Read an entry that nothing corrects."""
    texts: dict[str, TextAt] = {name: (entry.position, name) for name in entry.texts}
    return Reading(entry.position, entry.version, entry.kind, entry.effective_on, entry.facts, texts)


def rectified(reading: Reading, version: int, changed: Facts, texts_at: TextAt) -> Reading:
    """Read an entry with one more rectification: a member replaces the old value whole, null removes it."""
    texts = dict(reading.texts)
    for name in (*changed["reworded"], *(("evidence",) if changed.get("evidence") else ())):
        texts[name] = (*texts_at, name)
    facts = dict(reading.facts)
    for name, value in changed.items():
        if name == "reworded":
            continue
        if value is None or value == []:
            facts.pop(name, None)
            texts.pop(name, None)
        else:
            facts[name] = value if name not in ("commitment", "details") else _inside(facts[name], value)
    effective_on = date.fromisoformat(facts["effective_on"])
    corrected_by = (*reading.corrected_by, version)
    return reading._replace(facts=facts, texts=texts, effective_on=effective_on, corrected_by=corrected_by)


def _inside(old: Facts, changes: Facts) -> dict[str, Any]:
    merged = changed_members(old, changes)
    if "timeframe" in old and "timeframe" in changes:
        merged["timeframe"] = changed_members(old["timeframe"], changes["timeframe"])
    return merged


def fold(readings: Iterable[Reading], as_of: date | None = None) -> State | None:
    """Give the state on *as_of* (None: after everything). *readings* are in order; None before the announcement."""
    state: State | None = None
    for reading in readings:
        if as_of is not None and reading.effective_on > as_of:
            break
        state = apply(state, reading)
    return state


def state_at(entries: Sequence[Entry], as_of: date, log_size: int) -> State | None:
    """Give `state(commitment, V, N)` of design 3.4."""
    return fold(known([entry for entry in entries if entry.position <= log_size]).in_order(), as_of)


def spans(readings: Iterable[Reading]) -> list[Span]:
    """Give the whole course of a commitment over V, for the readings (in order) of one N."""
    course: list[Span] = []
    state: State | None = None
    for reading in readings:
        state = apply(state, reading)
        if course and course[-1].since == reading.effective_on:
            course.pop()
        course.append(Span(reading.effective_on, state))
    return course


def refolded(
    course: Sequence[Span], since: int, readings: Iterable[Reading], changed: date
) -> tuple[int, int, list[Span]]:
    """Fold *readings* on top of the span at index *since*, until things stand again as in *course*.

    *readings* are all that come after that span, or at its end; behind the day *changed* they are those that gave
    *course*. Gives two indexes and the spans that replace those from the first index up to, not including, the second.
    """
    state, tail = course[since].state, list[Span]()
    rest = len(course)
    for reading in readings:
        day = reading.effective_on
        if day > changed and (not tail or tail[-1].since != day):
            following = bisect_left(course, day, key=_since)
            if course[following - 1].state == state:
                rest = following
                break
        state = apply(state, reading)
        if tail and tail[-1].since == day:
            tail[-1] = Span(day, state)
        else:
            tail.append(Span(day, state))
    return since + (not tail or tail[0].since != course[since].since), rest, tail


def _since(span: Span) -> date:
    return span.since


def steps(readings: Iterable[Reading], as_of: date) -> dict[int, str]:
    """Give the status right after each reading in the fold on *as_of*, by version."""
    statuses: dict[int, str] = {}
    state: State | None = None
    for reading in readings:
        if reading.effective_on > as_of:
            break
        state = apply(state, reading)
        statuses[reading.version] = state.status
    return statuses
