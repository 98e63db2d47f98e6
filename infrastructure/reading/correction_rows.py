"""The register of corrections, read from its read model: what each did never changes, only whether it still counts."""

from collections import defaultdict
from collections.abc import Sequence

import orjson
import sqlalchemy as sa

from application.projecting import correction_from_row
from domain.correction_register import Correction, Registered
from domain.entry import Entry
from domain.entry_bytes import entry_of, newest
from domain.replay import retracted_by
from infrastructure.database.tables import corrections, entries, opened, streams


def registered(connection: sa.Connection, after: int, log_size: int) -> Sequence[Registered]:
    """Give the corrections with position after *after* and up to N, by position.

    Only a later correction can retract one, so those up to *after* are not asked whether these count.
    """
    rows = connection.execute(
        sa.select(
            corrections.c.stream,
            streams.c.reference,
            streams.c.programme,
            (streams.c.public_from > log_size).label("internal"),
            corrections.c.corrected,
            sa.func.coalesce(opened.c.entry, entries.c.entry),
        )
        .select_from(
            corrections.join(streams, streams.c.stream == corrections.c.stream)
            .join(entries, entries.c.position == corrections.c.position)
            .outerjoin(opened, opened.c.position == corrections.c.position)
        )
        .where(corrections.c.position > after, corrections.c.position <= log_size)
        .order_by(corrections.c.position)
    ).all()
    read = [entry_of(newest(orjson.loads(row[-1]))) for row in rows]
    of_stream: defaultdict[bytes, list[Entry]] = defaultdict(list)
    for row, entry in zip(rows, read, strict=True):
        of_stream[row[0]].append(entry)
    retracted = {stream: retracted_by(found) for stream, found in of_stream.items()}
    return [
        Registered(
            Correction(
                reference,
                entry,
                entry.version not in retracted[stream],
                correction_from_row(orjson.loads(corrected)),
            ),
            programme,
            bool(internal),
        )
        for (stream, reference, programme, internal, corrected, _), entry in zip(rows, read, strict=True)
    ]
