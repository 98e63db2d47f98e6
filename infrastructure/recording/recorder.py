"""The `eventsourcing` library's recorder on our tables."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
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

from infrastructure import clock
from infrastructure.database.engines import Database
from infrastructure.database.listening import Listener
from infrastructure.database.statements import execute
from infrastructure.database.tables import entries, opened, tracking
from infrastructure.recording.tail import Form, id_bytes, lock_tail

_POLL_SECONDS: Final = 0.2
_POLL_SECONDS_WHERE_TOLD: Final = 1.0
_PAGE: Final = 500
_STREAM: Final = (
    "SELECT e.version, e.topic, coalesce(o.entry, e.entry) FROM entries e"
    " LEFT JOIN open_forms o ON o.position = e.position WHERE e.stream = ?"
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
    text, values = _STREAM, list[Any]([id_bytes(stream)])
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
