"""The queries for commitments at (V, N), on the read model of stretches: days by positions."""

from typing import Any, Final

import sqlalchemy as sa

from infrastructure.tables import course, entry_facts, relations, status_courses, streams

_AT_V: Final[sa.BindParameter[int]] = sa.bindparam("day")
_AT_N: Final[sa.BindParameter[int]] = sa.bindparam("log_size")
_LATEST_LOOKED_AT: Final = 3


def _commitments_at(*which: sa.ColumnElement[bool], behind: bool = True) -> sa.Select[Any]:
    """Make the query for commitments at (V, N): of each, the one stretch of the course that holds there.

    It is found by two look-ups, however long the course. V mostly lies behind everything that was known at N: then
    the stretch is among the last that begin to be known up to N. Otherwise it is the last that begins up to V and is
    known at N; the stretches of later knowledge that are passed over are few, since days and positions run together.
    The first look-up is left out unless V may lie *behind* all that.
    """
    known_version = (
        sa.select(entry_facts.c.version)
        .where(entry_facts.c.stream == streams.c.stream, entry_facts.c.position <= _AT_N)
        .order_by(entry_facts.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    by_n, by_v = course.alias("by_n"), course.alias("by_v")
    latest = (
        sa.select(by_n.c.from_position, by_n.c.since, by_n.c.until, by_n.c.to_position)
        .where(by_n.c.stream == streams.c.stream, by_n.c.from_position <= _AT_N)
        .order_by(by_n.c.from_position.desc())
        .limit(_LATEST_LOOKED_AT)
        .correlate(streams)
        .subquery("latest")
    )
    among_latest: sa.ScalarSelect[Any] = (
        sa.select(latest.c.from_position).where(*_holds(latest)).correlate(streams).scalar_subquery()
    )
    up_to_v = (
        sa.select(by_v.c.from_position)
        .where(by_v.c.stream == streams.c.stream, by_v.c.from_position <= _AT_N, *_holds(by_v))
        .order_by(by_v.c.since.desc())
        .limit(1)
        .correlate(streams)
        .scalar_subquery()
    )
    return (
        sa.select(
            streams.c.reference,
            streams.c.programme,
            streams.c.internal,
            known_version.label("known_version"),
            course.c.details,
            course.c.state,
        )
        .select_from(
            streams.join(
                course,
                sa.and_(
                    course.c.stream == streams.c.stream,
                    course.c.from_position == (sa.func.coalesce(among_latest, up_to_v) if behind else up_to_v),
                ),
            )
        )
        .where(streams.c.sort == "commitment", *_holds(course, unindexed=True), *which)
        .order_by(streams.c.reference)
    )


def _holds(stretch: sa.FromClause, *, unindexed: bool = False) -> tuple[sa.ColumnElement[bool], ...]:
    """Say that a stretch known at N holds on V; *unindexed* leaves the choice of the index to other conditions."""
    since: sa.ColumnElement[Any] = stretch.c.since
    if unindexed:
        since = sa.literal_column("0", sa.Integer) + since
    return since <= _AT_V, stretch.c.until > _AT_V, stretch.c.to_position > _AT_N


def _status_courses() -> sa.Select[Any]:
    """Make the query for the status courses known at N: of each commitment, the last row of its stream up to there."""
    earlier = status_courses.alias("earlier")
    last = (
        sa.select(sa.func.max(earlier.c.from_position))
        .where(earlier.c.stream == streams.c.stream, earlier.c.from_position <= _AT_N)
        .correlate(streams)
        .scalar_subquery()
    )
    of_stream = sa.and_(status_courses.c.stream == streams.c.stream, status_courses.c.from_position == last)
    return sa.select(streams.c.reference, status_courses.c.steps).select_from(streams.join(status_courses, of_stream))


ALL: Final = _commitments_at()
ALL_WITHIN: Final = _commitments_at(behind=False)
ONE: Final = _commitments_at(streams.c.reference == sa.bindparam("reference"))
RELATING: Final = _commitments_at(
    streams.c.stream.in_(sa.select(relations.c.stream).where(relations.c.reference == sa.bindparam("reference")))
)
STATUS_COURSES: Final = _status_courses()
