"""What was erased is in no file of the database any more, whatever SQLite does with its pages."""

import random
import threading
from pathlib import Path

import pytest

from application.ports import View
from domain.answers import ERASED
from infrastructure.database.engines import Database
from tests.stores import Store, announced, erasure, event


def held_by_files(store: Store, text: str) -> list[str]:
    assert store.database.url.database
    folder = Path(store.database.url.database).parent
    return [path.name for path in folder.iterdir() if text.encode() in path.read_bytes()]


@pytest.fixture
def told(store: Store) -> Store:
    return store.begin("A-1")


@pytest.mark.only("sqlite", "PostgreSQL keeps what was deleted until VACUUM")
def test_no_file_holds_an_erased_text(told: Store) -> None:
    position = told.writer.record(event(statement="Marguerite fell ill."))["position"]
    assert held_by_files(told, "Marguerite")
    told.writer.record(erasure(position, "statement"))
    assert held_by_files(told, "Marguerite") == []


@pytest.mark.only("sqlite", "PostgreSQL keeps what was deleted until VACUUM")
def test_no_file_holds_one_of_many_erased_texts_of_any_length(told: Store) -> None:
    chance = random.Random(11)
    positions = {}
    for number in range(120):
        kind = "started" if number == 0 else "progressed"
        words = f"Person-{number:04d} " * chance.choice((1, 20, 200, 600))
        positions[number] = told.writer.record(event(kind=kind, statement=words))["position"]
        if chance.random() < 0.5:  # among the others, so that pages are split, freed and used again
            gone = chance.choice(list(positions))
            told.writer.record(erasure(positions.pop(gone), "statement"))
            assert held_by_files(told, f"Person-{gone:04d}") == []
    assert held_by_files(told, f"Person-{next(iter(positions)):04d}")
    for number, position in positions.items():
        told.writer.record(erasure(position, "statement"))
        assert held_by_files(told, f"Person-{number:04d}") == []
    assert held_by_files(told, "Person-") == []


@pytest.mark.only("sqlite", "PostgreSQL keeps what was deleted until VACUUM")
def test_a_reader_in_the_way_delays_it_only(told: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    position = told.writer.record(event(statement="Marguerite fell ill."))["position"]
    scrubbed = threading.Event()
    original = Database.scrub

    def scrub(database: Database) -> bool:
        done = original(database)
        if done:
            scrubbed.set()
        return done

    monkeypatch.setattr(Database, "scrub", scrub)
    monkeypatch.setattr("infrastructure.recording.writer._SCRUB_AGAIN", 0.05)
    with told.readings.view() as view:
        told.writer.record(erasure(position, "statement"))
        (seen,) = view.recorded(after=position - 1, up_to=position)
        assert seen.prose["statement"].value == "Marguerite fell ill."  # a snapshot stays as it is
        assert held_by_files(told, "Marguerite")
        assert not scrubbed.is_set()
    assert scrubbed.wait(30)
    assert held_by_files(told, "Marguerite") == []


@pytest.mark.only("sqlite", "PostgreSQL keeps what was deleted until VACUUM")
def test_closing_the_ledger_empties_the_log_as_well(told: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    position = told.writer.record(event(statement="Marguerite fell ill."))["position"]
    with monkeypatch.context() as held, told.readings.view():
        held.setattr("infrastructure.database.engines._SCRUB_MS", 0)
        told.writer.record(erasure(position, "statement"))
    told.writer.close()
    assert held_by_files(told, "Marguerite") == []


def test_a_text_that_a_process_has_read_is_erased_for_it_too_whoever_erases_it(told: Store) -> None:
    first = told.writer.record(event(statement="Marguerite fell ill."))["position"]
    second = told.writer.record(event(kind="progressed", statement="Nobody fell ill."))["position"]
    other = told.another()

    def read(view: View) -> list[str]:
        found = view.texts([(first, "statement"), (second, "statement")])
        return [found[position, "statement"] for position in (first, second)]

    with told.readings.view() as before:
        assert read(before) == ["Marguerite fell ill.", "Nobody fell ill."]
        other.writer.record(erasure(first, "statement"))
        with told.readings.view() as after:
            assert read(after) == [ERASED, "Nobody fell ill."]
        assert read(before) == ["Marguerite fell ill.", "Nobody fell ill."]  # a snapshot stays as it is
    other.writer.record(erasure(second, "statement"))
    with told.readings.view() as after:
        assert read(after) == [ERASED, ERASED]


def test_erasing_twice_in_one_transaction_is_erasing_once(told: Store) -> None:
    position = told.writer.record(event(statement="Marguerite fell ill."))["position"]
    first, second = told.writer.write([erasure(position, "statement"), erasure(position, "statement")])
    assert not isinstance(first, BaseException)
    assert "erased before" in str(second)
    assert told.size == position + 1


def test_a_refused_erasure_leaves_the_text_and_no_entry(told: Store) -> None:
    position = told.writer.record(event(statement="Marguerite fell ill."))["position"]
    size = told.size
    refused, recorded = told.writer.write([erasure(position, "statement", "cause"), announced("A-2")])
    assert isinstance(refused, BaseException)
    assert not isinstance(recorded, BaseException)
    assert told.size == size + 1
    assert told.statements() == ["Marguerite fell ill."]
