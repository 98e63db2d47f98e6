"""The lines of the feed say of every entry what the plain answer says, whatever was erased."""

import json
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from application.access import Caller, Sight, nobody
from application.erasing import erase
from application.recording import Request
from domain.answers import entry_answer
from domain.shapes import COMMITMENT_EVENTS, CORRECTIONS, LEDGER_EVENTS, PROGRAMME_EVENTS
from infrastructure.reading.feed_lines import FeedLines
from tests.infrastructure.reading.test_read_models import recorded
from tests.scenario import Story
from tests.stores import Store, announced, event, published, record_shipped
from tests.strategies import histories

ADMINISTRATOR = Caller("adm-1", "administrator")


def lines(store: Store, *, internal: bool = True, step: int = 7) -> bytes:
    """The feed, some positions at a time."""
    feed = FeedLines(Sight(None) if internal else nobody(), store.size)
    with store.database.reading() as connection:
        return b"".join(
            feed.between(connection, after, min(after + step, store.size)) for after in range(0, store.size, step)
        )


def said(lines: bytes) -> list[dict[str, Any]]:
    """What lines say, each member once."""
    return [json.loads(line, object_pairs_hook=each_once) for line in lines.splitlines()]


def each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(members)) == len(members), members
    return dict(members)


def plain_answers(store: Store, *, internal: bool = True) -> list[dict[str, Any]]:
    with store.readings.view() as view:
        found = [
            each for each in view.recorded(up_to=view.head.log_size) if internal or not each.is_internal(store.size)
        ]
    return [json.loads(orjson.dumps(entry_answer(each))) for each in found]


@given(st.lists(histories(most=9), min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_a_line_is_the_plain_answer(empty_ledger: Path, stories: list[Story], chance: Random) -> None:
    with TemporaryDirectory() as folder:
        store = recorded(folder, empty_ledger, stories, 50)
        try:
            assert said(lines(store)) == plain_answers(store)
            erased = erase_some(store, chance)
            assert (b'"erased":["' in lines(store)) == erased
            assert said(lines(store)) == plain_answers(store)
        finally:
            store.close()


def erase_some(store: Store, chance: Random) -> bool:
    """Erase one to all texts of an entry or two; False if no entry has any."""
    with store.readings.view() as view:
        having = [each for each in view.recorded(up_to=store.size) if each.prose]
    for each in chance.sample(having, min(2, len(having))):
        members = chance.sample(sorted(each.prose), chance.randint(1, len(each.prose)))
        asked = Request(ADMINISTRATOR, {"members": members, "legal_basis": "Article 17"})
        store.writer.record(erase(asked, each.entry.position))
    return bool(having)


def test_a_line_is_the_plain_answer_for_the_shipped_catalogue(store: Store) -> None:
    store.clock.set_day(date(2026, 1, 15))
    record_shipped(store)
    assert lines(store, step=100).count(b"\n") == store.size
    assert said(lines(store, step=100)) == plain_answers(store)


def test_what_is_internal_has_a_line_only_for_those_who_may_see_it(store: Store) -> None:
    store.writer.record(published(reference_prefix="A-"))
    store.writer.record(announced("A-1"))
    store.writer.record(announced("A-2", visibility="internal"))
    store.writer.record(event("A-2"))
    assert said(lines(store)) == plain_answers(store)
    assert lines(store).count(b"\n") == 4
    assert said(lines(store, internal=False)) == plain_answers(store, internal=False)
    assert lines(store, internal=False).count(b"\n") == 2


def test_a_line_is_the_plain_answer_for_what_the_ledger_says_of_itself(store: Store) -> None:
    store.begin("A-1")
    store.writer.record(event())
    assert erase_some(store, Random(1))
    store.writer.record(event(kind="progressed", quantity="3", unit='“meetings”, "held"', partners=["EU"]))
    assert said(lines(store)) == plain_answers(store)


def test_entries_that_look_alike_but_for_digits_have_the_same_members() -> None:
    names = set[str]()
    for shapes in (COMMITMENT_EVENTS, PROGRAMME_EVENTS, CORRECTIONS, LEDGER_EVENTS):
        for shape in shapes.values():
            names |= shape.members.keys()
    assert not [name for name in names if any(each.isdigit() for each in name)]
