"""Commitments at (V, N), decoded from the read models: what every list and every report begins with."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import orjson
import sqlalchemy as sa

from application.projecting import state_from_row
from domain.answers import CommitmentAt
from domain.entry import Facts
from domain.replay import StatusStep
from infrastructure.database.tables import details
from infrastructure.reading.two_time_queries import STATUS_COURSES

_PAGE: Final = 500
_MOST_DETAILS: Final = 20_000


class Details:
    """The details of commitments by digest, kept once they were read: they change seldom, and states share them."""

    def __init__(self) -> None:
        self._kept: dict[bytes, Facts] = {}

    def of(self, connection: sa.Connection, digests: Collection[bytes]) -> Mapping[bytes, Facts]:
        """Give at least the details with these digests."""
        kept = self._kept
        missing = [digest for digest in digests if digest not in kept]
        if len(kept) + len(missing) > _MOST_DETAILS:
            kept, missing = {}, list(digests)  # other threads go on with what they have
        for start in range(0, len(missing), _PAGE):
            query = sa.select(details.c.digest, details.c.body).where(
                details.c.digest.in_(missing[start : start + _PAGE])
            )
            for digest, body in connection.execute(query):
                kept[digest] = orjson.loads(body)
        self._kept = kept
        return kept


def commitments_at(
    connection: sa.Connection, known: Details, query: sa.Select[Any], day: date, log_size: int, **which: str
) -> Sequence[CommitmentAt]:
    """Read the commitments that one of `two_time_queries` finds."""
    rows = connection.execute(query, {"day": day.toordinal(), "log_size": log_size, **which}).all()
    details_of = known.of(connection, {row[4] for row in rows})
    return [
        CommitmentAt(
            reference, programme, bool(internal), version, state_from_row(orjson.loads(state), details_of[digest])
        )
        for reference, programme, internal, version, digest, state in rows
    ]


def status_courses(connection: sa.Connection, log_size: int) -> Iterator[tuple[str, Sequence[StatusStep]]]:
    """Give the steps of the status of every commitment known at N."""
    for reference, steps in connection.execute(STATUS_COURSES, {"log_size": log_size}).all():
        if steps is not None:
            yield reference, orjson.loads(steps)
