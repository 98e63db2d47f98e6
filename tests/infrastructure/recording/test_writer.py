"""Recording in batches: order, clocks, and that no command of a batch touches another."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from eventsourcing.persistence import StoredEvent

from application.access import Caller
from application.errors import Exists, NotPermitted, RepeatedDifferently, StaleVersion, Unknown
from application.ports import Command, Once, Unit
from application.publishing import publish_internal_programme
from application.recording import Request, record_event
from application.tokens import Minted, create_token
from domain import history
from domain.entry import Entry
from domain.errors import Invalid, Refused
from domain.replay import Known
from infrastructure import clock
from infrastructure.database.tables import entries, remembered
from infrastructure.recording import aggregate_cache, writer
from infrastructure.recording.codec import EntryMapper, RecordedEvent
from infrastructure.recording.tail import ClockBehindError
from tests.stores import Store, announced, event, note, published, refusals


@pytest.fixture
def begun(store: Store) -> Store:
    return store.begin("A-1", "A-2")


def instants(store: Store) -> list[int]:
    return [row.recorded_at for row in store.rows(sa.select(entries.c.recorded_at).order_by(entries.c.position))]


def sound(store: Store) -> bool:
    """Whether positions, tree and read models are what the entries say."""
    found = store.replayed()
    assert found.first is None, str(found.first)
    return store.positions == list(range(1, store.size + 1))


# --- order and clock


def test_positions_are_gapless_and_instants_increase(begun: Store) -> None:
    begun.writer.write([note() for _ in range(20)])
    begun.clock.move(microseconds=3)
    begun.writer.write([note("A-2") for _ in range(20)])
    assert sound(begun)
    found = instants(begun)
    assert all(later > earlier for earlier, later in pairwise(found))


def test_a_clock_that_goes_back_a_little_is_not_noticed(begun: Store) -> None:
    begun.writer.record(note())
    begun.clock.move(seconds=-59)
    begun.writer.record(note())
    before_last, last = instants(begun)[-2:]
    assert last == before_last + 1


def test_nothing_is_written_while_the_clock_is_far_behind(begun: Store) -> None:
    begun.writer.record(note())
    before = begun.read_models()
    begun.clock.move(seconds=-61)
    for command in (note(), note("A-2")):
        with pytest.raises(ClockBehindError):
            begun.writer.record(command)
    assert refusals(begun.writer.write([note(), announced("A-3")])) != []
    assert begun.size == 4
    assert begun.read_models() == before
    begun.clock.move(seconds=62)
    assert begun.writer.record(note())["position"] == 5
    assert sound(begun)


def test_an_instant_is_that_of_the_clock_when_the_clock_is_ahead(begun: Store) -> None:
    begun.clock.move(days=1, microseconds=7)
    answer = begun.writer.record(note())
    assert answer["recorded_at"] == "2024-01-16T09:00:00.000007Z"
    assert instants(begun)[-1] == clock.to_micros(begun.clock.now)


# --- one batch


def test_a_refused_command_leaves_the_others_recorded(begun: Store) -> None:
    outcomes = begun.writer.write(
        [
            event("A-1", statement="first"),
            event("A-1", statement="started twice"),
            event("A-9"),
            event("A-2", "progressed", "too early"),
            event("A-2", statement="last", occurred_on="nonsense"),
            event("A-2", statement="second"),
            announced("A-2"),
            event("A-1", statement="stale", if_match="1"),
        ]
    )
    kinds = [type(each) if isinstance(each, BaseException) else each["position"] for each in outcomes]
    assert kinds == [4, Refused, Unknown, Refused, Invalid, 5, Exists, StaleVersion]
    assert begun.statements() == ["first", "second"]
    assert sound(begun)


def test_commands_on_one_commitment_follow_each_other_in_one_batch(begun: Store) -> None:
    outcomes = begun.writer.write(
        [event(), event(kind="progressed"), event(kind="achieved", evidence=[{"title": "Act", "grade": "A"}])]
    )
    assert [(each["version"], each["status"]) for each in outcomes] == [(2, "started"), (3, "started"), (4, "achieved")]
    assert begun.writer.write([event(kind="reopened"), event(kind="progressed")])[1]["version"] == 6
    assert sound(begun)


def test_a_batch_may_begin_and_continue_a_history(store: Store) -> None:
    outcomes = store.writer.write([published(), announced(), event(), event(kind="progressed")])
    assert [each["position"] for each in outcomes] == [1, 2, 3, 4]
    assert sound(store)


def several(*commands: Command, then: Exception | None = None) -> Command:
    """Make one command of many, which may fail after all of them."""

    def command(unit: Unit) -> Mapping[str, Any]:
        for each in commands:
            answer = each(unit)
        if then is not None:
            raise then
        return answer

    return command


@pytest.mark.parametrize("failure", [Unknown("thing", "x"), RuntimeError("a bug")])
def test_a_long_command_that_fails_half_way_leaves_nothing(begun: Store, failure: Exception) -> None:
    half = several(
        event("A-1", "progressed", "half"), announced("A-3"), event("A-2", statement="half"), event("A-3"), then=failure
    )
    outcomes = begun.writer.write([event("A-1", statement="before"), half, event("A-1", "progressed", "after")])
    assert outcomes[1] is failure
    assert [outcomes[0]["version"], outcomes[2]["version"]] == [2, 3]
    assert begun.statements() == ["before", "after"]
    assert begun.writer.record(event("A-2", statement="still possible"))["position"] == 6
    assert sound(begun)


def test_a_long_command_is_recorded_whole(begun: Store) -> None:
    answer = begun.writer.record(several(event("A-1"), announced("A-3"), event("A-3"), event("A-1", "progressed")))
    assert (answer["position"], answer["version"]) == (7, 3)
    assert sound(begun)


def test_a_long_command_keeps_what_falls_out_of_the_cache(begun: Store, monkeypatch) -> None:
    monkeypatch.setattr(aggregate_cache, "CACHED_ENTRIES", 1)
    answer = begun.writer.record(
        several(event("A-1"), event("A-2"), announced("A-3"), event("A-1", "progressed"), event("A-2", "progressed"))
    )
    assert (answer["position"], answer["version"]) == (8, 3)
    begun.writer.write([event("A-3"), event("A-1", "progressed"), event("A-3", "progressed")])
    assert sound(begun)


def test_a_bug_in_one_command_fails_only_its_caller(begun: Store) -> None:
    def buggy(unit: Unit) -> Mapping[str, Any]:
        raise ZeroDivisionError

    outcomes = begun.writer.write([event("A-1"), buggy, event("A-2")])
    assert isinstance(outcomes[1], ZeroDivisionError)
    assert [outcomes[0]["position"], outcomes[2]["position"]] == [4, 5]
    assert sound(begun)


def test_other_writers_may_record_in_between(begun: Store) -> None:
    other = begun.another()
    try:
        begun.writer.record(event("A-1", statement="1"))
        other.writer.record(event("A-1", "progressed", "2"))
        other.writer.record(announced("A-3"))
        begun.writer.record(event("A-1", "progressed", "3"))
        begun.writer.record(event("A-3", statement="4"))
        with pytest.raises(Refused):
            other.writer.record(event("A-3"))
        other.writer.record(event("A-2", statement="5"))
        with pytest.raises(StaleVersion):
            begun.writer.record(event("A-2", "progressed", if_match="1"))
        begun.writer.record(event("A-2", "progressed", "6"))
    finally:
        other.close()
    assert begun.statements() == ["1", "2", "3", "4", "5", "6"]
    assert sound(begun)


def test_of_a_long_history_only_what_another_writer_added_is_read(begun: Store, monkeypatch) -> None:
    read: list[int] = []
    entry_of_row = EntryMapper.to_domain_event

    def noted(mapper: EntryMapper, stored: StoredEvent) -> RecordedEvent:
        read.append(stored.originator_version)
        return entry_of_row(mapper, stored)

    monkeypatch.setattr(EntryMapper, "to_domain_event", noted)
    other = begun.another()
    try:
        begun.writer.record(event("A-1"))
        for number in range(5):
            begun.writer.record(event("A-1", "progressed", str(number)))
        other.writer.record(event("A-1", "progressed", "theirs"))
        read.clear()
        begun.writer.record(event("A-1", "progressed", "ours"))
        assert read == [8]
        with pytest.raises(StaleVersion):  # a refused command leaves nothing that may have been changed
            begun.writer.record(event("A-1", "progressed", if_match="1"))
        other.writer.record(event("A-1", "progressed", "theirs again"))
    finally:
        other.close()
    assert begun.writer.record(event("A-1", "progressed", "ours again"))["version"] == 11
    assert sound(begun)


def test_what_another_writer_added_is_taken_in_without_folding_the_history_again(begun: Store, monkeypatch) -> None:
    folds: list[int] = []
    fold = history.known

    def noted(entries: Sequence[Entry]) -> Known:
        folds.append(len(entries))
        return fold(entries)

    begun.writer.record(event("A-1"))
    with closing(begun.another()) as other:
        other.writer.record(event("A-1", "progressed", "later", occurred_on="2023-04-01"))
        other.writer.record(event("A-1", "progressed", "earlier", occurred_on="2023-03-15"))
        monkeypatch.setattr(history, "known", noted)
        begun.writer.record(event("A-1", "progressed", "ours"))
        assert folds == []
        other.writer.record(event("A-1", "retracted", entry=3, reason="It was not so."))
    with pytest.raises(Refused):  # what was retracted there counts here no more
        begun.writer.record(event("A-1", "retracted", entry=3, reason="It was not so."))
    assert begun.writer.record(event("A-1", "progressed", "ours again"))["version"] == 7
    assert sound(begun)


# --- once


def once(body: str = "body", request: str = "request") -> Once:
    return Once(request.encode().ljust(32), body.encode().ljust(32))


def test_the_same_request_is_answered_as_before(begun: Store) -> None:
    first = begun.writer.record(event(once=once()))
    again = begun.writer.record(event(once=once()))
    assert again == {**first, "replayed": True}
    assert begun.size == 4


def test_the_same_request_with_another_body_is_declined(begun: Store) -> None:
    begun.writer.record(event(once=once()))
    with pytest.raises(RepeatedDifferently):
        begun.writer.record(event(kind="progressed", once=once("another")))
    outcomes = begun.writer.write([note(), event("A-2", once=once("a", "r-2")), event("A-2", once=once("b", "r-2"))])
    assert isinstance(outcomes[2], RepeatedDifferently)
    assert begun.size == 6


def test_a_refused_request_is_not_remembered(begun: Store) -> None:
    with pytest.raises(Refused):
        begun.writer.record(event(kind="progressed", once=once()))
    begun.writer.record(event())
    assert begun.writer.record(event(kind="progressed", once=once()))["version"] == 3
    assert begun.value(sa.select(sa.func.count()).select_from(remembered)) == 1


def test_parallel_duplicates_give_one_entry(begun: Store) -> None:
    other = begun.another()
    together = threading.Barrier(8)

    def send(number: int) -> Mapping[str, Any]:
        together.wait()
        return (begun, other)[number % 2].writer.record(event(once=once()))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    other.close()
    assert begun.size == 4
    assert {each["position"] for each in answers} == {4}
    assert sum("replayed" in each for each in answers) == 7


def test_an_answer_is_remembered_by_another_process_and_forgotten_after_its_time(begun: Store) -> None:
    begun.writer.record(event(once=once()))
    other = begun.another()
    assert other.writer.record(event(once=once()))["replayed"] is True
    other.close()
    begun.clock.move(days=29)
    begun.writer.forget_old_answers()
    assert begun.writer.record(event(once=once()))["replayed"] is True
    begun.clock.move(days=2)
    begun.writer.forget_old_answers()
    with pytest.raises(Refused):
        begun.writer.record(event(once=once()))


# --- many callers


def test_two_hundred_callers_at_once(begun: Store) -> None:
    async def send() -> list[Mapping[str, Any] | BaseException]:
        calls = [begun.writer.submit(note(f"A-{1 + number % 2}", str(number))) for number in range(200)]
        return await asyncio.gather(*calls, begun.writer.submit(event("A-9")), return_exceptions=True)

    *answers, unknown = asyncio.run(send())
    assert isinstance(unknown, Unknown)
    assert [each["position"] for each in answers] == list(range(4, 204))
    assert begun.statements() == [str(number) for number in range(200)]
    assert sound(begun)


def test_a_caller_that_goes_away_disturbs_no_other(begun: Store) -> None:
    async def send() -> list[Mapping[str, Any] | BaseException]:
        calls = [asyncio.create_task(begun.writer.submit(note("A-1", str(number)))) for number in range(20)]
        await asyncio.sleep(0)
        for call in calls[::3]:
            call.cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        await begun.writer.drain()
        return answers

    answers = asyncio.run(send())
    assert [isinstance(each, asyncio.CancelledError) for each in answers] == [n % 3 == 0 for n in range(20)]
    assert begun.statements() == [str(number) for number in range(20)]
    assert sound(begun)


def test_more_than_the_ledger_takes_on_is_declined_at_once(begun: Store, monkeypatch) -> None:
    monkeypatch.setattr(writer, "LARGEST_QUEUE", 5)

    async def send() -> list[Mapping[str, Any] | BaseException]:
        return await asyncio.gather(*(begun.writer.submit(note()) for _ in range(9)), return_exceptions=True)

    answers = asyncio.run(send())
    assert [isinstance(each, writer.TooBusyError) for each in answers] == [False] * 5 + [True] * 4
    assert begun.size == 8


# --- who may do what


def new_token(number: int) -> Command:
    """Give a command that changes who may do what."""
    asked = Request(Caller("boss", "administrator"), {"actor": f"clerk-{number}", "role": "recorder"})
    return create_token(asked, Minted(f"t-{number}", bytes([number]) * 32, clock.now()), UTC)


def submitted(store: Store, *commands: tuple[Command, int | None]) -> list[str]:
    """Submit commands for one batch, each with the rights under which its caller was recognised; give what became."""

    async def send() -> list[Mapping[str, Any] | BaseException]:
        calls = [store.writer.submit(command, rights) for command, rights in commands]
        return await asyncio.gather(*calls, return_exceptions=True)

    return [type(each).__name__ if isinstance(each, BaseException) else "recorded" for each in asyncio.run(send())]


def test_a_caller_counts_as_recognised_while_nobodys_rights_change(begun: Store) -> None:
    rights = begun.writer.rights
    assert submitted(begun, (note(), rights), (note("A-2"), rights)) == ["recorded"] * 2
    assert submitted(begun, (event("A-9"), rights), (note(), rights)) == ["Unknown", "recorded"]
    assert submitted(begun, (note(), begun.writer.rights)) == ["recorded"]
    assert sound(begun)


def test_a_change_of_rights_counts_for_those_behind_it_in_its_batch(begun: Store) -> None:
    rights = begun.writer.rights
    outcomes = submitted(begun, (note("A-1", "1"), rights), (new_token(1), rights), (note("A-1", "2"), rights))
    assert outcomes == ["recorded", "recorded", "RightsChangedError"]
    assert begun.writer.rights != rights
    assert submitted(begun, (note("A-1", "3"), begun.writer.rights)) == ["recorded"]
    assert begun.statements() == ["1", "3"]
    assert sound(begun)


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_change_of_rights_by_another_process_counts_at_once(begun: Store, *, seen_before: bool) -> None:
    with closing(begun.another()) as other:
        if seen_before:
            begun.writer.record(note())
        rights = begun.writer.rights
        other.writer.record(new_token(1))
    assert submitted(begun, (note("A-1", "1"), rights), (note("A-1", "2"), None)) == ["RightsChangedError", "recorded"]
    assert sound(begun)


def test_after_a_failure_every_caller_is_recognised_anew(begun: Store) -> None:
    rights = begun.writer.rights

    def bug(_: Unit) -> Mapping[str, Any]:
        raise RuntimeError

    assert submitted(begun, (bug, None)) == ["RuntimeError"]
    assert submitted(begun, (note(), rights)) == ["RightsChangedError"]


def test_whoever_recorded_earlier_in_the_same_batch_does_not_publish_it(store: Store) -> None:
    store.writer.record(published(code="hidden", visibility="internal", reference_prefix="H-"))
    store.writer.record(announced("H-1", programme="hidden"))
    body = {"kind": "started", "occurred_on": "2023-03-01", "statement": "Begun."}
    begun = record_event(Request(Caller("clerk-7", "recorder"), body), "H-1", four_eyes=True)

    def publication(actor: str) -> Command:
        why = Request(Caller(actor, "administrator"), {"reason": "It is time."})
        return publish_internal_programme(why, "hidden", four_eyes=True)

    first, refused, last = store.writer.write([begun, publication("clerk-7"), publication("boss-1")])
    assert isinstance(refused, NotPermitted)
    assert "clerk-7 recorded in H-1" in str(refused)
    assert [each["position"] for each in (first, last) if not isinstance(each, BaseException)] == [3, 4]
