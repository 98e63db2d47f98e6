"""Reading: a consistent snapshot and the queries on it (implements `application.ports.View`)."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa

from application.ports import Once
from domain.answers import CommitmentAt, Kept, Moment, OpenForm, RecordedEntry
from domain.correction_register import Registered
from domain.entry import Entry, TextAt
from domain.entry_bytes import entry_of, newest
from domain.issued import KeptReport
from domain.programme import ProgrammeState, programme_at
from domain.replay import StatusStep
from infrastructure import clock
from infrastructure.database.engines import Database
from infrastructure.database.tables import course, entries, entry_facts, head, opened, prose, streams
from infrastructure.reading.closed_entries import closed_of_ledger
from infrastructure.reading.commitments_at import Details, commitments_at, status_courses
from infrastructure.reading.correction_rows import registered
from infrastructure.reading.issued import kept_report, newest_issued
from infrastructure.reading.kept_texts import Texts
from infrastructure.reading.remembering import remembered_answer
from infrastructure.reading.two_time_queries import ALL, ONE, RELATING, last_day_to_look_at
from infrastructure.recording.tail import frontier_at

PAGE: Final = 500
_REMEMBERED_ANSWERS: Final = 4
_REMEMBERED_COMMITMENTS: Final = 50_000
"""Of all answers together, if there are several: some 100 MB."""

CommitmentsAt = Sequence[CommitmentAt]


class Readings:
    """Opens views. What a (V, N) once answered is kept for a while: it can never change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answers: OrderedDict[tuple[date, int], CommitmentsAt] = OrderedDict()
        self._lock = Lock()
        self.details = Details()
        self.texts = Texts()

    @contextmanager
    def view(self, replica: Database | None = None) -> Iterator["SqlView"]:
        """Open a snapshot, of a replica if one is given."""
        with (replica or self._database).reading() as connection:
            yield SqlView(connection, self, complete=replica is None)

    def kept(self, as_of: date, log_size: int) -> CommitmentsAt | None:
        """Give all commitments at (V, N), if they were asked for lately."""
        with self._lock:
            return self._answers.get((as_of, log_size))

    def keep(self, as_of: date, log_size: int, found: CommitmentsAt) -> None:
        """Remember all commitments at (V, N)."""
        with self._lock:
            self._answers[as_of, log_size] = found
            while len(self._answers) > _REMEMBERED_ANSWERS or (
                len(self._answers) > 1 and sum(map(len, self._answers.values())) > _REMEMBERED_COMMITMENTS
            ):
                self._answers.popitem(last=False)


class BehindError(Exception):
    """The snapshot is of a replica that may not know yet what was recorded up to the instant asked about."""


class SqlView:
    """One snapshot; *complete* if it holds everything that was recorded before it was opened."""

    def __init__(self, connection: sa.Connection, readings: Readings, *, complete: bool = True) -> None:
        self._connection, self._readings, self._complete = connection, readings, complete
        row = connection.execute(sa.select(head.c.position, head.c.recorded_at)).one()
        self._head = Moment(row.position, clock.from_micros(row.recorded_at) if row.position else None)

    @property
    def head(self) -> Moment:
        """All that was known when the view was opened."""
        return self._head

    def moment(self, log_size: int) -> Moment:
        """Give the moment at which *log_size* entries were known."""
        if log_size in (self._head.log_size, 0):
            return self._head if log_size else Moment(0, None)
        micros = self._connection.execute(
            sa.select(entries.c.recorded_at).where(entries.c.position == log_size)
        ).scalar_one()
        return Moment(log_size, clock.from_micros(micros))

    def size_known_at(self, instant: datetime) -> int:
        """Give the greatest position recorded at or before *instant*, 0 if there is none."""
        if not self._complete and (self._head.recorded_at is None or self._head.recorded_at < instant):
            raise BehindError  # the answer for an instant may never change
        return (
            self._connection.execute(
                sa.select(entries.c.position)
                .where(entries.c.recorded_at <= clock.to_micros(instant))
                .order_by(entries.c.recorded_at.desc())
                .limit(1)
            ).scalar()
            or 0
        )

    def commitments(self, as_of: date, log_size: int) -> CommitmentsAt:
        """Give every commitment that exists at (V, N), ordered by reference, internal ones included."""
        found = self._readings.kept(as_of, log_size)
        if found is None:
            found = self._commitments(ALL, as_of, log_size)
            self._readings.keep(as_of, log_size, found)
        return found

    def commitment(self, reference: str, as_of: date, log_size: int) -> CommitmentAt | None:
        """Give one commitment at (V, N)."""
        found = self._commitments(ONE, as_of, log_size, reference=reference)
        return found[0] if found else None

    def relating_to(self, reference: str, as_of: date, log_size: int) -> CommitmentsAt:
        """Give the commitments at (V, N) that have a relation to *reference*."""
        return [
            each
            for each in self._commitments(RELATING, as_of, log_size, reference=reference)
            if any(relation["reference"] == reference for relation in each.state.details.get("relations", ()))
        ]

    def _commitments(self, query: sa.Select[Any], as_of: date, log_size: int, **which: str) -> CommitmentsAt:
        day = last_day_to_look_at(as_of, self.moment(log_size).recorded_at)
        return commitments_at(self._connection, self._readings.details, query, day, log_size, **which)

    def status_courses(self, log_size: int) -> Iterable[tuple[str, Sequence[StatusStep]]]:
        """Give every step of the status of every commitment known at N, in any order."""
        return status_courses(self._connection, log_size)

    def programmes(self, as_of: date, log_size: int) -> Sequence[tuple[ProgrammeState, int, bool]]:
        """Give every programme at (V, N) by code, with its last version known at N and whether it is internal."""
        found = []
        for row in self._connection.execute(
            sa.select(streams.c.stream, streams.c.public_from)
            .where(streams.c.sort == "programme")
            .order_by(streams.c.reference)
        ):
            recorded = self.entries(UUID(bytes=row.stream), log_size)
            state = programme_at(recorded, as_of, log_size) if recorded else None
            if state is not None:
                found.append((state, recorded[-1].version, row.public_from > log_size))
        return found

    def entries(self, stream: UUID, log_size: int) -> Sequence[Entry]:
        """Give the entries of one stream known at N, by version."""
        query = (
            sa.select(sa.func.coalesce(opened.c.entry, entries.c.entry).label("form"))
            .select_from(entries.outerjoin(opened, opened.c.position == entries.c.position))
            .where(entries.c.stream == stream.bytes, entries.c.position <= log_size)
            .order_by(entries.c.version)
        )
        return [entry_of(newest(orjson.loads(row.form))) for row in self._connection.execute(query)]

    def recorded(
        self, *, stream: UUID | None = None, after: int = 0, up_to: int, limit: int | None = None
    ) -> Iterator[RecordedEntry]:
        """Give entries with all that is shown of them, by position, from after *after* to *up_to*."""
        which = () if stream is None else (entries.c.stream == stream.bytes,)
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self._page(size, entries.c.position > after, entries.c.position <= up_to, *which)
            yield from page
            if len(page) < size:
                return
            after = page[-1].entry.position
            left = None if left is None else left - len(page)

    def _page(self, size: int, *which: sa.ColumnElement[bool]) -> list[RecordedEntry]:
        rows = self._connection.execute(
            sa.select(
                entries.c.position,
                entries.c.stream,
                entries.c.leaf_hash,
                sa.func.coalesce(opened.c.entry, entries.c.entry).label("form"),
                opened.c.entry.label("open_form"),
                opened.c.salt,
                streams.c.sort,
                streams.c.programme,
                streams.c.reference,
                streams.c.public_from,
            )
            .select_from(
                entries.join(streams, streams.c.stream == entries.c.stream).outerjoin(
                    opened, opened.c.position == entries.c.position
                )
            )
            .where(*which)
            .order_by(entries.c.position)
            .limit(size)
        ).all()
        texts = self._prose([row.position for row in rows])
        closed = closed_of_ledger(
            self._connection, ((row.position, row.open_form) for row in rows if row.sort == "ledger")
        )
        return [_recorded(row, closed.get(row.position, row.public_from), texts[row.position]) for row in rows]

    def _prose(self, positions: Sequence[int]) -> Mapping[int, Mapping[str, tuple[Any, bytes]]]:
        found: defaultdict[int, dict[str, tuple[Any, bytes]]] = defaultdict(dict)
        for start in range(0, len(positions), PAGE):
            for row in self._connection.execute(
                sa.select(prose).where(prose.c.position.in_(positions[start : start + PAGE]))
            ):
                found[row.position][row.member] = orjson.loads(row.value), row.salt
        return found

    def touched(self, since: date, until: date, log_size: int) -> Sequence[UUID]:
        """Give the commitments' streams with an entry, or a corrected date, in effect after *since*, up to *until*."""
        begins = sa.exists().where(
            course.c.stream == streams.c.stream,
            course.c.since > since.toordinal(),
            course.c.since <= until.toordinal(),
            course.c.from_position <= log_size,
            course.c.to_position > log_size,
        )
        rows = self._connection.execute(sa.select(streams.c.stream).where(streams.c.sort == "commitment", begins))
        return [UUID(bytes=row.stream) for row in rows]

    def corrections(self, after: int, log_size: int) -> Sequence[Registered]:
        """Give the rectifications and retractions with position after *after* and up to N, by position."""
        return registered(self._connection, after, log_size)

    def settings_changed(self, log_size: int) -> Sequence[Entry]:
        """Give the changes of settings known at N, by position."""
        changes = sa.select(entry_facts.c.position).where(
            entry_facts.c.kind == "setting_changed", entry_facts.c.position <= log_size
        )
        return [each.entry for each in self._page(log_size, entries.c.position.in_(changes))]

    def texts(self, wanted: Iterable[TextAt]) -> Mapping[TextAt, Any]:
        """Look texts up. What was erased is given as `domain.answers.ERASED`; None stands for no text."""
        return self._readings.texts.of(self._connection, set(wanted))

    def issued(self, *, before: int, limit: int, internal: bool) -> Sequence[RecordedEntry]:
        """Give the entries of issued reports with position below *before*, the newest first, internal ones if asked."""
        return self._page(limit, entries.c.position.in_(newest_issued(before, limit, internal=internal)))[::-1]

    def kept_report(self, position: int) -> KeptReport | None:
        """Give what is kept of the report issued at *position*; None if there is nothing."""
        return kept_report(self._connection, position)

    def answer_to(self, once: Once) -> Mapping[str, Any] | None:
        """Give the answer that a request got before; RepeatedDifferently if the body was another."""
        return remembered_answer(self._connection, once)

    def root(self, log_size: int) -> bytes:
        """Give the Merkle tree hash over the first *log_size* entries (RFC 9162, 2.1.1)."""
        return frontier_at(self._connection, log_size).root


def _recorded(row: Any, public_from: int, texts: Mapping[str, tuple[Any, bytes]]) -> RecordedEntry:
    read = newest(orjson.loads(row.form))
    kept = {
        member: Kept(hashed, texts[member][1].hex(), texts[member][0]) if member in texts else Kept(hashed, None, None)
        for member, hashed in read["prose"].items()
    }
    return RecordedEntry(
        entry_of(read),
        UUID(bytes=row.stream),
        row.programme,
        row.reference,
        public_from,
        row.leaf_hash,
        kept,
        None if row.open_form is None else OpenForm(row.open_form, row.salt.hex()),
    )
