"""A view made of entries alone: every state is folded from them, nothing is read that was derived before.

It is as slow as reading all entries, and in one pass answers what reports at several (V, N) are made of. Of texts it
knows that they are none of a report's facts: each reads as erased. It shows no single entries and no corrections.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

from application.log_source import History, Streams
from application.ports import Once
from application.published import Published
from domain.answers import ERASED, CommitmentAt, Moment, RecordedEntry
from domain.correction_register import Registered
from domain.entry import Entry, TextAt
from domain.lifecycle import Reading
from domain.programme import ProgrammeState, programme_at
from domain.replay import StatusStep, fold, known, spans, status_steps


class Asked(NamedTuple):
    """What a report is about: (V, N), and the day that it is compared with."""

    as_of: date
    log_size: int
    compare_to: date | None = None


@dataclass(slots=True)
class Folded:
    """What a pass over the entries found for one (V, N)."""

    commitments: dict[date, list[CommitmentAt]] = field(default_factory=dict)
    courses: list[tuple[str, Sequence[StatusStep]]] = field(default_factory=list)
    programmes: dict[date, list[tuple[ProgrammeState, int, bool]]] = field(default_factory=dict)
    touched: list[UUID] = field(default_factory=list)


def fold_all(streams: Streams, asked: Sequence[Asked]) -> dict[Asked, Folded]:
    """Fold every stream for each (V, N) that is asked for: one pass over the entries."""
    found = {each: Folded() for each in asked}
    last = max((each.log_size for each in asked), default=0)
    published = Published(streams, last)
    for history in streams.histories(last):
        public_from = published.public_from(history)
        for each, folded in found.items():
            known_then = [entry for entry in history.entries if entry.position <= each.log_size]
            internal = public_from > each.log_size
            if known_then and history.sort == "commitment":
                _fold_commitment(history, known_then, each, folded, internal=internal)
            elif known_then and history.sort == "programme":
                _fold_programme(known_then, each, folded, internal=internal)
    for folded in found.values():
        for commitments in folded.commitments.values():
            commitments.sort(key=lambda commitment: commitment.reference)
        for programmes in folded.programmes.values():
            programmes.sort(key=lambda programme: programme[0].code)
    return found


def _days(asked: Asked) -> tuple[date, ...]:
    return (asked.as_of,) if asked.compare_to is None else tuple({asked.as_of, asked.compare_to})


def _fold_commitment(
    history: History, entries: Sequence[Entry], asked: Asked, folded: Folded, *, internal: bool
) -> None:
    readings = known(entries).in_order()
    for day in _days(asked):
        state = fold(readings, day)
        at = folded.commitments.setdefault(day, [])
        if state is not None:
            code = state.details["programme"]
            at.append(CommitmentAt(history.reference, code, internal, len(entries), state))
    folded.courses.append((history.reference, status_steps(spans(readings))))
    if asked.compare_to is not None and any(_between(each, asked.compare_to, asked.as_of) for each in readings):
        folded.touched.append(history.stream)


def _between(reading: Reading, since: date, until: date) -> bool:
    return since < reading.effective_on <= until


def _fold_programme(entries: Sequence[Entry], asked: Asked, folded: Folded, *, internal: bool) -> None:
    for day in _days(asked):
        state = programme_at(entries, day, asked.log_size)
        at = folded.programmes.setdefault(day, [])
        if state is not None:
            at.append((state, len(entries), internal))


class EntriesView:
    """Implements `application.ports.View` for the report that *asked* is about."""

    def __init__(self, streams: Streams, asked: Asked, folded: Folded) -> None:
        self._streams, self._asked, self._folded = streams, asked, folded

    @property
    def head(self) -> Moment:
        """All that is known here: N entries."""
        return self.moment(self._asked.log_size)

    def moment(self, log_size: int) -> Moment:
        """Give the moment at which *log_size* entries were known."""
        return Moment(log_size, self._streams.recorded_at(log_size) if log_size else None)

    def commitments(self, as_of: date, log_size: int) -> Sequence[CommitmentAt]:
        """Give every commitment that exists at (V, N), ordered by reference."""
        self._check(log_size)
        return self._folded.commitments.get(as_of, [])

    def status_courses(self, log_size: int) -> Iterable[tuple[str, Sequence[StatusStep]]]:
        """Give every step of the status of every commitment known at N."""
        self._check(log_size)
        return self._folded.courses

    def programmes(self, as_of: date, log_size: int) -> Sequence[tuple[ProgrammeState, int, bool]]:
        """Give every programme at (V, N) by code."""
        self._check(log_size)
        return self._folded.programmes.get(as_of, [])

    def entries(self, stream: UUID, log_size: int) -> Sequence[Entry]:
        """Give the entries of one stream known at N, by version."""
        found = self._streams.history(stream, log_size)
        return [] if found is None else found.entries

    def touched(self, since: date, until: date, log_size: int) -> Sequence[UUID]:
        """Give the commitments' streams with something in effect after *since*, up to *until*."""
        self._check(log_size)
        if (since, until) != (self._asked.compare_to, self._asked.as_of):
            raise ValueError(f"this was folded for other days than {since} and {until}")
        return self._folded.touched

    def texts(self, wanted: Iterable[TextAt]) -> Mapping[TextAt, Any]:
        """Give every text as erased."""
        return dict.fromkeys(wanted, ERASED)

    def settings_changed(self, log_size: int) -> Sequence[Entry]:  # noqa: ARG002
        """Give none: what a report says of settings is not digested."""
        return []

    def corrections(self, after: int, log_size: int) -> Sequence[Registered]:  # noqa: ARG002
        """Give none: a report's facts do not hold its register of corrections."""
        return []

    def root(self, log_size: int) -> bytes:  # noqa: ARG002
        """Give no root: a report's facts do not hold it."""
        return b""

    def _check(self, log_size: int) -> None:
        if log_size != self._asked.log_size:
            raise ValueError(f"this was folded for another log size than {log_size}")

    def commitment(self, reference: str, as_of: date, log_size: int) -> NoReturn:
        """Refuse: nothing of a report asks for one commitment."""
        raise NotImplementedError

    def relating_to(self, reference: str, as_of: date, log_size: int) -> NoReturn:
        """Refuse: nothing of a report asks for it."""
        raise NotImplementedError

    def size_known_at(self, instant: datetime) -> NoReturn:
        """Refuse: a report that was issued names its log size."""
        raise NotImplementedError

    def recorded(
        self, *, stream: UUID | None = None, after: int = 0, up_to: int, limit: int | None = None
    ) -> Iterator[RecordedEntry]:
        """Refuse: nothing of a report shows single entries."""
        raise NotImplementedError

    def issued(self, *, before: int, limit: int, internal: bool) -> NoReturn:
        """Refuse: nothing of a report asks for others."""
        raise NotImplementedError

    def kept_report(self, position: int) -> NoReturn:
        """Refuse: what is kept is no entry."""
        raise NotImplementedError

    def answer_to(self, once: Once) -> NoReturn:
        """Refuse: nothing is asked for twice."""
        raise NotImplementedError
