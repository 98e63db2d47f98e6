"""`ledger replay`: makes the read models anew from the entries, compares them with the live ones, puts them in place.

One stream is in memory at a time. The entries themselves are looked at first: read models made from entries that are
not what was recorded would be worth nothing, so nothing is compared or replaced then.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from application.errors import BadQuestion
from infrastructure.database.engines import Database
from infrastructure.database.tables import (
    DERIVED,
    course,
    details,
    entries,
    entry_facts,
    head,
    metadata,
)
from infrastructure.reading.read_models import insert_entry_facts, insert_read_models
from infrastructure.replaying.named_rows import Named, as_dict, as_dicts, clip, key_of, shown, unequal
from infrastructure.replaying.replay_process import ReplayingProcesses, processors_for
from infrastructure.replaying.replayed_entries import STEP as LOOKED_AT_ONCE
from infrastructure.replaying.replayed_entries import Looked, look_at_entries
from infrastructure.replaying.stream_projections import Some, projected_streams, some_streams

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


def replay(
    database: Database, *, check: bool, until: int | None, progress: Progress, processors: int | None = None
) -> Differences:
    """Make the read models anew and compare them with the live ones, as far as these were known at *until*.

    Unless *check* or *until* is given, the new rows take the place of live ones that differ, in one transaction and
    under the writer's lock. *progress* is told how much is done, and of how much. As many *processors* are used as
    there are, unless it is little to do.
    """
    replacing = not check and until is None
    with database.writing() if replacing else database.reading() as connection:
        query = sa.select(head.c.position, head.c.recorded_at)
        known = connection.execute(query.with_for_update() if replacing else query).one()
        if until is not None and not 0 <= until <= known.position:
            raise BadQuestion("until", f"{until} is no log size of this ledger", f"0 to {known.position}")
        size = known.position if until is None else until
        replaying = Replay(connection, size, progress, passes=3 if replacing else 2, all_known=until is None)
        with _helpers(database, size, processors) as helpers:
            replaying.look_and(replaying.compare, known.recorded_at, helpers)
        replaced = replacing and replaying.sound
        if replaced and replaying.count:
            replaying.replace()
        replaying.done()
        return Differences(size, replaying.streams, replaying.count, replaying.first, replaced)


def rebuild(database: Database, progress: Progress, processors: int | None = None) -> Differences:
    """Make the read models where there are none, in one transaction; not if the entries are not what was recorded."""
    with database.writing() as connection:
        known = connection.execute(sa.select(head.c.position, head.c.recorded_at).with_for_update()).one()
        replaying = Replay(connection, known.position, progress, passes=2, all_known=True)
        with _helpers(database, known.position, processors, facts=False) as helpers:
            replaying.look_and(replaying.replace, known.recorded_at, helpers)
        if not replaying.sound:
            connection.rollback()
        return Differences(known.position, replaying.streams, replaying.count, replaying.first, replaying.sound)


def _helpers(
    database: Database, size: int, processors: int | None, *, facts: bool = True
) -> AbstractContextManager[ReplayingProcesses | None]:
    using = processors or processors_for(size)
    return nullcontext() if using == 1 else ReplayingProcesses(database.url, size, using, facts=facts)


def read_models_are_missing(database: Database) -> bool:
    """Whether there are entries and nothing is made of them: a migration changed how that is written."""
    with database.reading() as connection:
        made = connection.execute(sa.select(entry_facts.c.position).limit(1)).first()
        return made is None and connection.execute(sa.select(head.c.position)).scalar_one() > 0


class Replay:
    def __init__(
        self, connection: sa.Connection, size: int, progress: Progress, *, passes: int, all_known: bool
    ) -> None:
        self._connection, self._size, self._progress, self._all_known = connection, size, progress, all_known
        self._to_do, self._done = passes * size, 0
        self.streams = self.count = 0
        self.first: Difference | None = None
        self.sound = True  # whether the entries are what was recorded, as far as can be seen
        self._helpers: ReplayingProcesses | None = None
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

    def done(self) -> None:
        """Tell that nothing is left to do: what is the same need not be replaced."""
        self._advance(self._to_do - self._done)

    # --- the entries

    def look_and(
        self, work: Callable[[], None], last_recorded_at: int, helpers: ReplayingProcesses | None = None
    ) -> None:
        """Look at the entries; *work* counts only if these are what was recorded.

        With *helpers* it is done at the same time, and what it found is forgotten if the entries are not sound.
        """
        self._helpers = helpers
        if helpers is None:
            looked = look_at_entries(self._connection, self._size, self._advance)
            self._advance(self._size % LOOKED_AT_ONCE)
            self._take(looked, last_recorded_at)
            if self.sound:
                work()
            return
        work()
        looked, self._helpers = helpers.looked(), None
        self._advance(self._size)
        if looked.findings.count:
            self.count, self.first = 0, None
        self._take(looked, last_recorded_at)

    def _take(self, looked: Looked, last_recorded_at: int) -> None:
        findings = looked.findings
        for fault in findings.faults:
            self._found(entries, f"position {fault.position}", fault.what)
        self.count += findings.count - len(findings.faults)
        if self._all_known and not findings.count:
            self.look_at_head(looked.last_recorded_at, last_recorded_at)

    def look_at_head(self, last: int, recorded_at: int) -> None:
        """Find a head that is not the last entry."""
        beyond = self._connection.execute(sa.select(sa.func.max(entries.c.position))).scalar() or 0
        if beyond != self._size:
            self._found(head, "the ledger", f"it ends at {self._size}, but there is an entry {beyond}")
        elif recorded_at != last:
            self._found(head, "the ledger", f"the last entry is of {recorded_at}, the entries say {last}")

    # --- the read models

    def compare(self) -> None:
        """Compare some streams at a time, then look for rows that belong to no entry."""
        for some in self._streams():
            if not (self._all_known and self._are_the_live_ones(some)):
                for each in projected_streams(self._connection, self._size, some.first, some.last + b"\0"):
                    if each.projection is not None:
                        rows = each.projection.rows()
                        self._compare(each.head.stream.bytes, each.head.reference, as_dicts(rows))
        if self._all_known:
            self._strays()

    def replace(self) -> None:
        """Delete every row of the read models and write them anew."""
        for table in DERIVED:
            self._connection.execute(sa.delete(table))
        for some in self._streams(facts=False):
            insert_read_models(self._connection, {metadata.tables[name]: rows for name, rows in some.rows.items()})
        insert_entry_facts(self._connection)

    def _streams(self, *, facts: bool = True) -> Iterator[Some]:
        """Project the streams, some at a time; those with faults are told of."""
        self.streams = 0
        helpers = self._helpers
        found = (
            some_streams(self._connection, self._size, facts=facts)
            if helpers is None
            else helpers.streams(self._connection)
        )
        for some in found:
            for reference, position, what in some.faults:
                self._found(entries, reference, what, position)
            yield some
            self.streams += some.streams
            self._advance(some.entries)

    def _are_the_live_ones(self, some: Some) -> bool:
        """Whether the live rows of some streams, which follow each other, are those that their entries give."""
        for name, made in some.rows.items():
            table = metadata.tables[name]
            wanted: Sequence[Any] = sorted(map(tuple, made))
            if table is details:
                wanted = sorted(set(wanted))
                live: Sequence[Any] = list(self._details([row[0] for row in wanted]))
            else:
                query = sa.select(table).where(table.c.stream.between(some.first, some.last))
                live = self._connection.execute(query).cursor.fetchall()  # rows are compared, nothing else
            if wanted != sorted(live):
                return False
        return True

    def _details(self, digests: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(digests), _PAGE):
            query = sa.select(details).where(details.c.digest.in_(digests[start : start + _PAGE]))
            yield from map(tuple, self._connection.execute(query))

    def _compare(self, stream: bytes, reference: str, expected: Mapping[sa.Table, list[Named]]) -> None:
        for table, made in expected.items():
            wanted = {key_of(table, row): row for row in made}
            live = {key_of(table, row): row for row in self._live(table, stream, wanted)}
            for key in sorted(wanted.keys() | live.keys()):
                row = wanted.get(key) or live[key]
                position = row.get("position") or row.get("from_position")
                if key not in live:
                    self._found(table, reference, f"a row is missing: {shown(table, row)}", position)
                elif key not in wanted:
                    self._found(table, reference, f"a row is too many: {shown(table, row)}", position)
                elif live[key] != row:
                    self._found(table, reference, unequal(table, live[key], row), position)

    def _live(self, table: sa.Table, stream: bytes, wanted: Mapping[Any, Named]) -> Iterator[Named]:
        if table is details:
            for found in self._details([row["digest"] for row in wanted.values()]):
                yield as_dict(details, found)
            return
        for row in map(dict, self._connection.execute(sa.select(table).where(table.c.stream == stream)).mappings()):
            if self._all_known or clip(table, row, self._size, wanted):
                yield row

    def _strays(self) -> None:
        for table in DERIVED:
            # A row of details belongs to the stretches of a course, every other row to the entries of a stream.
            mine, owner = (table.c.digest, course.c.details) if table is details else (table.c.stream, entries.c.stream)
            query = sa.select(table).where(mine.not_in(sa.select(owner)))
            for row in map(dict, self._connection.execute(query).mappings()):
                self._found(table, str(row.get("reference", "no stream")), f"it has no entries: {shown(table, row)}")
