"""What the commands of one transaction share: the locked tail, aggregates, and what they have recorded so far."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from domain.commitment import Commitment
from domain.ledger_stream import STREAM, LedgerStream
from domain.programme import Programme
from infrastructure.database.statements import Row, execute, insert_rows
from infrastructure.database.tables import issued_reports, prose, remembered
from infrastructure.reading.read_models import Projection
from infrastructure.reading.remembering import Remembered
from infrastructure.recording.codec import RecordedEvent
from infrastructure.recording.tail import Tail

Aggregate = Commitment | Programme | LedgerStream
_PREFIXES: Final = (
    "SELECT prefix, reference FROM reference_prefixes JOIN streams ON streams.stream = reference_prefixes.stream"
)


class AggregateCache(Protocol):
    """Where aggregates wait for the next transaction."""

    rights: int

    def get(self, stream: bytes) -> Aggregate | None: ...
    def is_behind(self, stream: bytes) -> bool: ...
    def put(self, stream: bytes, aggregate: Aggregate) -> None: ...
    def drop(self, stream: bytes) -> None: ...


class Batch:
    """What the commands of one transaction have recorded so far."""

    def __init__(
        self,
        connection: sa.Connection,
        tail: Tail,
        cache: AggregateCache,
        time_zone: ZoneInfo,
        now: Callable[[], datetime],
    ) -> None:
        self.connection, self.tail, self.cache, self.time_zone, self.now = connection, tail, cache, time_zone, now
        self.projection = Projection()
        self.events: dict[bytes, list[RecordedEvent]] = {}
        self.answers: dict[bytes, Remembered] = {}
        self.inserts: dict[sa.Table, list[dict[str, Any]]] = {issued_reports: []}
        self.remembered: list[Row] = []
        self.rights: list[sa.Executable] = []
        self.erased: set[tuple[int, str]] = set()
        self.changed = False
        self.deleted = False
        """Whether something is deleted that no file of the database may hold any more."""
        self._prefixes: dict[str, str] | None = None

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that programmes own, with codes; looked up once, before the first of the batch is given."""
        if self._prefixes is None:
            self._prefixes = dict(execute(self.connection, _PREFIXES).fetchall())
        return self._prefixes

    @property
    def rights_changed(self) -> bool:
        """Whether who may do what may have been changed: all of that stands in the ledger's own stream."""
        return STREAM.bytes in self.events

    def write(self) -> None:
        """Write everything; the transaction commits it."""
        self.tail.write(self.connection)
        self.projection.write(self.connection)
        insert_rows(self.connection, remembered, self.remembered)
        for table, rows in self.inserts.items():
            if rows:
                self.connection.execute(sa.insert(table), rows)
        for changed in self.rights:
            self.connection.execute(changed)
        for position, member in self.erased:
            self.connection.execute(sa.delete(prose).where(prose.c.position == position, prose.c.member == member))
