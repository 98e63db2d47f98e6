"""The queries for commitments at (V, N), on the read model of courses: first days by positions."""

from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from infrastructure.database.tables import course, entry_facts, relations, status_courses, streams

_AT_V: Final[sa.BindParameter[int]] = sa.bindparam("day")
_AT_N: Final[sa.BindParameter[int]] = sa.bindparam("log_size")
_EASTERNMOST: Final = timedelta(days=1)
"""How far the day of a time zone may lie ahead of the day in UTC."""


def last_day_to_look_at(as_of: date, recorded_at: datetime | None) -> date:
    """Give the last day up to V on which an entry may take effect, if the last known one was *recorded_at* then.

    Nothing takes effect after the day of its recording. Without this bound, what became known after N would be passed
    over entry by entry.
    """
    return as_of if recorded_at is None else min(as_of, recorded_at.date() + _EASTERNMOST)


def _commitments_at(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Make the query for commitments at (V, N): of each, the last span of its course that is known and begins up to V.

    `last_day_to_look_at` gives the *day*. Days and positions run together, so that the spans of later knowledge that
    are passed over are few, however long the course.
    """
    known_version = (
        sa.select(entry_facts.c.version)
        .where(entry_facts.c.stream == streams.c.stream, entry_facts.c.position <= _AT_N)
        .order_by(entry_facts.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    span = course.alias("span")
    at_v = (
        sa.select(span.c.since)
        .where(span.c.stream == streams.c.stream, span.c.since <= _AT_V, *_known(span))
        .order_by(span.c.since.desc())
        .limit(1)
        .correlate(streams)
        .scalar_subquery()
    )
    of_stream = sa.and_(course.c.stream == streams.c.stream, course.c.since == at_v, *_known(course))
    return (
        sa.select(
            streams.c.reference,
            streams.c.programme,
            (streams.c.public_from > _AT_N).label("internal"),
            known_version.label("known_version"),
            course.c.details,
            course.c.state,
        )
        .select_from(streams.join(course, of_stream))
        .where(streams.c.sort == "commitment", *which)
        .order_by(streams.c.reference)
    )


def _known(span: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return span.c.from_position <= _AT_N, span.c.to_position > _AT_N


def _status_courses() -> sa.Select[Any]:
    """Make the query for the status courses known at N: of each commitment, the last row of its stream up to there."""
    last = (
        sa.select(status_courses.c.steps)
        .where(status_courses.c.stream == streams.c.stream, status_courses.c.from_position <= _AT_N)
        .order_by(status_courses.c.from_position.desc())
        .limit(1)
        .correlate(streams)
        .scalar_subquery()
    )
    return sa.select(streams.c.reference, last).where(streams.c.sort == "commitment")


ALL: Final = _commitments_at()
ONE: Final = _commitments_at(streams.c.reference == sa.bindparam("reference"))
RELATING: Final = _commitments_at(
    streams.c.stream.in_(sa.select(relations.c.stream).where(relations.c.reference == sa.bindparam("reference")))
)
STATUS_COURSES: Final = _status_courses()
