"""The `eventsourcing` library's own log with as many events as a ledger, of the same size: the yardstick of replays.

Events are written by the library's mapper and its native SQLite recorder, and read by its notification log.
"""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import orjson
from eventsourcing.application import LocalNotificationLog
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import DatetimeAsISO, DecimalAsStr, JSONTranscoder, Mapper, UUIDAsHex
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

PAGE: Final = 1_000
_NAMES: Final = UUID(int=5)


class Promise(Aggregate):
    """What a commitment would be, were it kept by the library alone."""

    class Told(Aggregate.Event):
        """One event, whatever its kind."""

        kind: str
        recorded_by: str
        role: str
        reference: str
        facts: dict[str, Any]
        prose: dict[str, Any]


class LibraryLog:
    """As many events as the ledger in the file *ledger* has entries, each with what its entry says."""

    def __init__(self, path: Path, ledger: Path) -> None:
        transcoder = JSONTranscoder()
        for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
            transcoder.register(transcoding)
        self._mapper: Mapper[UUID] = Mapper(transcoder)
        self._recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(path)))
        self._recorder.create_table()
        self.bytes = self.events = 0
        waiting = []
        for event in _events(ledger):
            stored = self._mapper.to_stored_event(event)
            self.bytes += len(stored.state)
            self.events += 1
            waiting.append(stored)
            if len(waiting) == PAGE:
                self._recorder.insert_events(waiting)
                waiting.clear()
        if waiting:
            self._recorder.insert_events(waiting)

    def decode(self) -> int:
        """Read every event as the library does: pages of notifications, each mapped to a domain event."""
        log = LocalNotificationLog(self._recorder, section_size=PAGE)
        count = 0
        while notifications := log.select(start=count + 1, limit=PAGE):
            for notification in notifications:
                self._mapper.to_domain_event(notification)
            count += len(notifications)
        return count


def _events(ledger: Path) -> Iterator[Any]:
    rows = sqlite3.connect(ledger).execute("SELECT entry FROM entries ORDER BY position")
    for (entry,) in rows:
        said = orjson.loads(entry)
        event = object.__new__(Promise.Told)
        event.__dict__.update(
            originator_id=uuid5(_NAMES, said["stream"]),
            originator_version=said["version"],
            timestamp=datetime.fromisoformat(said["recorded_at"]).astimezone(UTC),
            **{name: said[name] for name in ("kind", "recorded_by", "role", "reference", "facts", "prose")},
        )
        yield event
