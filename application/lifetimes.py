"""How long something is good: `90d`, `12h` or through a day, read into an instant."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from domain.chronology import parse_day
from domain.errors import Fault, Invalid
from domain.right_shapes import read_span

LONGEST_DAYS: Final = 3_650
"""Ten years: what lasts longer is meant to last for good."""


def span_of(pointer: str, text: str, most_days: int) -> timedelta:
    """Read `<n>d` or `<n>h`; Invalid at *pointer* if it is longer than *most_days*."""
    span = read_span(text)
    if span > timedelta(days=most_days):
        raise Invalid([Fault(pointer, f"{text} is too long", f"up to {most_days}d")])
    return span


def end_of(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Give the instant at which what lasts so long ends: a day counts to its end in the ledger's time zone."""
    if text[-1] in "dh":
        span = span_of("/expires", text, LONGEST_DAYS)
        end = now + span
    else:
        end = datetime.combine(parse_day(text) + timedelta(days=1), time(), zone).astimezone(UTC)
    if not now < end <= now + timedelta(days=LONGEST_DAYS + 1):
        accepted = f"1h to {LONGEST_DAYS}d, or a day from {now.astimezone(zone).date()} on, within ten years"
        raise Invalid([Fault("/expires", f"{text} is over or too far away", accepted)])
    return end
