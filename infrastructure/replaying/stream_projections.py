"""The histories in the entries, stream by stream, and the rows of the read models that each of them gives.

One history is in memory at a time: entries come by stream and version, page by page.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from application.verifying import faults_of
from domain.entry import Entry, Facts
from domain.entry_bytes import decoded, entry_of, newest
from domain.errors import Refusal
from domain.ledger_stream import REFERENCE, STREAM, LedgerStream
from domain.programme import Programme
from domain.publication import KIND, Publications
from infrastructure.database.tables import entries, entry_facts, opened
from infrastructure.reading.read_models import Projection, Row, StreamHead, projected

_PAGE: Final = 2_000
_TOGETHER: Final = 2_000
"""Entries whose streams are compared and written together."""

_BEHIND_ALL: Final = b"\xff" * 17


class Projected(NamedTuple):
    """A stream with what its history gives; no *projection* if it has *faults* (position, what)."""

    head: StreamHead
    entries: int
    projection: Projection | None
    faults: tuple[tuple[int, str], ...] = ()


class Some(NamedTuple):
    """What streams that follow each other, from *first* to *last*, give: rows by table, as plain values.

    Streams with *faults* (reference, position, what) are left out; rows of `entry_facts` too, unless asked for.
    """

    first: bytes
    last: bytes
    streams: int
    entries: int
    rows: dict[str, list[Row]]
    faults: list[tuple[str, int, str]]


def some_streams(
    connection: sa.Connection, size: int, part: int = 0, parts: int = 1, *, facts: bool = True
) -> Iterator[Some]:
    """Project the streams of one of several *parts*, some at a time.

    Without *facts* only the ledger's own stream gives rows of `entry_facts`: `insert_entry_facts` makes the others.
    """
    low, high = (bytes([256 * each // parts]) if each < parts else _BEHIND_ALL for each in (part, part + 1))
    gathered, count = list[Projected](), 0
    for each in projected_streams(connection, size, low, high):
        gathered.append(each)
        count += each.entries
        if count >= _TOGETHER:
            yield _together(gathered, facts=facts)
            gathered, count = [], 0
    if gathered:
        yield _together(gathered, facts=facts)


def _together(gathered: Sequence[Projected], *, facts: bool) -> Some:
    sound = [each for each in gathered if each.projection is not None]
    rows: dict[str, list[Row]] = {}
    for each in sound:
        assert each.projection is not None
        for table, made in each.projection.rows().items():
            if table is entry_facts and not facts and each.head.sort != "ledger":
                continue
            rows.setdefault(table.name, []).extend(made)
    faults = [(each.head.reference, position, what) for each in gathered for position, what in each.faults]
    first, last = gathered[0].head.stream.bytes, gathered[-1].head.stream.bytes
    return Some(first, last, len(sound), sum(each.entries for each in sound), rows, faults)


def projected_streams(
    connection: sa.Connection, size: int, low: bytes = b"", high: bytes = _BEHIND_ALL
) -> Iterator[Projected]:
    """Project the streams that have entries among the first *size*, from id *low* up to *high*, without it."""
    heads = _Heads(connection, size)
    for stream, rows in groupby(_forms(connection, size, low, high), key=lambda row: row[0]):
        read = [newest(orjson.loads(form)) for _, _, form in rows]
        history = [entry_of(each) for each in read]
        head = heads.of(UUID(bytes=stream), read[0]["reference"], history[0])
        yield _projected(head, history)


def _forms(connection: sa.Connection, size: int, low: bytes, high: bytes) -> Iterator[Any]:
    """Give stream, version and open form of every entry, by stream and version."""
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    form = sa.func.coalesce(opened.c.entry, entries.c.entry)
    place = sa.tuple_(entries.c.stream, entries.c.version)
    query = sa.select(entries.c.stream, entries.c.version, form).select_from(joined)
    query = query.where(place > sa.tuple_(sa.bindparam("stream"), sa.bindparam("version")), entries.c.stream < high)
    query = query.where(entries.c.position <= size).order_by(entries.c.stream, entries.c.version).limit(_PAGE)
    last = low, 0
    # Past SQLAlchemy's rows: they would take longer than the database.
    while page := connection.execute(query, {"stream": last[0], "version": last[1]}).cursor.fetchall():
        yield from page
        last = page[-1][0], page[-1][1]


def _projected(head: StreamHead, history: list[Entry]) -> Projected:
    # A course is folded as it is projected; only what has none has to be looked at besides.
    faults = () if head.sort == "commitment" else tuple(faults_of(head.sort, history))
    if not faults:
        try:
            if [entry.version for entry in history] == list(range(1, len(history) + 1)):
                return Projected(head, len(history), projected(head, history))
            told = None
        except (Refusal, KeyError, TypeError, ValueError, IndexError, AttributeError) as broken:
            told = broken
        step = history[-1].position, f"as it was recorded, step by step, it breaks a rule: {told}"
        faults = tuple(faults_of(head.sort, history)) or (step,)
    return Projected(head, len(history), None, faults)


class _Heads:
    """What is said of streams as a whole: told from their first entries and from what was published up to *size*."""

    def __init__(self, connection: sa.Connection, size: int) -> None:
        self._connection = connection
        self._publications = _publications(connection, size)
        self._programmes: dict[str, int] = {}

    def of(self, stream: UUID, reference: str, first: Entry) -> StreamHead:
        """Give the head of a stream."""
        if stream == STREAM:
            return StreamHead(stream, "ledger", REFERENCE, None)
        if first.kind == "programme_published":
            details = first.facts["details"]
            head = StreamHead(stream, "programme", reference, reference)
            return head._replace(**self._visibility(details, self._publications.programme(details)))
        details = first.facts["commitment"]
        head = StreamHead(stream, "commitment", reference, details["programme"])
        within = self._programme(details["programme"])
        return head._replace(**self._visibility(details, self._publications.commitment(details, within)))

    @staticmethod
    def _visibility(details: Facts, public_from: int) -> dict[str, Any]:
        return {"visibility": details.get("visibility") or "public", "public_from": public_from}

    def _programme(self, code: str) -> int:
        if code not in self._programmes:
            query = _forms_of(Programme.id_of(code)).where(entries.c.version == 1)
            found = self._connection.execute(query).scalar()
            details = None if found is None else decoded(found)["facts"]["details"]
            self._programmes[code] = 0 if details is None else self._publications.programme(details)
        return self._programmes[code]


def _publications(connection: sa.Connection, size: int) -> Publications:
    # Of the first entry of the ledger's own stream the stored name says nothing else than that.
    names = (f"{LedgerStream.TOPIC}.{KIND}", LedgerStream.Opened.TOPIC)
    query = _forms_of(STREAM).where(entries.c.topic.in_(names), entries.c.position <= size).order_by(entries.c.version)
    return Publications(entry_of(decoded(form)) for form in connection.execute(query).scalars())


def _forms_of(stream: UUID) -> sa.Select[Any]:
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    form = sa.func.coalesce(opened.c.entry, entries.c.entry)
    return sa.select(form).select_from(joined).where(entries.c.stream == stream.bytes)
