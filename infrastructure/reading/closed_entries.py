"""From when on everybody sees closed entries of the ledger's own stream: with what they are about, or never."""

from collections.abc import Iterable, Mapping

import orjson
import sqlalchemy as sa

from domain.entry_bytes import newest
from domain.publication import NEVER
from infrastructure.database.engines import among
from infrastructure.database.tables import entries, streams


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
