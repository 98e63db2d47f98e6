"""The `eventsourcing` library's recorder on our tables: gapless positions, strictly increasing instants, a Merkle tree.

The end of the ledger is one row, locked for as long as a transaction writes; so the order of commits is the order of
positions, and a rollback leaves no gap.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from eventsourcing.persistence import (
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)

from domain.merkle import HASH_SIZE, Frontier, leaf_hash, peaks
from infrastructure import clock
from infrastructure.database.engines import Database
from infrastructure.database.listening import Listener, move_head
from infrastructure.database.statements import Row, execute, insert_rows
from infrastructure.database.tables import entries, opened, prose, tracking
from infrastructure.recording.codec import EntryForm

Form = Callable[[StoredEvent, int, datetime], EntryForm]
LARGEST_STEP_BACK: Final = timedelta(seconds=60)
_POLL_SECONDS: Final = 0.2
_POLL_SECONDS_WHERE_TOLD: Final = 1.0
_PAGE: Final = 500
_HEAD: Final = "SELECT position, recorded_at FROM head"
_STREAM: Final = (
    "SELECT e.version, e.topic, coalesce(o.entry, e.entry) FROM entries e"
    " LEFT JOIN open_forms o ON o.position = e.position WHERE e.stream = ?"
)


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
                _id_bytes(stored.originator_id),
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


def select_stored(
    connection: sa.Connection,
    stream: UUID | str,
    *,
    gt: int | None = None,
    lte: int | None = None,
    desc: bool = False,
    limit: int | None = None,
) -> list[StoredEvent]:
    """Read a stream's entries by version, in their open form."""
    text, values = _STREAM, list[Any]([_id_bytes(stream)])
    for condition, value in ((" AND e.version > ?", gt), (" AND e.version <= ?", lte)):
        if value is not None:
            text, values = text + condition, [*values, value]
    text += " ORDER BY e.version" + (" DESC" if desc else "")
    if limit is not None:
        text, values = f"{text} LIMIT ?", [*values, limit]
    return [StoredEvent(stream, *row) for row in execute(connection, text, values).fetchall()]


def open_form_of(position: int) -> sa.Select[Any]:
    """Select the bytes of one entry, in their open form."""
    form = sa.func.coalesce(opened.c.entry, entries.c.entry)
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    return sa.select(form).select_from(joined).where(entries.c.position == position)


def _open_forms(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    state = sa.func.coalesce(opened.c.entry, entries.c.entry).label("state")
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    return sa.select(*columns, entries.c.topic, state).select_from(joined)


class EntryRecorder(ProcessRecorder):
    """Implements the library's application, process and tracking recorders; *form* makes the entry bytes."""

    def __init__(self, database: Database, form: Form, now: Callable[[], datetime] = clock.now) -> None:
        super().__init__()
        self._database, self._form, self._now = database, form, now
        self.appended = threading.Condition()

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, tracking: Tracking | None = None, **_: Any
    ) -> Sequence[int]:
        """Append events in one transaction; IntegrityError and nothing written if a version is taken."""
        try:
            with self._database.writing() as connection:
                tail = lock_tail(connection, self._form)
                positions = [tail.append(each, tail.next_instant(self._now())) for each in stored_events]
                if positions:
                    tail.write(connection)
                if tracking is not None:
                    _track(connection, tracking)
        except sa.exc.IntegrityError as taken:
            raise IntegrityError(str(taken.orig)) from taken
        with self.appended:
            self.appended.notify_all()
        return positions

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Read a stream by version."""
        with self._database.reading() as connection:
            return select_stored(connection, originator_id, gt=gt, lte=lte, desc=desc, limit=limit)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Read the whole ledger by position."""
        position = entries.c.position
        query = _open_forms(position, entries.c.stream, entries.c.version).order_by(position).limit(limit)
        if start is not None:
            query = query.where(position >= start if inclusive_of_start else position > start)
        if stop is not None:
            query = query.where(position <= stop)
        if topics:
            query = query.where(entries.c.topic.in_(topics))
        with self._database.reading() as connection:
            return [
                Notification(UUID(bytes=row.stream), row.version, row.topic, row.state, row.position)
                for row in connection.execute(query)
            ]

    def max_notification_id(self) -> int | None:
        """Give the head, None for an empty ledger."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(sa.func.max(entries.c.position))).scalar()

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "EntrySubscription":
        """Follow the ledger from a position on."""
        return EntrySubscription(self, gt, topics)

    def listener(self, told: Callable[[], None]) -> Listener:
        """Give what calls *told* when another process appends, as far as the database tells."""
        return Listener(self._database, told)

    @property
    def poll_seconds(self) -> float:
        """How long to wait before the table is asked again, although nothing was said."""
        return _POLL_SECONDS if self._database.is_sqlite else _POLL_SECONDS_WHERE_TOLD

    def insert_tracking(self, tracking: Tracking) -> None:
        """Note how far an application has come; IntegrityError if it has come that far already."""
        try:
            with self._database.writing() as connection:
                _track(connection, tracking)
        except sa.exc.IntegrityError as taken:
            raise IntegrityError(str(taken.orig)) from taken

    def max_tracking_id(self, application_name: str) -> int | None:
        """Tell how far an application has come."""
        with self._database.reading() as connection:
            return connection.execute(
                sa.select(tracking.c.notification).where(tracking.c.application == application_name)
            ).scalar()


class EntrySubscription(Subscription[EntryRecorder]):
    """Entries as they come. Being told of an append is a hint; asking the table is what counts."""

    def __init__(self, recorder: EntryRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder, gt, topics)
        self._page: list[Notification] = []
        self._listener = recorder.listener(self._wake)
        self._listener.start()

    def stop(self) -> None:
        """End the iteration."""
        super().stop()
        self._wake()
        self._listener.stop()

    def _wake(self) -> None:
        with self._recorder.appended:
            self._recorder.appended.notify_all()

    def __next__(self) -> Notification:
        """Give the next entry; waits until there is one."""
        while not self._page:
            if self._has_been_stopped:
                raise StopIteration
            found = self._recorder.select_notifications(
                self._last_notification_id, _PAGE, topics=self._topics, inclusive_of_start=False
            )
            if found:
                self._page = list(reversed(found))
            else:
                with self._recorder.appended:
                    self._recorder.appended.wait(self._recorder.poll_seconds)
        if self._has_been_stopped:
            raise StopIteration
        notification = self._page.pop()
        self._last_notification_id = notification.id
        return notification


def _track(connection: sa.Connection, reached: Tracking) -> None:
    name, number = reached.application_name, reached.notification_id
    moved = connection.execute(
        sa.update(tracking)
        .where(tracking.c.application == name, tracking.c.notification < number)
        .values(notification=number)
    )
    if not moved.rowcount:
        # Nothing moved: a first tracking, or one that is not ahead, which the primary key refuses.
        connection.execute(sa.insert(tracking).values(application=name, notification=number))


def _id_bytes(stream: UUID | str) -> bytes:
    return stream.bytes if isinstance(stream, UUID) else stream.encode()
