"""`ledger replay`: makes the read models anew from the entries, compares them with the live ones, puts them in place.

One stream is in memory at a time. The entries themselves are looked at first: read models made from entries that are
not what was recorded would be worth nothing, so nothing is compared or replaced then.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from application.checking_entries import EntryCheck
from application.errors import BadQuestion
from application.log_source import Findings
from application.verifying import faults_of
from domain.entry import Entry
from domain.entry_bytes import decoded, entry_of
from domain.errors import Refusal
from domain.ledger_stream import REFERENCE, STREAM
from domain.programme import Programme
from infrastructure.database import Database
from infrastructure.database_source import beside, leaves
from infrastructure.read_models import Projection, Row, StreamHead, projected
from infrastructure.tables import (
    DERIVED,
    FOR_EVER,
    course,
    details,
    entries,
    entry_facts,
    head,
    opened,
    relations,
    status_courses,
    streams,
)

Progress = Callable[[int, int], None]
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the entries make of it: in which table, of which stream, and what.

    *position* is that of the entry that the row is made for, None if it is made of many.
    """

    table: str
    reference: str
    what: str
    position: int | None = None

    def __str__(self) -> str:
        return f"{self.table}, {self.reference}: {self.what}"


@dataclass(frozen=True, slots=True)
class Differences:
    """What a replay of *log_size* entries in *streams* streams found, and whether it replaced the live rows."""

    log_size: int
    streams: int
    count: int
    first: Difference | None
    replaced: bool


def replay(database: Database, *, check: bool, until: int | None, progress: Progress) -> Differences:
    """Make the read models anew and compare them with the live ones, as far as these were known at *until*.

    Unless *check* or *until* is given, the new rows replace the live ones, in one transaction and under the writer's
    lock. *progress* is told how much is done, and of how much.
    """
    replacing = not check and until is None
    with database.writing() if replacing else database.reading() as connection:
        query = sa.select(head.c.position, head.c.recorded_at)
        known = connection.execute(query.with_for_update() if replacing else query).one()
        if until is not None and not 0 <= until <= known.position:
            raise BadQuestion("until", f"{until} is no log size of this ledger", f"0 to {known.position}")
        size = known.position if until is None else until
        replaying = Replay(connection, size, progress, passes=3 if replacing else 2, all_known=until is None)
        replaying.look_at_entries(known.recorded_at)
        if replaying.sound:
            replaying.compare()
        replaced = replacing and replaying.sound
        if replaced:
            replaying.replace()
        return Differences(size, replaying.streams, replaying.count, replaying.first, replaced)


def read_models_are_missing(database: Database) -> bool:
    """Whether there are entries and nothing is made of them: a migration changed how that is written."""
    with database.reading() as connection:
        made = connection.execute(sa.select(entry_facts.c.position).limit(1)).first()
        return made is None and connection.execute(sa.select(head.c.position)).scalar_one() > 0


class EntriesAlone:
    """The entries of a database as `application.checking_entries` looks at them, without their texts."""

    shows_texts, shows_closed = False, True
    beside = staticmethod(beside)


class Replay:
    def __init__(
        self, connection: sa.Connection, size: int, progress: Progress, *, passes: int, all_known: bool
    ) -> None:
        self._connection, self._size, self._progress, self._all_known = connection, size, progress, all_known
        self._to_do, self._done = passes * size, 0
        self.streams = self.count = 0
        self.first: Difference | None = None
        self.sound = True  # whether the entries are what was recorded, as far as can be seen
        self._internal_programmes: dict[str, bool] = {}
        self.told: Callable[[Difference], None] = lambda _difference: None

    def _found(self, table: sa.Table, reference: str, what: str, position: int | None = None) -> None:
        self.count += 1
        difference = Difference(table.name, reference, what, position)
        self.first = self.first or difference
        self.sound = self.sound and table not in (entries, head)
        self.told(difference)

    def _advance(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._to_do)

    # --- the entries

    def look_at_entries(self, last_recorded_at: int) -> None:
        """Find gaps, hashes that do not fit, and rows that say something else than their bytes."""
        findings, last = Findings(), 0
        check = EntryCheck(EntriesAlone(), findings, (), None)
        for leaf in leaves(self._connection, up_to=self._size, texts=False):
            check.take(leaf)
            last = leaf.row.recorded_at
            if leaf.position % _PAGE == 0:
                self._advance(_PAGE)
        self._advance(self._size % _PAGE)
        if check.position < self._size:
            findings.found(check.position + 1, f"it is missing; the ledger ends at {self._size}")
        for fault in findings.faults:
            self._found(entries, f"position {fault.position}", fault.what)
        self.count += findings.count - len(findings.faults)
        if self._all_known and not self.count:
            self.look_at_head(last, last_recorded_at)

    def look_at_head(self, last: int, recorded_at: int) -> None:
        """Find a head that is not the last entry."""
        beyond = self._connection.execute(sa.select(sa.func.max(entries.c.position))).scalar() or 0
        if beyond != self._size:
            self._found(head, "the ledger", f"it ends at {self._size}, but there is an entry {beyond}")
        elif recorded_at != last:
            self._found(head, "the ledger", f"the last entry is of {recorded_at}, the entries say {last}")

    # --- the read models

    def compare(self) -> None:
        """Compare stream by stream, then look for rows that belong to no entry."""
        for stream, reference, projection in self._projections():
            self.streams += 1
            self._compare(stream, reference, projection.rows())
        if self._all_known:
            self._strays()

    def replace(self) -> None:
        """Delete every row of the read models and write them anew."""
        for table in DERIVED:
            self._connection.execute(sa.delete(table))
        for _, _, projection in self._projections():
            projection.write(self._connection)

    def _projections(self) -> Iterator[tuple[bytes, str, Projection]]:
        for stream in self._stream_ids():
            rows = self._connection.execute(
                _entries_with_open_forms()
                .where(entries.c.stream == stream, entries.c.position <= self._size)
                .order_by(entries.c.position)
            ).all()
            read = [decoded(row.opened or row.entry) for row in rows]
            history, reference = [entry_of(each) for each in read], read[0]["reference"]
            head_of_stream = self._head_of(UUID(bytes=stream), reference, history[0])
            faults = list(faults_of(head_of_stream.sort, history))
            for position, what in faults:
                self._found(entries, reference, what, position)
            if faults:
                continue
            try:
                projection = projected(head_of_stream, history)
            except Refusal as refused:
                what = f"as it was recorded, step by step, it breaks a rule: {refused}"
                self._found(entries, reference, what, history[-1].position)
                continue
            yield stream, reference, projection
            self._advance(len(rows))

    def _stream_ids(self) -> Iterator[bytes]:
        query = sa.select(entries.c.stream).where(entries.c.position <= self._size).distinct()
        query, last = query.order_by(entries.c.stream).limit(_PAGE), b""
        while page := self._connection.execute(query.where(entries.c.stream > last)).scalars().all():
            yield from page
            last = page[-1]

    def _head_of(self, stream: UUID, reference: str, first: Entry) -> StreamHead:
        if stream == STREAM:
            return StreamHead(stream, "ledger", REFERENCE, None, internal=False)
        if first.kind == "programme_published":
            internal = first.facts["details"].get("visibility") == "internal"
            return StreamHead(stream, "programme", reference, reference, internal)
        commitment = first.facts["commitment"]
        code = commitment["programme"]
        internal = commitment.get("visibility") == "internal" or self._is_internal(code)
        return StreamHead(stream, "commitment", reference, code, internal)

    def _is_internal(self, code: str) -> bool:
        if code not in self._internal_programmes:
            query = _entries_with_open_forms().where(
                entries.c.stream == Programme.id_of(code).bytes, entries.c.version == 1
            )
            row = self._connection.execute(query).one_or_none()
            published = decoded(row.opened or row.entry)["facts"]["details"] if row else {}
            self._internal_programmes[code] = published.get("visibility") == "internal"
        return self._internal_programmes[code]

    def _compare(self, stream: bytes, reference: str, expected: Mapping[sa.Table, list[Row]]) -> None:
        for table, made in expected.items():
            wanted = {_key(table, row): row for row in made}
            live = {_key(table, row): row for row in self._live(table, stream, wanted)}
            for key in sorted(wanted.keys() | live.keys()):
                row = wanted.get(key) or live[key]
                position = row.get("position") or row.get("from_position")
                if key not in live:
                    self._found(table, reference, f"a row is missing: {_shown(table, row)}", position)
                elif key not in wanted:
                    self._found(table, reference, f"a row is too many: {_shown(table, row)}", position)
                elif live[key] != row:
                    self._found(table, reference, _unequal(table, live[key], row), position)

    def _live(self, table: sa.Table, stream: bytes, wanted: Mapping[Any, Row]) -> Iterator[Row]:
        if table is details:
            digests = [row["digest"] for row in wanted.values()]
            for start in range(0, len(digests), _PAGE):
                query = sa.select(details).where(details.c.digest.in_(digests[start : start + _PAGE]))
                yield from map(dict, self._connection.execute(query).mappings())
            return
        for row in map(dict, self._connection.execute(sa.select(table).where(table.c.stream == stream)).mappings()):
            if self._all_known or _clip(table, row, self._size, wanted):
                yield row

    def _strays(self) -> None:
        for table in DERIVED:
            # A row of details belongs to the stretches of a course, every other row to the entries of a stream.
            mine, owner = (table.c.digest, course.c.details) if table is details else (table.c.stream, entries.c.stream)
            query = sa.select(table).where(mine.not_in(sa.select(owner)))
            for row in map(dict, self._connection.execute(query).mappings()):
                self._found(table, str(row.get("reference", "no stream")), f"it has no entries: {_shown(table, row)}")


def _entries_with_open_forms() -> sa.Select[Any]:
    joined = entries.outerjoin(opened, opened.c.position == entries.c.position)
    return sa.select(entries, opened.c.entry.label("opened"), opened.c.salt).select_from(joined)


def _clip(table: sa.Table, row: Row, size: int, wanted: Mapping[Any, Row]) -> bool:
    """Make a live row what it was when *size* entries were known; False if it was not there."""
    if table is streams:
        made = wanted.get(_key(table, row))
        row["version"] = min(row["version"], made["version"]) if made else row["version"]
    elif table is course:
        row["to_position"] = row["to_position"] if row["to_position"] <= size else FOR_EVER
        return bool(row["from_position"] <= size)
    elif table is status_courses:
        return bool(row["from_position"] <= size)
    elif table is relations:
        return _key(table, row) in wanted  # it does not say since when it is there
    else:
        return bool(row["position"] <= size)
    return True


def _key(table: sa.Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _shown(table: sa.Table, row: Mapping[str, Any]) -> str:
    return ", ".join(f"{column.name} {_value(row[column.name])}" for column in table.primary_key)


def _unequal(table: sa.Table, live: Row, made: Row) -> str:
    name = next(name for name, value in made.items() if live[name] != value)
    return f"{name} is {_value(live[name])}, the entries give {_value(made[name])} ({_shown(table, made)})"


def _value(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
