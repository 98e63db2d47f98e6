"""The `eventsourcing` library's own log with as many events as a ledger, of the same size: the yardstick of replays.

Events are written by the library's mapper and its native SQLite recorder, and read by its notification log.
"""

import sqlite3
from collections.abc import Callable, Iterator
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

        said: dict[str, Any]


def make_library_log(path: Path, ledger: Path) -> tuple[float, float]:
    """Write an event for every entry of the ledger in the file *ledger*; give the mean bytes of both."""
    mapper, recorder = _opened(path)
    recorder.create_table()
    ours = theirs = count = 0
    for page in _pages(ledger):
        stored = [mapper.to_stored_event(_event(entry)) for entry in page]
        recorder.insert_events(stored)
        ours += sum(map(len, page))
        theirs += sum(len(each.state) for each in stored)
        count += len(page)
    return ours / count, theirs / count


def decode(path: Path, progress: Callable[[], None]) -> int:
    """Read every event as the library does: pages of notifications, each mapped to a domain event."""
    mapper, recorder = _opened(path)
    log, count = LocalNotificationLog(recorder, section_size=PAGE), 0
    while notifications := log.select(start=count + 1, limit=PAGE):
        for notification in notifications:
            mapper.to_domain_event(notification)
        count += len(notifications)
        if count % (50 * PAGE) == 0:
            progress()
    return count


def _opened(path: Path) -> tuple[Mapper[UUID], SQLiteApplicationRecorder]:
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
        transcoder.register(transcoding)
    return Mapper(transcoder), SQLiteApplicationRecorder(SQLiteDatastore(str(path)))


def _pages(ledger: Path) -> Iterator[list[bytes]]:
    rows = sqlite3.connect(ledger).execute("SELECT entry FROM entries ORDER BY position")
    while page := rows.fetchmany(PAGE):
        yield [entry for (entry,) in page]


def _event(entry: bytes) -> Any:
    said = orjson.loads(entry)
    event = object.__new__(Promise.Told)
    event.__dict__.update(
        originator_id=uuid5(_NAMES, said["stream"]),
        originator_version=said["version"],
        timestamp=datetime.fromisoformat(said["recorded_at"]).astimezone(UTC),
        said={name: value for name, value in said.items() if name not in ("v", "version", "recorded_at")},
    )
    return event
