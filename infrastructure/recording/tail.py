"""The end of the ledger: gapless positions, strictly increasing instants, and the tree over all leaves.

It is one row, locked for as long as a transaction writes; so the order of commits is the order of positions, and a
rollback leaves no gap.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from eventsourcing.persistence import StoredEvent

from domain.merkle import HASH_SIZE, Frontier, leaf_hash, peaks
from infrastructure import clock
from infrastructure.database.listening import move_head
from infrastructure.database.statements import Row, execute, insert_rows
from infrastructure.database.tables import entries, opened, prose
from infrastructure.recording.codec import EntryForm

Form = Callable[[StoredEvent, int, datetime], EntryForm]
LARGEST_STEP_BACK: Final = timedelta(seconds=60)
_HEAD: Final = "SELECT position, recorded_at FROM head"


class ClockBehindError(Exception):
    """The clock is so far behind the last entry that somebody should look at it first."""

    def __init__(self, last: datetime, now: datetime) -> None:
        self.last, self.now = last, now
        super().__init__(f"the clock says {now.isoformat()}, but the last entry was recorded at {last.isoformat()}")


class Tail:
    """The end of the ledger while it is locked: hands out positions and instants, gathers rows, writes them."""

    def __init__(self, position: int, recorded_at: int, frontier: Frontier, form: Form) -> None:
        self.position, self._recorded_at, self.frontier, self._form = position, recorded_at, frontier, form
        self.leaf: bytes | None = None
        self._rows: dict[sa.Table, list[Row]] = {entries: [], opened: [], prose: []}

    def next_instant(self, now: datetime, after: datetime | None = None) -> datetime:
        """Give the instant for the next entry: now, but later than the last one (or than *after*)."""
        last = max(clock.from_micros(self._recorded_at), after or clock.EPOCH)
        if last - now > LARGEST_STEP_BACK:
            raise ClockBehindError(last, now)
        return max(now, last + timedelta(microseconds=1))

    def formed(self, stored: StoredEvent, recorded_at: datetime, ahead: int = 1) -> EntryForm:
        """Make the bytes that an event would have *ahead* positions on; what the form refuses takes no position."""
        return self._form(stored, self.position + ahead, recorded_at)

    def append(self, stored: StoredEvent, recorded_at: datetime) -> int:
        """Give an event the next position."""
        return self.take(stored, recorded_at, self.formed(stored, recorded_at))

    def take(self, stored: StoredEvent, recorded_at: datetime, form: EntryForm) -> int:
        """Take in an event whose bytes were made for the next position."""
        position, micros = self.position + 1, clock.to_micros(recorded_at)
        leaf = leaf_hash(form.leaf)
        self._rows[entries].append(
            (
                position,
                id_bytes(stored.originator_id),
                stored.originator_version,
                stored.topic,
                micros,
                form.leaf,
                leaf,
                b"".join(self.frontier.append(leaf)),
            )
        )
        if form.opened is not None:
            self._rows[opened].append((position, *form.opened))
        self._rows[prose] += [(position, *text) for text in form.prose]
        self.position, self._recorded_at, self.leaf = position, micros, leaf
        return position

    def write(self, connection: sa.Connection) -> None:
        """Insert what was appended and move the head."""
        for table, rows in self._rows.items():
            insert_rows(connection, table, rows)
            rows.clear()
        move_head(connection, self.position, self._recorded_at)


def lock_tail(connection: sa.Connection, form: Form, remembered: Frontier | None = None) -> Tail:
    """Lock the head until the transaction ends. *remembered* saves reading the frontier if it is of the same size."""
    # On SQLite the transaction itself has locked everything.
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""
    position, recorded_at = execute(connection, f"{_HEAD}{lock}").fetchone()
    same = remembered is not None and remembered.size == position
    frontier = remembered.copy() if same and remembered is not None else frontier_at(connection, position)
    return Tail(position, recorded_at, frontier, form)


def frontier_at(connection: sa.Connection, size: int) -> Frontier:
    """Read the peaks of the tree over the first *size* entries: O(log size) rows."""
    wanted = peaks(size)
    found = {
        row.position: row.leaf_hash + row.nodes
        for row in connection.execute(
            sa.select(entries.c.position, entries.c.leaf_hash, entries.c.nodes).where(
                entries.c.position.in_([position for _, position in wanted])
            )
        )
    }
    return Frontier(
        size,
        (found[position][level * HASH_SIZE : (level + 1) * HASH_SIZE] for level, position in wanted),
    )


def id_bytes(stream: UUID | str) -> bytes:
    """Give a stream's id as it is kept; the library's own tests have ids that are words."""
    return stream.bytes if isinstance(stream, UUID) else stream.encode()
