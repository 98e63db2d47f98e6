"""The law: what a report said for a (V, N) it says for ever, wherever and whenever it is made again."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from random import Random
from shutil import copyfile

import pytest

from application.recording import Request, publish_programme, record_programme_event
from application.reporting import Press, Reader, StatusQuery, status_report
from domain.report import Scope
from infrastructure.reading.readings import Readings
from infrastructure.recording.codec import canonical
from infrastructure.renderers.report_json import report_json
from tests.eventful import eventful
from tests.scenario import REGISTER
from tests.stores import RECORDER, MovableClock, Store, as_drawn, event, note

PRESS = Press(origin="example.org/ledger", version="1.2.3", canonical=canonical)
READER = Reader(may_read_internal=True, today=date(2030, 1, 1), now=datetime(2030, 1, 1, tzinfo=UTC))
PUBLISHED = date(2021, 2, 20)
PROGRAMME = {
    "code": "strategic-compass",
    "title": "The Compass",
    "adopted_on": "2021-02",
    "partners": [{"code": code, "name": f"Partner {code}", "type": "organisation"} for code in sorted(REGISTER)],
}
RENAMED = {
    "kind": "programme_amended",
    "occurred_on": "2021-03-01",
    "statement": "Renamed.",
    "changes": {"title": "Another title"},
    "add_partners": [{"code": "ZZ", "name": "The last", "type": "country"}],
}
DAYS = (date(2021, 12, 31), date(2022, 6, 30), date(2023, 5, 1), date(2026, 1, 1))
SURROUNDINGS = (
    {"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "America/St_Johns", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "2"},
)


def reference(number: int) -> str:
    return f"SC-{10 + number}"


def fill(store: Store) -> None:
    """Tell 15 stories, always the same."""
    chance = Random(7)
    commands = [(PUBLISHED, publish_programme(Request(RECORDER, PROGRAMME | {})))]
    for number in range(15):
        commands += as_drawn(eventful(chance, entries=8), reference(number))
    for day, command in sorted(commands, key=lambda each: each[0]):
        store.clock.set_day(day)
        store.writer.record(command)


@pytest.fixture(scope="module")
def told(tmp_path_factory, empty_ledger) -> Store:
    path = tmp_path_factory.mktemp("told") / "ledger.db"
    copyfile(empty_ledger, path)
    store = Store(f"sqlite:///{path}", MovableClock())
    fill(store)
    yield store
    store.close()


@pytest.fixture
def store(told, tmp_path) -> Store:
    """A copy that a test may go on with."""
    told.database.back_up(tmp_path / "ledger.db")
    store = Store(f"sqlite:///{tmp_path / 'ledger.db'}", MovableClock())
    yield store
    store.close()


def reports(store: Store, sizes: list[int]) -> list[dict]:
    """Reports at all days and sizes, made by one who remembers nothing."""
    made = []
    with Readings(store.database).view() as view:
        for size in sizes:
            for day in DAYS:
                scope = Scope(visibility_all=True, compare_to=date(2021, 9, 1))
                query = StatusQuery(scope=scope, appendix=True, as_of=day, log_size=size)
                made.append(status_report(view, query, READER, PRESS))
    return made


def sizes_of(store: Store) -> list[int]:
    return [0, 1, 2, store.size // 2, store.size]


def record_a_thousand_more(store: Store) -> None:
    """Corrections of what is there, evidence for it, other commitments, a programme that is another from its start."""
    chance = Random(8)
    store.clock.set_day(date(2027, 1, 1))
    store.writer.record(record_programme_event(Request(RECORDER, RENAMED | {}), "strategic-compass", four_eyes=False))
    for number in range(20):
        story = eventful(chance, entries=10)
        store.writer.write([command for _, command in as_drawn(story, f"NEW-{number}")])
    commands = []
    for number in islice(cycle(range(15)), 1_300):
        due = {"commitment": {"timeframe": {"due": f"2025-0{chance.randint(1, 9)}-01"}}}
        earlier = {"occurred_on": f"2021-0{chance.randint(1, 9)}"}
        entry = chance.randint(1, 6)
        commands.append(
            chance.choice(
                (
                    event(reference(number), "rectified", entry=1, changes=due, reason="The source says so."),
                    event(reference(number), "rectified", entry=entry, changes=earlier, reason="It was before."),
                    event(reference(number), "retracted", entry=max(2, entry), reason="It was another's."),
                    note(reference(number)),
                    note(reference(number)),
                )
            )
        )
    for start in range(0, len(commands), 100):
        store.writer.write(commands[start : start + 100])


def test_a_report_is_the_same_after_a_thousand_more_entries_and_corrections(store):
    sizes = sizes_of(store)
    before, said = reports(store, sizes), store.size
    record_a_thousand_more(store)
    assert store.size >= said + 1_000
    assert reports(store, sizes) == before
    now = reports(store, [store.size])
    assert [each["digest"] for each in now] != [each["digest"] for each in before[-len(DAYS) :]]


def test_a_report_is_the_same_from_read_models_that_were_made_anew(store):
    sizes = sizes_of(store)
    before = reports(store, sizes)
    record_a_thousand_more(store)
    assert store.replayed(check=False).replaced
    assert reports(store, sizes) == before


def test_another_ledger_with_the_same_entries_has_the_same_digests(told, tmp_path, empty_ledger):
    copyfile(empty_ledger, tmp_path / "ledger.db")
    other = Store(f"sqlite:///{tmp_path / 'ledger.db'}", MovableClock())
    fill(other)
    digests = [each["digest"] for each in reports(other, sizes_of(other))]
    other.close()
    assert digests == [each["digest"] for each in reports(told, sizes_of(told))]
    assert len(set(digests)) > len(DAYS)


def fingerprints(store: Store) -> str:
    return "\n".join(
        f"{each['digest']} {sha256(report_json(each)).hexdigest()}" for each in reports(store, sizes_of(store))
    )


@pytest.mark.parametrize("surroundings", SURROUNDINGS, ids=lambda each: each["TZ"])
def test_digest_and_bytes_are_the_same_in_another_process_time_zone_and_language(told, surroundings):
    program = (
        "import sys; from importlib.util import spec_from_file_location as at, module_from_spec as of;"
        "spec = at('again', sys.argv[1]); again = of(spec); spec.loader.exec_module(again);"
        "print(again.fingerprints(again.Store(sys.argv[2])), end='')"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, __file__, told.url],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": ".", **surroundings},
        capture_output=True,
        check=True,
        text=True,
    )
    assert made.stdout == fingerprints(told)
