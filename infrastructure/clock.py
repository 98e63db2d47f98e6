"""The time, the only place that asks for it."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def now() -> datetime:
    """Give the instant, in UTC."""
    return datetime.now(UTC)


def to_micros(instant: datetime) -> int:
    """Count the microseconds since 1970-01-01T00:00:00Z, exactly."""
    return (instant - EPOCH) // _MICROSECOND


def from_micros(count: int) -> datetime:
    """Give the instant that many microseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(microseconds=count)
