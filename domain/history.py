"""All entries of one commitment and the course that they give it.

It grows by one entry without folding all again: from where the entry takes effect, until things stand as they did.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from domain.entry import Entry
from domain.lifecycle import Reading, State, apply
from domain.replay import Span, StatusStep, as_recorded, known, refolded, spans, status_steps


class CourseChange(NamedTuple):
    """How one more entry changes a course: the first days of the spans that no longer stand, and those that begin.

    *statuses* are all steps of the status from now on, None if they stay as they were.
    """

    ended: tuple[date, ...]
    begun: tuple[Span, ...]
    statuses: tuple[StatusStep, ...] | None


class _Prepared(NamedTuple):
    """What a course becomes with *entry*: spans from *first* up to *rest* give way to *tail*.

    The readings become *order*, or have *reading* at *place* if only that is new.
    """

    entry: Entry
    order: list[Reading] | None
    reading: Reading | None
    place: int
    first: int
    rest: int
    tail: list[Span]


class History:
    """The entries of one commitment in order of version, with the course over V that all of them give."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = list(entries)
        self._order: list[Reading] = []
        self._course: list[Span] | None = None
        self._prepared: _Prepared | None = None

    @property
    def course(self) -> Sequence[Span]:
        """The states over V, all entries known."""
        return self._folded()

    def _folded(self) -> list[Span]:
        if self._course is None:
            self._order = known(self.entries).in_order()
            self._course = spans(self._order)
        return self._course

    @property
    def state(self) -> State:
        """The state after everything."""
        return self._folded()[-1].state

    def prepare(self, entry: Entry) -> None:
        """Refuse *entry* if any entry would then break a rule; remember the outcome for `add`."""
        course, order = self._folded(), self._order
        if not order or entry.is_correction or self._is_early_evidence(entry):
            after = known([*self.entries, entry]).in_order()
            self._prepared = _Prepared(entry, after, None, 0, *_refolded(course, order, after))
            return
        reading, (last, state) = as_recorded(entry), course[-1]
        day = reading.effective_on
        if day >= last:
            tail, end = [Span(day, apply(state, reading))], len(course)
            self._prepared = _Prepared(entry, None, reading, len(order), end - (day == last), end, tail)
            return
        place = bisect_right(order, day, lo=1, key=_effective_on)
        since = max(bisect_right(course, day, key=_since) - 1, 0)
        changed = refolded(course, since, [reading, *order[place:]], day)
        self._prepared = _Prepared(entry, None, reading, place, *changed)

    def _is_early_evidence(self, entry: Entry) -> bool:
        """Whether it is evidence that counts from before what it is evidence for, and so may change how that reads."""
        if entry.kind != "evidence_added" or entry.effective_on >= self._order[-1].effective_on:
            return False
        named = entry.facts["entry"]
        return any(each.version == named and each.effective_on > entry.effective_on for each in self._order)

    def add(self, entry: Entry) -> None:
        """Take a recorded entry in. Without `prepare` the course is folded again when it is asked for."""
        prepared, self._prepared = self._prepared, None
        self.entries.append(entry)
        if prepared is None or prepared.entry is not entry or self._course is None:
            self._course = None
            return
        self._course[prepared.first : prepared.rest] = prepared.tail
        if prepared.order is not None:
            self._order = prepared.order
        elif prepared.reading is not None:
            self._order.insert(prepared.place, prepared.reading)

    def grow(self, entry: Entry) -> CourseChange:
        """Take an entry in, or refuse it, and tell how it changes the course: `prepare`, `change` and `add` at once."""
        course = self._folded()
        reading = as_recorded(entry)
        if not course or entry.is_correction or reading.effective_on <= course[-1].since:
            self.prepare(entry)
            change = self.change(entry)
            self.add(entry)
            return change
        span = Span(reading.effective_on, apply(course[-1].state, reading))
        change = _next_day(course, span)
        self.entries.append(entry)
        self._order.append(reading)
        course.append(span)
        return change

    def change(self, entry: Entry) -> CourseChange:
        """Tell how a prepared entry changes the course; to be asked before `add`."""
        if self._prepared is None or self._prepared.entry is not entry:
            self.prepare(entry)
        assert self._prepared is not None
        first, rest, tail = self._prepared[4:]
        course = self._folded()
        if first == rest == len(course) > 0 and len(tail) == 1:
            return _next_day(course, tail[0])
        if course[first:rest] == tail:  # one more entry of a day that changes nothing but itself
            return CourseChange((), (), None)
        old, new = ({span.since: span for span in some} for some in (course[first:rest], tail))
        before = course[max(first - 1, 0) : first]  # whether a status is a step depends on the one before
        same_statuses = status_steps([*before, *course[first:rest]]) == status_steps([*before, *tail])
        return CourseChange(
            tuple(since for since, span in old.items() if new.get(since) != span),
            tuple(span for since, span in new.items() if old.get(since) != span),
            None if same_statuses else status_steps([*course[:first], *tail, *course[rest:]]),
        )


def _refolded(course: list[Span], before: list[Reading], after: list[Reading]) -> tuple[int, int, list[Span]]:
    """Give what changes of a course when its readings change."""
    most = min(len(before), len(after))
    same = next((i for i in range(most) if before[i] != after[i]), most)
    still = next((i for i in range(most - same) if before[-1 - i] != after[-1 - i]), most - same)
    changed = [*before[same : len(before) - still], *after[same : len(after) - still]]
    if not changed:
        return len(course), len(course), []
    first, last = min(map(_effective_on, changed)), max(map(_effective_on, changed))
    since = bisect_left(course, first, key=_since) - 1
    if same == 0 or since < 0:
        return 0, len(course), spans(after)
    return refolded(course, since, after[bisect_left(after, first, hi=same, key=_effective_on) :], last)


def _next_day(course: Sequence[Span], span: Span) -> CourseChange:
    """Give what a span of a later day changes, as nearly every entry does."""
    same_status = span.state.status == course[-1].state.status
    return CourseChange((), (span,), None if same_status else status_steps([*course, span]))


def _effective_on(reading: Reading) -> date:
    return reading.effective_on


def _since(span: Span) -> date:
    return span.since
