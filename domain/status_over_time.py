"""Status over time: how many commitments had which status at the end of every month, from the same fold (design, 6)."""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import Final

from domain.answers import Answer, day
from domain.chronology import stated_period
from domain.programme import ProgrammeState
from domain.replay import StatusStep
from domain.vocabulary import STATUSES

_DECEMBER: Final = 12


def status_over_time(
    programmes: Iterable[ProgrammeState],
    tiers: Mapping[str, str],
    courses: Iterable[tuple[str, Sequence[StatusStep]]],
    as_of: date,
) -> Answer:
    """Count statuses on the last day of every month since the first adoption among *programmes*, and on *as_of*.

    The commitments are those of *tiers*, which tells the tier of each; of *courses* only their steps count.
    """
    adopted = min((_first_day(each) for each in programmes), default=as_of)
    days = [each.isoformat() for each in _month_ends(adopted, as_of)]
    # For each status what begins less what ends between two days; the sums up to a day are what holds on it.
    changes = {scope: {word: [0] * (len(days) + 1) for word in STATUSES} for scope in ("all", "deliverable")}
    points = _Points(days)
    for reference, steps in courses:
        tier = tiers.get(reference)
        if tier is not None:
            _count(steps, points, changes["deliverable" if tier == "deliverable" else "all"])
    for word, counted in changes["deliverable"].items():
        changes["all"][word] = [one + other for one, other in zip(changes["all"][word], counted, strict=True)]
    standing = {scope: _sums(begun) for scope, begun in changes.items()}
    counted_on = [
        {"on": each} | {scope: counts[i] for scope, counts in standing.items()} for i, each in enumerate(days)
    ]
    return {"from": day(min(adopted, as_of)), "to": day(as_of), "points": counted_on}


class _Points(dict[str, int]):
    """Where among *days* the first stands that is not before a day; behind all of them, if there is none."""

    def __init__(self, days: Sequence[str]) -> None:
        self._days = days

    def __missing__(self, since: str) -> int:
        point = self[since] = bisect_left(self._days, since)
        return point


def _count(steps: Iterable[StatusStep], points: Mapping[str, int], changes: Mapping[str, list[int]]) -> None:
    before: list[int] | None = None
    for since, status in steps:
        point = points[since]
        if before is not None:
            before[point] -= 1
        before = changes[status]
        before[point] += 1


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
