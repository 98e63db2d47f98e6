"""A ledger's own database as something to be verified: every row read back, with what stands beside it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from application.log_source import History, Leaf
from domain.entry_bytes import decoded, sort_of
from infrastructure import clock
from infrastructure.database.tables import entries, opened, prose
from infrastructure.verifying.streams_apart import history_of

PAGE: Final = 1_000
_BESIDE: Final = (entries.c.topic, entries.c.stream, entries.c.version, entries.c.recorded_at)
_NO_TEXTS: Final[Mapping[str, tuple[bytes, bytes]]] = {}


class Beside(NamedTuple):
    """What a row of an entry says besides its bytes and hashes."""

    topic: str
    stream: bytes
    version: int
    recorded_at: int


def leaves(connection: sa.Connection, *, up_to: int | None = None, texts: bool = True) -> Iterator[Leaf]:
    """Read entries by position, page by page; with their texts, unless told otherwise."""
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    columns = (entries.c.position, entries.c.entry, opened.c.entry, opened.c.salt, entries.c.leaf_hash, entries.c.nodes)
    query = sa.select(*columns, *_BESIDE).select_from(joined).where(entries.c.position > sa.bindparam("after"))
    query, after = query.order_by(entries.c.position).limit(PAGE), 0
    if up_to is not None:
        query = query.where(entries.c.position <= up_to)
    # Past SQLAlchemy's rows: they would take as long as the database.
    while page := connection.execute(query, {"after": after}).cursor.fetchall():
        there = _texts(connection, page[0][0], page[-1][0]) if texts else {}
        for position, entry, open_form, salt, leaf_hash, nodes, *row in page:
            own = there.get(position, _NO_TEXTS)
            yield Leaf(position, entry, open_form, salt, own, leaf_hash, nodes, Beside(*row))
        after = page[-1][0]


def _texts(connection: sa.Connection, first: int, last: int) -> Mapping[int, dict[str, tuple[bytes, bytes]]]:
    found: dict[int, dict[str, tuple[bytes, bytes]]] = {}
    query = sa.select(prose).where(prose.c.position >= first, prose.c.position <= last)
    for position, member, value, salt in connection.execute(query):
        found.setdefault(position, {})[member] = value.encode(), salt
    return found


def beside(leaf: Leaf, read: Mapping[str, Any]) -> Iterator[str]:
    """Say what the columns of a row tell that its bytes do not."""
    topic, stream, version, recorded_at = leaf.row
    if clock.from_micros(recorded_at) != datetime.fromisoformat(read["recorded_at"]):
        yield "its row says another instant than its bytes"
    if "closed" in read:
        return
    if version != read["version"] or stream.hex() != read["stream"].replace("-", ""):
        yield "its row says another version or stream than its bytes"
        return
    sort = sort_of(read["stream"], read["reference"])
    kind = "opened" if sort == "ledger" and read["version"] == 1 else read["kind"]
    if topic != f"{sort}.{kind}":
        yield f"its stored name is {topic}, its bytes are {sort}.{kind}"


class DatabaseStreams:
    """Implements `application.log_source.Streams` on the entries, and on nothing that was derived from them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def histories(self, up_to: int) -> Iterator[History]:
        """Give every stream that has entries up to a position, with these."""
        query = _forms(entries.c.stream).where(entries.c.position <= up_to)
        query = query.order_by(entries.c.stream, entries.c.version).execution_options(yield_per=PAGE)
        for stream, own in groupby(self._connection.execute(query), lambda row: bytes(row.stream)):
            yield history_of(UUID(bytes=stream), [row.form for row in own])

    def history(self, stream: UUID, up_to: int) -> History | None:
        """Give one stream."""
        query = _forms().where(entries.c.stream == stream.bytes, entries.c.position <= up_to)
        rows = self._connection.execute(query.order_by(entries.c.version)).all()
        return history_of(stream, [row.form for row in rows]) if rows else None

    def recorded_at(self, position: int) -> datetime:
        """Give the instant of an entry."""
        query = sa.select(entries.c.entry).where(entries.c.position == position)
        return datetime.fromisoformat(decoded(self._connection.execute(query).scalar_one())["recorded_at"])


def _forms(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    form = sa.func.coalesce(opened.c.entry, entries.c.entry).label("form")
    return sa.select(*columns, form).select_from(joined)
