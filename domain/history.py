"""All entries of one commitment and the course that they give it; grows by one entry without folding all again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from domain.entry import Entry
from domain.lifecycle import State, apply
from domain.replay import Span, StatusStep, as_recorded, known, spans, status_steps


@dataclass(frozen=True, slots=True)
class Stretch:
    """A state with the days on which it holds: from *since* up to, not including, *until* (None: for ever)."""

    since: date
    until: date | None
    state: State


@dataclass(frozen=True, slots=True)
class CourseChange:
    """How one more entry changes a course: the first days of the stretches that end, and those that replace them.

    *statuses* are all steps of the status from now on, None if they stay as they were.
    """

    ended: tuple[date, ...]
    begun: tuple[Stretch, ...]
    statuses: tuple[StatusStep, ...] | None


class History:
    """The entries of one commitment in order of version, with the course over V that all of them give."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = list(entries)
        self._course: list[Span] | None = None
        self._prepared: tuple[Entry, int, list[Span]] | None = None

    @property
    def course(self) -> Sequence[Span]:
        """The states over V, all entries known."""
        if self._course is None:
            self._course = spans(known(self.entries).in_order())
        return self._course

    @property
    def state(self) -> State:
        """The state after everything."""
        return self.course[-1].state

    def prepare(self, entry: Entry) -> None:
        """Refuse *entry* if any entry would then break a rule; remember the outcome for `add`."""
        course = self.course
        if not course:
            self._prepared = (entry, 0, spans(known([*self.entries, entry]).in_order()))
        elif not entry.is_correction and entry.effective_on >= course[-1].since:
            span = Span(entry.effective_on, apply(course[-1].state, as_recorded(entry)))
            keep = len(course) - (span.since == course[-1].since)
            self._prepared = (entry, keep, [span])
        else:
            changed = spans(known([*self.entries, entry]).in_order())
            keep = next(
                (i for i, (old, new) in enumerate(zip(course, changed, strict=False)) if old != new),
                min(len(course), len(changed)),
            )
            self._prepared = (entry, keep, changed[keep:])

    def add(self, entry: Entry) -> None:
        """Take a recorded entry in. Without `prepare` the course is folded again when it is asked for."""
        prepared, self._prepared = self._prepared, None
        self.entries.append(entry)
        if prepared is not None and prepared[0] is entry and self._course is not None:
            _, keep, tail = prepared
            self._course[keep:] = tail
        else:
            self._course = None

    def change(self, entry: Entry) -> CourseChange:
        """Tell how a prepared entry changes the course; to be asked before `add`."""
        if self._prepared is None or self._prepared[0] is not entry:
            self.prepare(entry)
        assert self._prepared is not None
        _, keep, tail = self._prepared
        course = self.course
        first = max(0, keep - 1) if len(course) != keep or tail else keep
        was, becomes = course[first:], [*course[first:keep], *tail]
        before, after = _stretches(was), _stretches(becomes)
        same_statuses = status_steps(was) == status_steps(becomes)
        return CourseChange(
            tuple(stretch.since for stretch in before if stretch not in after),
            tuple(stretch for stretch in after if stretch not in before),
            None if same_statuses else status_steps([*course[:first], *becomes]),
        )


def _stretches(course: Sequence[Span]) -> list[Stretch]:
    ends = [*(span.since for span in course[1:]), None]
    return [Stretch(span.since, end, span.state) for span, end in zip(course, ends, strict=False)]
