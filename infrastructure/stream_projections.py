"""The histories in the entries, stream by stream, and the rows of the read models that each of them gives.

One history is in memory at a time: entries come by stream and version, page by page.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from application.verifying import faults_of
from domain.entry import Entry
from domain.entry_bytes import decoded, entry_of, newest
from domain.errors import Refusal
from domain.ledger_stream import REFERENCE, STREAM
from domain.programme import Programme
from infrastructure.read_models import Projection, StreamHead, projected
from infrastructure.tables import entries, opened

_PAGE: Final = 2_000


class Projected(NamedTuple):
    """A stream with what its history gives; no *projection* if it has *faults* (position, what)."""

    head: StreamHead
    entries: int
    projection: Projection | None
    faults: tuple[tuple[int, str], ...] = ()


def projected_streams(connection: sa.Connection, size: int) -> Iterator[Projected]:
    """Project every stream that has entries among the first *size*, in the order of stream ids."""
    internal: dict[str, bool] = {}
    for stream, rows in groupby(_forms(connection, size), key=lambda row: row[0]):
        read = [newest(orjson.loads(form)) for _, _, form in rows]
        history = [entry_of(each) for each in read]
        head = _head_of(connection, UUID(bytes=stream), read[0]["reference"], history[0], internal)
        yield _projected(head, history)


def _forms(connection: sa.Connection, size: int) -> Iterator[Any]:
    """Give stream, version and open form of every entry, by stream and version."""
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    form = sa.func.coalesce(opened.c.entry, entries.c.entry)
    place = sa.tuple_(entries.c.stream, entries.c.version)
    query = sa.select(entries.c.stream, entries.c.version, form).select_from(joined)
    query = query.where(entries.c.position <= size).order_by(entries.c.stream, entries.c.version).limit(_PAGE)
    query = query.where(place > sa.tuple_(sa.bindparam("stream"), sa.bindparam("version")))
    last = b"", 0
    while page := connection.execute(query, {"stream": last[0], "version": last[1]}).all():
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


def _head_of(
    connection: sa.Connection, stream: UUID, reference: str, first: Entry, internal: dict[str, bool]
) -> StreamHead:
    if stream == STREAM:
        return StreamHead(stream, "ledger", REFERENCE, None, internal=False)
    if first.kind == "programme_published":
        closed = first.facts["details"].get("visibility") == "internal"
        return StreamHead(stream, "programme", reference, reference, closed)
    commitment = first.facts["commitment"]
    code = commitment["programme"]
    if code not in internal:
        internal[code] = _is_internal(connection, code)
    closed = commitment.get("visibility") == "internal" or internal[code]
    return StreamHead(stream, "commitment", reference, code, closed)


def _is_internal(connection: sa.Connection, code: str) -> bool:
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    form = sa.func.coalesce(opened.c.entry, entries.c.entry)
    query = sa.select(form).select_from(joined)
    query = query.where(entries.c.stream == Programme.id_of(code).bytes, entries.c.version == 1)
    found = connection.execute(query).scalar()
    published = decoded(found)["facts"]["details"] if found is not None else {}
    return bool(published.get("visibility") == "internal")
