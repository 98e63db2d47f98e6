"""Writing the read models: in the transaction that records, and anew from the entries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from application.projecting import correction_to_row, course_changes, state_to_row
from domain.correction_register import Corrected, corrected_by
from domain.entry import Entry, Facts
from domain.history import CourseChange
from infrastructure.tables import (
    FOR_EVER,
    corrections,
    course,
    details,
    entry_facts,
    relations,
    status_courses,
    streams,
)

_DIGEST_SIZE: Final = 16
_INSERTED: Final = (entry_facts, course, status_courses, corrections, details, relations)
Row = dict[str, Any]
Rows = Mapping[sa.Table, list[Row]]


@dataclass(frozen=True, slots=True)
class StreamHead:
    """What the read models say of a stream as a whole."""

    stream: UUID
    sort: str
    reference: str
    programme: str | None
    internal: bool


class Projection:
    """Gathers what entries change in the read models, then writes it in few statements."""

    def __init__(self) -> None:
        self._inserts: dict[sa.Table, list[Row]] = {table: [] for table in _INSERTED}
        self._ends: list[Row] = []
        self._heads: dict[bytes, Row] = {}
        self._open: dict[tuple[bytes, int], Row] = {}
        self._detail_digests: dict[int, tuple[Facts, bytes]] = {}

    def take(
        self, head: StreamHead, entry: Entry, change: CourseChange | None, corrected: Sequence[Corrected] = ()
    ) -> None:
        """Take one more entry; *change* is what it does to a commitment's course, *corrected* what it corrects."""
        stream = head.stream.bytes
        self._inserts[entry_facts].append(
            {"position": entry.position, "stream": stream, "version": entry.version, "kind": entry.kind}
        )
        self._heads[stream] = {
            "stream": stream,
            "sort": head.sort,
            "reference": head.reference,
            "programme": head.programme,
            "internal": int(head.internal),
            "version": entry.version,
        }
        if change is not None:
            self._change_course(stream, entry.position, change)
        if corrected:
            said = _json(correction_to_row(corrected))
            self._inserts[corrections].append({"position": entry.position, "stream": stream, "corrected": said})

    def _change_course(self, stream: bytes, position: int, change: CourseChange) -> None:
        for since in change.ended:
            row = self._open.pop((stream, since.toordinal()), None)
            if row is not None:
                row["to_position"] = position
            else:
                self._ends.append({"in_stream": stream, "on_day": since.toordinal(), "ended_at": position})
        for stretch in change.begun:
            row = {
                "stream": stream,
                "since": stretch.since.toordinal(),
                "from_position": position,
                "until": stretch.until.toordinal() if stretch.until else FOR_EVER,
                "to_position": FOR_EVER,
                "details": self._details(stream, stretch.state.details),
                "state": _json(state_to_row(stretch.state)),
            }
            self._inserts[course].append(row)
            self._open[stream, row["since"]] = row
        if change.statuses is not None:
            steps = _json(change.statuses)
            self._inserts[status_courses].append({"stream": stream, "from_position": position, "steps": steps})

    def _details(self, stream: bytes, members: Facts) -> bytes:
        known = self._detail_digests.get(id(members))
        if known is not None:
            return known[1]
        body = _json(members)
        digest = sha256(body.encode()).digest()[:_DIGEST_SIZE]
        self._detail_digests[id(members)] = members, digest
        self._inserts[details].append({"digest": digest, "body": body})
        self._inserts[relations] += [
            {"reference": reference, "stream": stream}
            for reference in sorted({relation["reference"] for relation in members.get("relations", ())})
        ]
        return digest

    def rows(self) -> dict[sa.Table, list[Row]]:
        """Give all rows gathered, for comparing; complete only if nothing was written before."""
        return {streams: list(self._heads.values()), **self._inserts}

    def write(self, connection: sa.Connection) -> None:
        """Write what was gathered."""
        if self._ends:
            connection.execute(
                sa.update(course)
                .where(
                    course.c.stream == sa.bindparam("in_stream"),
                    course.c.since == sa.bindparam("on_day"),
                    course.c.to_position == FOR_EVER,
                )
                .values(to_position=sa.bindparam("ended_at")),
                self._ends,
            )
        for table, rows in self._inserts.items():
            if rows:
                shared = table in (details, relations)
                connection.execute(_insert_or_keep(connection, table) if shared else sa.insert(table), rows)
        if self._heads:
            insert = _insert(connection, streams)
            newer = insert.on_conflict_do_update(index_elements=["stream"], set_={"version": insert.excluded.version})
            connection.execute(newer, list(self._heads.values()))


def _json(value: object) -> str:
    """Write a value so that it reads the same from an entry just made as from one that was stored."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def _insert_or_keep(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    insert: sa.Insert = _insert(connection, table).on_conflict_do_nothing()
    return insert


def projected(head: StreamHead, entries: Sequence[Entry]) -> Projection:
    """Project a whole stream from its entries."""
    projection = Projection()
    changes: Iterable[tuple[Entry, CourseChange | None]]
    changes = course_changes(entries) if head.sort == "commitment" else ((entry, None) for entry in entries)
    for entry, change in changes:
        projection.take(head, entry, change, corrected_by(entry, entries) if entry.is_correction else ())
    return projection
