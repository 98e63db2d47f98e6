"""When the database fails: every caller is answered, nothing acknowledged is lost, nothing is recorded twice."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest
import sqlalchemy as sa

from application.ports import Once
from infrastructure.database.tables import course
from infrastructure.reading import read_models
from infrastructure.recording import writer
from infrastructure.recording.batch import Batch
from infrastructure.recording.tail import Tail
from tests.stores import Store, event, note, refusals

LOST: Final = sa.exc.OperationalError("COMMIT", {}, ConnectionError("the server went away"))
REQUEST: Final = Once(b"request".ljust(32), b"body".ljust(32))


@pytest.fixture
def begun(store: Store, monkeypatch) -> Store:
    monkeypatch.setattr(writer, "_PAUSES", (0.0, 0.01, 0.01))
    return store.begin("A-1", "A-2")


def sound(store: Store) -> bool:
    found = store.replayed()
    assert found.first is None, str(found.first)
    return store.positions == list(range(1, store.size + 1))


class Faults:
    """Makes chosen transactions of a store fail: before their commit, after it, or when they are to begin."""

    def __init__(self, store: Store, monkeypatch) -> None:
        self._writing = store.database.writing
        self.plan: list[str] = []
        self.begun = 0
        monkeypatch.setattr(store.database, "writing", self.writing)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        self.begun += 1
        fault = self.plan.pop(0) if self.plan else "none"
        if fault == "at the beginning":
            raise LOST
        with self._writing() as connection:
            yield connection
            if fault == "before the commit":
                raise LOST
        if fault == "after the commit":
            raise LOST


@pytest.fixture
def faults(begun: Store, monkeypatch) -> Faults:
    return Faults(begun, monkeypatch)


def fails_once(monkeypatch, owner: type, method: str, failure: Exception) -> Callable[[], int]:
    """Let a method fail when it is called for the first time; tells how often it was called."""
    original, calls = getattr(owner, method), [0]

    def failing(self: Any, *args: Any) -> Any:
        calls[0] += 1
        if calls[0] == 1:
            raise failure
        return original(self, *args)

    monkeypatch.setattr(owner, method, failing)
    return lambda: calls[0]


@pytest.mark.parametrize(("owner", "method"), [(Tail, "write"), (Batch, "write"), (Tail, "take")])
def test_a_failure_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    begun: Store, monkeypatch, owner: type, method: str
) -> None:
    calls = fails_once(monkeypatch, owner, method, LOST)
    outcomes = begun.writer.write([note("A-1", "1"), event("A-9"), note("A-2", "2"), note("A-1", "3")])
    assert calls() > 1
    assert len(outcomes) == 4
    assert len(refusals(outcomes)) == 1
    assert begun.statements() == ["1", "2", "3"]
    assert sound(begun)


def test_a_statement_that_fails_half_way_through_writing_loses_and_doubles_nothing(begun: Store, monkeypatch) -> None:
    inserting, left = read_models.insert_rows, [1]

    def fail(connection: sa.Connection, table: sa.Table, *rest: Any) -> None:
        if table is course and left:
            left.pop()
            raise LOST
        inserting(connection, table, *rest)

    monkeypatch.setattr(read_models, "insert_rows", fail)
    outcomes = begun.writer.write([event("A-1", statement="1"), event("A-2", statement="2")])
    assert not left
    assert [each["position"] for each in outcomes] == [4, 5]
    assert begun.statements() == ["1", "2"]
    assert sound(begun)


def test_one_command_alone_is_told_of_the_failure(begun: Store, faults: Faults) -> None:
    faults.plan = ["before the commit"]
    with pytest.raises(sa.exc.OperationalError):
        begun.writer.record(event())
    assert begun.size == 3
    assert begun.writer.record(event())["position"] == 4
    assert sound(begun)


def test_a_failure_after_the_commit_records_nothing_twice(begun: Store, faults: Faults) -> None:
    faults.plan = ["after the commit"]
    outcomes = begun.writer.write([note("A-1", "1"), event("A-9"), note("A-2", "2")])
    assert faults.begun == 2
    assert [outcomes[0]["position"], outcomes[2]["position"]] == [4, 5]
    assert len(refusals(outcomes)) == 1
    assert begun.statements() == ["1", "2"]
    assert begun.writer.record(note("A-1", "3"))["position"] == 6
    assert sound(begun)


def test_one_command_alone_is_answered_after_such_a_failure(begun: Store, faults: Faults) -> None:
    faults.plan = ["after the commit"]
    answer = begun.writer.record(event(once=REQUEST))
    assert answer["position"] == 4
    assert begun.writer.record(event(once=REQUEST)) == {**answer, "replayed": True}
    assert begun.size == 4


def test_a_transaction_that_was_not_committed_is_not_taken_for_one(begun: Store, faults: Faults, monkeypatch) -> None:
    # Another process has meanwhile taken the position that the failed transaction would have had.
    other = begun.another()
    original = faults.writing

    @contextmanager
    def overtaken() -> Iterator[sa.Connection]:
        failing = faults.plan[:1] == ["before the commit"]
        try:
            with original() as connection:
                yield connection
        finally:
            if failing:
                other.writer.record(note("A-2", "theirs"))

    monkeypatch.setattr(begun.database, "writing", overtaken)
    faults.plan = ["before the commit"]
    outcomes = begun.writer.write([note("A-1", "1"), note("A-1", "2")])
    other.close()
    assert [each["position"] for each in outcomes] == [5, 6]
    assert begun.statements() == ["theirs", "1", "2"]
    assert sound(begun)


def test_it_looks_again_until_the_database_answers(begun: Store, faults: Faults) -> None:
    faults.plan = ["after the commit", "at the beginning", "at the beginning"]
    outcomes = begun.writer.write([note("A-1", "1"), note("A-1", "2")])
    assert [each["position"] for each in outcomes] == [4, 5]
    assert begun.statements() == ["1", "2"]


@pytest.mark.parametrize("committed", ["after the commit", "before the commit"])
def test_while_nothing_can_be_found_out_nothing_is_tried_again(begun: Store, faults: Faults, committed: str) -> None:
    faults.plan = [committed, *["at the beginning"] * 3]
    outcomes = begun.writer.write([note("A-1", "1"), note("A-1", "2")])
    assert outcomes == [LOST, LOST]
    assert faults.plan == []
    assert begun.statements() == (["1", "2"] if committed == "after the commit" else [])
    assert begun.writer.record(note("A-1", "3"))["version"] == (4 if committed == "after the commit" else 2)
    assert sound(begun)


def test_a_database_that_cannot_be_reached_answers_every_caller(begun: Store, faults: Faults) -> None:
    faults.plan = ["at the beginning"] * 4
    outcomes = begun.writer.write([note("A-1", "1"), note("A-1", "2"), note("A-1", "3")])
    assert outcomes == [LOST] * 3
    assert begun.size == 3
    assert begun.writer.record(note())["position"] == 4


def test_every_waiting_caller_is_answered(begun: Store, faults: Faults) -> None:
    faults.plan = ["before the commit", "none", "after the commit"]

    async def send() -> list[Mapping[str, Any] | BaseException]:
        return await asyncio.gather(*(begun.writer.submit(note("A-1", str(n))) for n in range(300)))

    answers = asyncio.run(send())
    assert sorted(each["position"] for each in answers) == list(range(4, 304))
    assert sorted(begun.statements(), key=int) == [str(n) for n in range(300)]
    assert sound(begun)


def test_an_observer_that_fails_makes_nothing_happen_twice(begun: Store) -> None:
    told: list[int] = []

    def observer() -> None:
        told.append(1)
        raise RuntimeError("the observer's own affair")

    begun.writer.after_commit = observer
    outcomes = begun.writer.write([note("A-1", "1"), note("A-1", "2")])
    assert [each["position"] for each in outcomes] == [4, 5]
    assert refusals(begun.writer.write([event("A-9")])) != []
    assert told == [1]
    assert begun.statements() == ["1", "2"]


def test_a_closed_writer_leaves_no_caller_waiting(begun: Store) -> None:
    begun.writer.close()

    async def send() -> Mapping[str, Any]:
        return await asyncio.wait_for(begun.writer.submit(note()), 5)

    with pytest.raises(RuntimeError):
        asyncio.run(send())


def test_a_cache_of_a_longer_ledger_is_not_trusted(begun: Store, tmp_path) -> None:
    """An older copy was put in the place of the database while the process ran."""
    begun.writer.record(event("A-1"))
    begun.writer._cache.position += 7
    begun.writer._cache.frontier.append(bytes(32))
    assert begun.writer.record(event("A-1", "progressed"))["position"] == 5
    assert sound(begun)
