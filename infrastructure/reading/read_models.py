"""Writing the read models: in the transaction that records, and anew from the entries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from application.projecting import correction_to_row, course_changes, state_to_row
from domain.correction_register import Corrected, corrected_by
from domain.entry import Entry, Facts
from domain.history import CourseChange
from domain.ledger_stream import STREAM
from domain.publication import KIND as PUBLISHED
from domain.publication import NEVER, published_stream
from infrastructure.database.statements import execute, execute_many, insert_rows
from infrastructure.database.tables import (
    FOR_EVER,
    corrections,
    course,
    details,
    entries,
    entry_facts,
    prefixes,
    relations,
    status_courses,
    streams,
)

_DIGEST_SIZE: Final = 16
_INSERTED: Final = (entry_facts, course, status_courses, corrections, details, prefixes, relations)
_IF_THERE: Final = {
    streams: " ON CONFLICT (stream) DO UPDATE SET version = excluded.version",
    details: " ON CONFLICT DO NOTHING",
    relations: " ON CONFLICT DO NOTHING",
}
_END_OF_SPAN: Final = f"UPDATE course SET to_position = ? WHERE stream = ? AND since = ? AND to_position = {FOR_EVER}"  # noqa: S608 -- our own number
WITHIN: Final = f"programme = ? AND public_from = {NEVER} AND (sort = 'programme' OR visibility = 'public')"
"""Which streams become public with a programme."""
_PUBLISHED: Final = f"UPDATE streams SET public_from = ? WHERE stream = ? AND public_from = {NEVER}"  # noqa: S608 -- the same
_PUBLISHED_WITHIN: Final = f"UPDATE streams SET public_from = ? WHERE {WITHIN}"  # noqa: S608 -- the same
_TO_POSITION: Final = course.columns.keys().index("to_position")
Row = list[Any]
"""Values in the order of the table's columns."""


class StreamHead(NamedTuple):
    """What the read models say of a stream as a whole."""

    stream: UUID
    sort: str
    reference: str
    programme: str | None
    visibility: str = "public"
    """What it was recorded with; of a commitment without a look at its programme."""
    public_from: int = 0
    """The log size from which on everybody sees it."""

    @property
    def is_internal(self) -> bool:
        """Whether nothing has published it."""
        return self.public_from == NEVER

    @property
    def is_internal_by_programme(self) -> bool:
        """Whether it becomes public with its programme."""
        return self.is_internal and (self.sort == "programme" or self.visibility == "public")


class Projection:
    """Gathers what entries change in the read models, then writes it in few statements."""

    def __init__(self) -> None:
        self._inserts: dict[sa.Table, list[Row]] = {table: [] for table in _INSERTED}
        self._ends: list[tuple[int, bytes, int]] = []
        self._heads: dict[bytes, tuple[StreamHead, int]] = {}
        self._open: dict[tuple[bytes, date], Row] = {}
        self._detail_digests: dict[int, tuple[Facts, bytes]] = {}
        self._published: list[Entry] = []

    def heads(self) -> Iterable[tuple[StreamHead, int]]:
        """Give the streams of which something was gathered, each with its last version."""
        return self._heads.values()

    def take(
        self, head: StreamHead, entry: Entry, change: CourseChange | None, corrected: Sequence[Corrected] = ()
    ) -> None:
        """Take one more entry; *change* is what it does to a commitment's course, *corrected* what it corrects."""
        stream = head.stream.bytes
        self._inserts[entry_facts].append([entry.position, stream, entry.version, entry.kind])
        self._heads[stream] = head, entry.version
        if change is not None:
            self._change_course(stream, entry.position, change)
        prefix = _prefix_in(entry) if head.sort == "programme" else None
        if prefix is not None:
            self._inserts[prefixes].append([stream, entry.position, prefix])
        if entry.kind == PUBLISHED:
            self._published.append(entry)
        if corrected:
            said = _json(correction_to_row(corrected))
            self._inserts[corrections].append([entry.position, stream, said])

    def _change_course(self, stream: bytes, position: int, change: CourseChange) -> None:
        for since in change.ended:
            row = self._open.pop((stream, since), None)
            if row is not None:
                row[_TO_POSITION] = position
            else:
                self._ends.append((position, stream, since.toordinal()))
        for since, state in change.begun:
            said = self._details(stream, state.details), _json(state_to_row(state))
            row = [stream, since.toordinal(), position, FOR_EVER, *said]
            self._inserts[course].append(row)
            self._open[stream, since] = row
        if change.statuses is not None:
            self._inserts[status_courses].append([stream, position, _json(change.statuses)])

    def _details(self, stream: bytes, members: Facts) -> bytes:
        known = self._detail_digests.get(id(members))
        if known is not None:
            return known[1]
        body = _json(members)
        digest = sha256(body.encode()).digest()[:_DIGEST_SIZE]
        self._detail_digests[id(members)] = members, digest
        self._inserts[details].append([digest, body])
        self._inserts[relations] += [
            [reference, stream]
            for reference in sorted({relation["reference"] for relation in members.get("relations", ())})
        ]
        return digest

    def rows(self) -> dict[sa.Table, list[Row]]:
        """Give all rows gathered, for comparing; complete only if nothing was written before."""
        heads = [
            [stream, head.sort, head.reference, head.programme, head.visibility, head.public_from, version]
            for stream, (head, version) in self._heads.items()
        ]
        return {streams: heads, **self._inserts}

    def write(self, connection: sa.Connection) -> None:
        """Write what was gathered."""
        execute_many(connection, _END_OF_SPAN, self._ends)
        insert_read_models(connection, self.rows())
        for entry in self._published:  # of streams that are written by now
            code = entry.facts.get("published_programme")
            if code is None:
                execute(connection, _PUBLISHED, (entry.position, published_stream(entry.facts).bytes))
            else:
                execute(connection, _PUBLISHED_WITHIN, (entry.position, code))


def insert_read_models(connection: sa.Connection, rows: Mapping[sa.Table, Sequence[Row]]) -> None:
    """Write rows of the read models; a stream that is there gets its new version."""
    for table, made in rows.items():
        insert_rows(connection, table, made, _IF_THERE.get(table, ""))


def insert_entry_facts(connection: sa.Connection) -> None:
    """Write the rows of `entry_facts` of all entries but those of the ledger's own stream, in the order of the table.

    The columns beside the bytes of an entry say the same as `Projection.take`, if they are what was recorded.
    """
    kind = sa.func.replace(sa.func.replace(entries.c.topic, "commitment.", ""), "programme.", "")
    said = sa.select(entries.c.position, entries.c.stream, entries.c.version, kind)
    said = said.where(entries.c.stream != STREAM.bytes).order_by(entries.c.position)
    # An index that is made of all rows at once takes a third of the time, but only their owner may do that.
    indexes = sorted(entry_facts.indexes, key=str) if connection.dialect.name == "sqlite" else []
    for index in indexes:
        index.drop(connection)
    connection.execute(sa.insert(entry_facts).from_select(entry_facts.columns.keys(), said))
    for index in indexes:
        index.create(connection)


def _prefix_in(entry: Entry) -> str | None:
    """Give the prefix that an entry gives to its programme; once given it stays, whatever is corrected."""
    said = entry.facts.get("details" if entry.kind == "programme_published" else "changes") or {}
    prefix: str | None = said.get("reference_prefix") if not entry.is_correction else None
    return prefix


def _json(value: object) -> str:
    """Write a value so that it reads the same from an entry just made as from one that was stored."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def projected(head: StreamHead, entries: Sequence[Entry]) -> Projection:
    """Project a whole stream from its entries."""
    projection = Projection()
    changes: Iterable[tuple[Entry, CourseChange | None]]
    changes = course_changes(entries) if head.sort == "commitment" else ((entry, None) for entry in entries)
    for entry, change in changes:
        projection.take(head, entry, change, corrected_by(entry, entries) if entry.is_correction else ())
    return projection
