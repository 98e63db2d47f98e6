"""Read models: at every (V, N) they answer what the fold answers, and rebuilt rows equal the live ones."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from application.errors import Declined
from application.ports import View
from application.recording import Request, record_programme_event
from domain.answers import Answer
from domain.commitment import Commitment
from domain.correction_register import Correction, correction_answer, corrections_of
from domain.entry import Entry
from domain.errors import Refusal, Refused
from domain.replay import known, spans, state_at
from infrastructure.database.tables import DERIVED, course, details, entry_facts, relations, streams
from infrastructure.reading.read_models import StreamHead, projected
from tests.scenario import Story
from tests.stores import (
    RECORDER,
    MovableClock,
    Store,
    announced,
    as_drawn,
    event,
    published,
    record_shipped,
)
from tests.strategies import histories

LIMITS: Final = (date(1900, 1, 1), date(2199, 12, 31))
REFERENCES: Final = ("SC-1", "SC-4", "SC-5")


def recorded(folder: str, empty: Path, stories: Sequence[Story], batch: int) -> Store:
    """Record drawn stories as they lie in time, *batch* commands in a transaction; what is refused is left out."""
    path = Path(folder) / "ledger.db"
    copyfile(empty, path)
    store = Store(f"sqlite:///{path}", MovableClock())
    commands = sorted(
        (each for story, reference in zip(stories, REFERENCES, strict=False) for each in as_drawn(story, reference)),
        key=lambda each: each[0],
    )
    while commands:
        day = commands[0][0]
        today = [command for on, command in commands[:batch] if on == day]
        store.clock.set_day(day)
        store.writer.write(today)
        commands = commands[len(today) :]
    return store


def entries_of(store: Store, reference: str) -> Sequence[Entry]:
    with store.readings.view() as view:
        return view.entries(Commitment.id_of(reference), store.size)


def telling_days(history: Sequence[Entry]) -> list[date]:
    """Days at which something begins for some log size, with their neighbours; and the limits of what can be asked."""
    begins = {
        reading.effective_on
        for size in range(1, len(history) + 1)
        for reading in known(history[:size]).readings.values()
    }
    near = {day + timedelta(days=step) for day in begins for step in (-1, 0)}
    return sorted({*near, *LIMITS})


def same_at_every_time(store: Store) -> None:
    histories_of = {reference: entries_of(store, reference) for reference in REFERENCES}
    days = sorted({day for history in histories_of.values() for day in telling_days(history)})
    with store.readings.view() as view:
        for size in range(view.head.log_size + 1):
            for day in days:
                expected = {
                    reference: (state, [each.version for each in history if each.position <= size][-1])
                    for reference, history in histories_of.items()
                    if (state := state_at(history, day, size)) is not None
                }
                found = view.commitments(day, size)
                assert [each.reference for each in found] == sorted(expected)
                assert {each.reference: (each.state, each.version) for each in found} == expected
            assert dict(view.status_courses(size)) == courses(histories_of, size)
            for after in {0, size // 2}:
                assert register(view, after, size) == corrections_told(histories_of, after, size)
            one = view.commitment("SC-1", days[size % len(days)], size)
            assert (one and one.state) == state_at(histories_of["SC-1"], days[size % len(days)], size)


def courses(histories_of: dict[str, Sequence[Entry]], size: int) -> dict[str, list[list[str]]]:
    """The statuses as the fold of what is known gives them, where anything is."""
    found = {}
    for reference, history in histories_of.items():
        course = spans(known([each for each in history if each.position <= size]).in_order())
        begun = [(span.since.isoformat(), span.state.status) for span in course]
        changed = [[since, status] for i, (since, status) in enumerate(begun) if not i or begun[i - 1][1] != status]
        if changed:
            found[reference] = changed
    return found


def register(view: View, after: int, size: int) -> list[Answer]:
    return [told(each.correction) for each in view.corrections(after, size)]


def corrections_told(histories_of: dict[str, Sequence[Entry]], after: int, size: int) -> list[Answer]:
    """The register as it is made from all entries."""
    found = []
    for reference, history in histories_of.items():
        found += corrections_of(reference, [each for each in history if each.position <= size], after)
    return [told(each) for each in sorted(found, key=lambda each: each.entry.position)]


def told(correction: Correction) -> Answer:
    return correction_answer(correction, lambda at: str(at) if at[-1] not in ("evidence", "changes") else None)


def rebuilt_rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Project every stream from nothing, with its head as it stands."""
    made: dict[str, set[tuple[object, ...]]] = {table.name: set() for table in DERIVED}
    with store.readings.view() as view:
        for row in store.rows(sa.select(streams)):
            head = StreamHead(
                UUID(bytes=row.stream), row.sort, row.reference, row.programme, row.visibility, row.public_from
            )
            for table, rows in projected(head, view.entries(head.stream, view.head.log_size)).rows().items():
                made[table.name] |= set(map(tuple, rows))
    return {name: sorted(rows) for name, rows in made.items()}


@given(st.lists(histories(most=9), min_size=1, max_size=3), st.sampled_from([1, 4, 50]))
def test_read_models_answer_what_the_fold_answers_and_can_be_rebuilt(
    empty_ledger: Path, stories: list[Story], batch: int
) -> None:
    with TemporaryDirectory() as folder:
        store = recorded(folder, empty_ledger, stories, batch)
        try:
            assert store.size == sum(len(story.rows) for story in stories)
            same_at_every_time(store)
            assert rebuilt_rows(store) == store.read_models()
            for until in (None, store.size // 2, store.size):
                found = store.replayed(until=until)
                assert found.first is None, str(found.first)
        finally:
            store.close()


def test_the_shipped_catalogue_can_be_rebuilt(store: Store) -> None:
    store.clock.set_day(date(2026, 1, 15))
    record_shipped(store)
    live = store.read_models()
    assert rebuilt_rows(store) == live
    assert store.replayed(check=False).replaced
    assert store.read_models() == live


def test_what_is_refused_leaves_no_row(store: Store) -> None:
    store.begin("A-1")
    before = store.read_models()
    for command in (event(kind="progressed"), announced("A-1"), event("A-2"), announced("A-3", programme="other")):
        with suppress(Declined, Refusal):
            store.writer.record(command)
    assert store.read_models() == before


def test_relations_are_found_from_the_other_side(store: Store) -> None:
    store.writer.record(published())
    store.writer.record(announced("A-1", relations=[{"type": "part_of", "reference": "A-2"}]))
    store.writer.record(announced("A-2"))
    store.writer.record(
        event(
            kind="amended", changes={"relations": [{"type": "overlaps", "reference": "A-3"}]}, occurred_on="2023-01-01"
        )
    )
    with store.readings.view() as view:
        assert [each.reference for each in view.relating_to("A-2", date(2022, 6, 1), 4)] == ["A-1"]
        assert view.relating_to("A-2", date(2023, 6, 1), 4) == []
        assert [each.reference for each in view.relating_to("A-2", date(2023, 6, 1), 3)] == ["A-1"]
        assert [each.reference for each in view.relating_to("A-3", date(2023, 6, 1), 4)] == ["A-1"]
    assert len(store.rows(sa.select(relations))) == 2


def test_rows_grow_with_what_changes_only(store: Store) -> None:
    store.begin("A-1")
    store.writer.write([event(), *(event(kind="progressed", statement=str(n)) for n in range(30))])
    assert len(store.rows(sa.select(entry_facts))) == 33
    assert len(store.rows(sa.select(details))) == 1
    # The announcement's days, and one stretch per later entry that moves a day or a fact of the state.
    assert len(store.rows(sa.select(course))) <= 4


def test_a_prefix_is_known_to_every_process_and_is_what_the_entries_say(store: Store) -> None:
    store.writer.write([published(), published(code="other-plan")])
    said = {"kind": "programme_amended", "occurred_on": "2022-04-01", "statement": "So it begins."}
    asked = Request(RECORDER, {**said, "changes": {"reference_prefix": "B-"}})
    store.writer.record(record_programme_event(asked, "other-plan", four_eyes=True))
    wrong = {"kind": "rectified", "entry": 2, "changes": {"occurred_on": "2022-04-02"}, "reason": "The minutes."}
    store.writer.record(record_programme_event(Request(RECORDER, wrong), "other-plan", four_eyes=False))
    with pytest.raises(Refused, match="begins as references of another programme do"):
        store.another().writer.record(announced("B-1"))
    with pytest.raises(Refused, match="begin alike"):
        store.writer.record(published(code="third-plan", reference_prefix="B-1-"))
    store.writer.record(announced("B-1", programme="other-plan", partners=["EU"]))
    assert [store.replayed(until=size).count for size in range(store.size + 1)] == [0] * (store.size + 1)
    assert store.replayed().count == 0
