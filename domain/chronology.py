"""Calendar arithmetic: stated periods, the day an event counts from, recurrences."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)

_STATED = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_RECURRENCE = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")


@lru_cache(maxsize=10_000)
def stated_period(text: str) -> tuple[date, date]:
    """Give the first and the last day of `2023`, `2023-03` or `2023-03-21`; ValueError if it is none of them."""
    found = _STATED.fullmatch(text)
    if found is None or not text.isascii():
        raise ValueError(text)
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    if month is None:
        first, last = date(year, 1, 1), date(year, 12, 31)
    elif day is None:
        first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    else:
        first = last = date(year, month, day)
    if first < FIRST_DAY or last > LAST_DAY:
        raise ValueError(text)
    return first, last


def effective_on(occurred_on: str, recorded_on: date) -> date | None:
    """Give the day an event counts from: the last day of the stated period, never after the day of recording.

    None if the period begins after *recorded_on*: plans are targets, not events (design, 3.4).
    """
    first, last = stated_period(occurred_on)
    return None if first > recorded_on else min(last, recorded_on)


def parse_day(text: str) -> date:
    """Read `YYYY-MM-DD` between 1900-01-01 and 2199-12-31; ValueError otherwise."""
    if len(text) != len("YYYY-MM-DD"):
        raise ValueError(text)
    return stated_period(text)[0]


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant; ValueError without a time of day and its distance from UTC."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or "T" not in text.upper():
        raise ValueError(text)
    return found


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often something is promised: `P[nY][nM][nW][nD]`, more than nothing (a subset of ISO 8601)."""

    months: int
    days: int

    @classmethod
    def parse(cls, text: str) -> "Recurrence":
        """Read the text; ValueError if it is malformed or no time at all."""
        found = _RECURRENCE.fullmatch(text)
        years, months, weeks, days = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
        if not (text.isascii() and (years or months or weeks or days)):
            raise ValueError(text)
        return cls(years * 12 + months, weeks * 7 + days)

    def after(self, day: date) -> date:
        """Give the next date after *day*; months are clipped to the end of the month."""
        month_index = day.year * 12 + day.month - 1 + self.months
        year, month = month_index // 12, month_index % 12 + 1
        try:
            clipped = date(year, month, min(day.day, monthrange(year, month)[1]))
            return clipped + timedelta(days=self.days)
        except (ValueError, OverflowError):
            return date.max
