"""Entries put apart by stream, in a file that is gone afterwards: a log gives them by position, a fold wants histories.

SQLite without any of our tables, so that an export can be verified where there is no database of the ledger.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from application.log_source import History
from domain.entry_bytes import decoded, entry_of, sort_of

_PAGE: Final = 2_000
_CACHE_KIB: Final = 32_768


class StreamsApart:
    """Implements `application.log_source.Apart`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ledger-verify-")
        self._file = sqlite3.connect(Path(self._folder.name) / "streams", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            self._file.execute(f"PRAGMA {setting}")
        self._file.execute("CREATE TABLE forms (position INTEGER PRIMARY KEY, stream BLOB, form BLOB)")
        self._rows: list[tuple[int, bytes | None, bytes]] = []
        self._indexed = False

    def add(self, position: int, read: Mapping[str, Any], form: bytes) -> None:
        """Take an entry."""
        stream = UUID(read["stream"]).bytes if "stream" in read else None
        self._rows.append((position, stream, form))
        if len(self._rows) >= _PAGE:
            self._write()

    def _write(self) -> None:
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR IGNORE INTO forms VALUES (?, ?, ?)", self._rows)
        self._file.execute("COMMIT")
        self._rows.clear()
        self._indexed = False

    def _ready(self) -> sqlite3.Connection:
        if self._rows:
            self._write()
        if not self._indexed:
            self._file.execute("CREATE INDEX IF NOT EXISTS by_stream ON forms (stream, position)")
            self._indexed = True
        return self._file

    def histories(self, up_to: int) -> Iterator[History]:
        """Give every stream that has entries up to a position, with these."""
        rows = self._ready().execute(
            "SELECT stream, form FROM forms WHERE stream IS NOT NULL AND position <= ? ORDER BY stream, position",
            (up_to,),
        )
        for stream, own in groupby(rows, lambda row: row[0]):
            yield history_of(UUID(bytes=stream), [form for _, form in own])

    def history(self, stream: UUID, up_to: int) -> History | None:
        """Give one stream."""
        rows = self._ready().execute(
            "SELECT form FROM forms WHERE stream = ? AND position <= ? ORDER BY position",
            (stream.bytes, up_to),
        )
        found = [form for (form,) in rows]
        return history_of(stream, found) if found else None

    def recorded_at(self, position: int) -> datetime:
        """Give the instant of an entry."""
        (form,) = self._ready().execute("SELECT form FROM forms WHERE position = ?", (position,)).fetchone()
        return datetime.fromisoformat(decoded(form)["recorded_at"])

    def close(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._folder.cleanup()


def history_of(stream: UUID, forms: Sequence[bytes]) -> History:
    """Read a stream's entries from their open forms."""
    read = [decoded(form) for form in forms]
    reference = read[0]["reference"]
    sort = sort_of(str(stream), reference) or "unknown"
    return History(stream, sort, reference, [entry_of(each) for each in read])
