"""From when on everybody sees closed entries: with their stream; those of the ledger's own with what they are about."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from domain.entry_bytes import newest
from domain.ledger_stream import STREAM
from domain.publication import NEVER
from infrastructure.database.engines import among
from infrastructure.database.tables import entries, opened, streams


def closed_of_ledger(connection: sa.Connection, forms: Iterable[tuple[int, bytes | None]]) -> Mapping[int, int]:
    """Give for closed entries of the ledger's own stream, by position, the log size from which on everybody sees them.

    *forms* are their open forms; entries without one are left out. An erasure is seen by whoever sees what it was in:
    else a text of something published would be missing without a word. Rights and reports stay closed.
    """
    erased: dict[int, int | None] = {}
    for position, form in forms:
        if form is not None:
            said = newest(orjson.loads(form))
            erased[position] = said["facts"].get("erased_position") if said["kind"] == "erased" else None
    seen = _public_from(connection, {position for position in erased.values() if position is not None})
    return {position: NEVER if about is None else seen.get(about, NEVER) for position, about in erased.items()}


def still_closed(log_size: int) -> sa.Select[Any]:
    """Make the query for the positions of closed entries whose stream is not seen by everybody at a log size."""
    joined = opened.join(entries, entries.c.position == opened.c.position)
    joined = joined.join(streams, streams.c.stream == entries.c.stream)
    closed = (streams.c.sort == "ledger") | (streams.c.public_from > log_size)
    return sa.select(opened.c.position).select_from(joined).where(closed)


def published_of_ledger(connection: sa.Connection, log_size: int) -> list[int]:
    """Give the positions of closed entries of the ledger's own stream that everybody sees at a log size."""
    query = (
        sa.select(opened.c.position, opened.c.entry)
        .join(entries, entries.c.position == opened.c.position)
        .where(entries.c.stream == STREAM.bytes, opened.c.position <= log_size)
    )
    rows = connection.execute(query).all()
    closed = closed_of_ledger(connection, ((row.position, row.entry) for row in rows))
    return sorted(position for position, public_from in closed.items() if public_from <= log_size)


def recorded_in(connection: sa.Connection, programme: str, actor: str) -> str | None:
    """Give a commitment that a publication of the programme would open and that the actor recorded in; None if none."""
    # A member as RFC 8785 writes it; inside a text its quotation marks would be escaped. No fact has this name.
    member = f'"recorded_by":"{actor}"'.encode()
    if connection.dialect.name == "sqlite":
        found = sa.func.instr(opened.c.entry, member)
    else:
        found = sa.func.position(sa.literal(member).op("IN")(opened.c.entry))
    query = (
        sa.select(streams.c.reference)
        .join(entries, entries.c.stream == streams.c.stream)
        .join(opened, opened.c.position == entries.c.position)
        .where(streams.c.programme == programme, streams.c.sort == "commitment", streams.c.visibility == "public")
        .where(streams.c.public_from == NEVER, found > 0)
        .order_by(opened.c.position)
        .limit(1)
    )
    return connection.execute(query).scalar()


def _public_from(connection: sa.Connection, positions: Iterable[int]) -> Mapping[int, int]:
    wanted = sorted(positions)
    if not wanted:
        return {}
    query = (
        sa.select(entries.c.position, streams.c.public_from)
        .join(streams, streams.c.stream == entries.c.stream)
        .where(among(connection, entries.c.position, wanted), streams.c.sort != "ledger")
    )
    return {row.position: row.public_from for row in connection.execute(query)}
