"""A migrated ledger for a test: its database, a writer, a clock that the test moves, one tiny programme."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from application.access import Caller
from application.erasing import erase
from application.errors import Unknown
from application.issuing import issue
from application.ports import Command, Once, Unit
from application.recording import Request, announce, publish_programme, record_event
from application.reporting import Press, Reader
from domain.commitment import Commitment
from infrastructure.catalogues.reading import find, read
from infrastructure.database.engines import Database
from infrastructure.database.tables import DERIVED, entries, metadata
from infrastructure.reading.readings import Readings
from infrastructure.recording.codec import canonical
from infrastructure.recording.writer import Outcome, Writer
from infrastructure.replaying.replay import Differences, replay
from tests.scenario import REGISTER, Story

PROGRAMME: Final = "tiny"
RECORDER: Final = Caller("rec-1", "recorder")
REVIEWER: Final = Caller("rev-1", "reviewer")
ADMINISTRATOR: Final = Caller("adm-1", "administrator")
BACKENDS: Final = ("sqlite", "postgresql")


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self, start: str = "2024-01-15T09:00:00+00:00") -> None:
        self.now = datetime.fromisoformat(start)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)

    def set_day(self, day: date) -> None:
        """Move to nine o'clock of *day*."""
        self.now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


class Store:
    """One ledger, as one process has it open."""

    def __init__(self, url: str, clock: Callable[[], datetime] | None = None) -> None:
        self.url = url
        self.clock = clock or MovableClock()
        self.database = Database(url)
        self.database.migrate()
        self.writer = Writer(self.database, ZoneInfo("UTC"), self.clock)
        self.readings = Readings(self.database)
        self._others: list[Store] = []

    def another(self) -> "Store":
        """The same ledger, as a second process would have it open."""
        self._others.append(Store(self.url, self.clock))
        return self._others[-1]

    def close(self) -> None:
        for other in self._others:
            other.close()
        self.writer.close()
        self.database.close()

    def begin(self, *references: str) -> "Store":
        """Publish the programme and announce commitments."""
        self.writer.record(published())
        for reference in references:
            self.writer.record(announced(reference))
        return self

    def rows(self, query: sa.Select[Any]) -> Sequence[Any]:
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def value(self, query: sa.Select[Any]) -> Any:
        with self.database.reading() as connection:
            return connection.execute(query).scalar()

    @property
    def size(self) -> int:
        """How many entries there are."""
        return int(self.value(sa.select(sa.func.count()).select_from(entries)))

    @property
    def positions(self) -> list[int]:
        return [row.position for row in self.rows(sa.select(entries.c.position).order_by(entries.c.position))]

    def statements(self) -> list[str]:
        """Every statement recorded, in the order of positions."""
        with self.readings.view() as view:
            recorded = view.recorded(up_to=view.head.log_size)
            return [each.prose["statement"].value for each in recorded if "statement" in each.prose]

    def read_models(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the read models."""
        return {table.name: sorted(tuple(row) for row in self.rows(sa.select(table))) for table in DERIVED}

    def replayed(self, *, check: bool = True, until: int | None = None) -> Differences:
        return replay(self.database, check=check, until=until, progress=lambda _done, _all: None)

    def tamper(self, *statements: str) -> None:
        """Change rows as somebody could who owns the database: no trigger is in the way."""
        with self.database.writing() as connection:
            if not self.database.is_sqlite:
                for name in metadata.tables:
                    connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER ALL")
                for statement in statements:
                    connection.exec_driver_sql(_in_postgresql(statement))
                for name in metadata.tables:
                    connection.exec_driver_sql(f"ALTER TABLE {name} ENABLE TRIGGER ALL")
                return
            triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.exec_driver_sql(statement)
            for _, sql in triggers:
                connection.exec_driver_sql(sql)


def _in_postgresql(statement: str) -> str:
    """Write bytes as PostgreSQL does."""
    literal = re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'::bytea", statement)
    return re.sub(r"zeroblob\((\d+)\)", r"decode(repeat('00', \1), 'hex')", literal)


def programme_body(**members: Any) -> dict[str, Any]:
    return {
        "code": PROGRAMME,
        "title": "A tiny programme",
        "publisher": "Council",
        "adopted_on": "2022-03-21",
        "partners": [{"code": "EU", "name": "European Union", "type": "organisation"}],
    } | members


def commitment_body(reference: str = "A-1", **members: Any) -> dict[str, Any]:
    return {
        "reference": reference,
        "programme": PROGRAMME,
        "title": f"Promise {reference}",
        "kind": "one_off",
        "tier": "deliverable",
        "timeframe": {"wording": "by mid-2024", "due": "2024-06-30"},
        "occurred_on": "2022-03-21",
    } | members


def event_body(kind: str = "started", statement: str = "It was done.", **members: Any) -> dict[str, Any]:
    return {"kind": kind, "occurred_on": "2023-03-01", "statement": statement} | members


def record_shipped(store: Store) -> None:
    """Record the shipped catalogue with its history, an entry a batch after the announcements."""
    catalogue = read(find("strategic-compass-partner"))
    store.writer.record(publish_programme(Request(RECORDER, catalogue.programme.body)))
    store.writer.write([announce(Request(RECORDER, row.body)) for row in catalogue.commitments])
    for row in catalogue.history:
        body = dict(row.body)
        reference = body.pop("reference")
        caller = REVIEWER if body["kind"] == "reviewed" else RECORDER
        store.writer.record(record_event(Request(caller, body), reference, four_eyes=True))


def erasure(position: int, *members: str) -> Command:
    return erase(Request(ADMINISTRATOR, {"members": list(members), "legal_basis": "Article 19"}), position)


def published(**members: Any) -> Command:
    return publish_programme(Request(RECORDER, programme_body(**members)))


def announced(reference: str = "A-1", **members: Any) -> Command:
    return announce(Request(RECORDER, commitment_body(reference, **members)))


def event(
    reference: str = "A-1",
    kind: str = "started",
    statement: str = "It was done.",
    *,
    once: Once | None = None,
    if_match: str | None = None,
    **members: Any,
) -> Command:
    """Give the command that records an event."""
    caller = REVIEWER if kind == "reviewed" else RECORDER
    body = event_body(kind, statement, **members)
    seen = None if if_match is None else frozenset({if_match})
    return record_event(Request(caller, body, seen, once), reference, four_eyes=False)


def note(reference: str = "A-1", statement: str = "Noted.") -> Command:
    """Give a command that may be recorded any number of times: evidence for the announcement."""
    return event(reference, "evidence_added", statement, entry=1, evidence=[{"title": "Minutes", "grade": "C"}])


def issued(store: "Store", **parameters: Any) -> Command:
    """Give the command that issues a report."""
    reader = Reader(may_read_internal=True, today=store.clock().date(), now=store.clock())
    press = Press(origin="localhost/tests", version="0", canonical=canonical)
    with store.readings.view() as view:
        return issue(view, Request(RECORDER, parameters), reader, press)


def as_drawn(story: Story, reference: str) -> Iterator[tuple[date, Command]]:
    """Give the entries of a drawn story as commands, each with its day of recording, told of *reference*.

    The bodies go to the aggregate as they are, past the use cases, so that their shape is the story's own.
    """
    for row in story.rows:
        command = _announcement_of(row["body"], reference) if row["version"] == 1 else _entry_of(row, reference)
        yield date.fromisoformat(row["recorded_on"]), command


def _announcement_of(body: dict[str, Any], reference: str) -> Command:
    def command(unit: Unit) -> Mapping[str, Any]:
        renamed = body | {"commitment": body["commitment"] | {"reference": reference}}
        unit.keep(Commitment.announce(renamed, unit.act(RECORDER), REGISTER))
        return {}

    return command


def _entry_of(row: dict[str, Any], reference: str) -> Command:
    def command(unit: Unit) -> Mapping[str, Any]:
        commitment = unit.commitment(reference)
        if commitment is None:
            raise Unknown("commitment", reference)
        commitment.record(row["kind"], row["body"], unit.act(RECORDER), REGISTER)
        unit.keep(commitment)
        return {}

    return command


def refusals(outcomes: Sequence[Outcome]) -> list[BaseException]:
    return [each for each in outcomes if isinstance(each, BaseException)]
