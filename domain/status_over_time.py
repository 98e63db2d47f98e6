"""Status over time: how many commitments had which status at the end of every month, from the same fold (design, 6)."""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import Final, NamedTuple

from domain.answers import Answer, day
from domain.chronology import stated_period
from domain.programme import ProgrammeState
from domain.vocabulary import STATUSES

_DECEMBER: Final = 12


class StatusSpan(NamedTuple):
    """The days over which a commitment keeps one status: from *since* up to, not including, *until* (None: on)."""

    reference: str
    since: date
    until: date | None
    status: str


def status_spans(reference: str, course: Iterable[tuple[date, str]], until: date) -> Iterator[StatusSpan]:
    """Join the steps of a course, each a first day and the status from it on, where the status stays the same.

    What begins after *until* is not looked at: the span that holds on *until* has no end.
    """
    since: date | None = None
    before = ""
    for begins, status in course:
        if begins > until:
            break
        if status != before:
            if since is not None:
                yield StatusSpan(reference, since, begins, before)
            since, before = begins, status
    if since is not None:
        yield StatusSpan(reference, since, None, before)


def status_over_time(
    programmes: Iterable[ProgrammeState], tiers: Mapping[str, str], course: Iterable[StatusSpan], as_of: date
) -> Answer:
    """Count statuses on the last day of every month since the first adoption among *programmes*, and on *as_of*.

    The commitments are those of *tiers*, which tells the tier of each; of *course* only their spans count.
    """
    adopted = min((_first_day(each) for each in programmes), default=as_of)
    days = _month_ends(adopted, as_of)
    # For each status what begins and ends between two days; the sums up to a day are what holds on it.
    changes = {scope: {word: [0] * (len(days) + 1) for word in STATUSES} for scope in ("all", "deliverable")}
    everything, deliverable = changes["all"], changes["deliverable"]
    for reference, since, until, status in course:
        tier = tiers.get(reference)
        if tier is None:
            continue
        first = bisect_left(days, since)
        last = len(days) if until is None else bisect_left(days, until)
        if first == last:
            continue
        everything[status][first] += 1
        everything[status][last] -= 1
        if tier == "deliverable":
            deliverable[status][first] += 1
            deliverable[status][last] -= 1
    standing = {scope: _sums(begun) for scope, begun in changes.items()}
    points = [
        {"on": day(each)} | {scope: counts[i] for scope, counts in standing.items()} for i, each in enumerate(days)
    ]
    return {"from": day(min(adopted, as_of)), "to": day(as_of), "points": points}


def _sums(changes: Mapping[str, Sequence[int]]) -> list[dict[str, int]]:
    summed = [accumulate(changes[word]) for word in STATUSES]
    return [dict(zip(STATUSES, counts, strict=True)) for counts in zip(*summed, strict=True)]


def _first_day(programme: ProgrammeState) -> date:
    """Give the first day of the stated date of adoption."""
    return stated_period(programme.details["adopted_on"])[0]


def _month_ends(first: date, last: date) -> list[date]:
    """Give the last day of every month from that of *first* on, as far as it lies before *last*; then *last*."""
    days = []
    year, month = first.year, first.month
    while (end := date(year, month, monthrange(year, month)[1])) < last:
        days.append(end)
        year, month = (year, month + 1) if month < _DECEMBER else (year + 1, 1)
    return [*days, last]
