"""`ledger replay`: finds what somebody changed behind the ledger's back, says where, and makes read models good."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from application.errors import BadQuestion
from domain.merkle import Frontier, leaf_hash
from infrastructure.database.tables import DERIVED, entries
from infrastructure.replaying.replay import Differences, rebuild, replay
from infrastructure.replaying.replay_process import ReplayingFailedError, ReplayingProcesses
from tests.stores import Store, announced, event, published

OF_A1 = "stream = (SELECT stream FROM streams WHERE reference = 'A-1')"


def in_full(statement: str, **values: str) -> str:
    """Put values, and the stream of A-1, into a statement."""
    for name, value in values.items():
        statement = statement.replace(f"{{{name}}}", value)
    return statement.replace("OF_A1", OF_A1)


@pytest.fixture
def told(store: Store) -> Store:
    """Nine entries: a programme, a public and an internal commitment, a correction."""
    store.writer.record(published(reference_prefix="A-"))
    store.writer.record(announced("A-1", relations=[{"type": "part_of", "reference": "A-2"}]))
    store.writer.record(announced("A-2", visibility="internal"))
    store.clock.move(days=1)
    store.writer.write([event("A-1"), event("A-1", "progressed"), event("A-2")])
    store.writer.record(event("A-1", "slipped", occurred_on="2023-02", forecast="2025-01-01"))
    store.writer.record(
        event("A-1", "rectified", entry=2, changes={"occurred_on": "2022-12-01"}, reason="The minutes.")
    )
    store.writer.record(event("A-1", "amended", changes={"title": "Another title"}))
    return store


def test_nothing_is_found_where_nothing_was_changed(told: Store) -> None:
    for until in (None, *range(told.size + 1)):
        found = told.replayed(until=until)
        assert (found.count, found.first, found.replaced) == (0, None, False)
        assert found.log_size == (told.size if until is None else until)
    assert (found.streams, told.replayed(until=1).streams) == (3, 1)


def test_an_empty_ledger_can_be_replayed(store: Store) -> None:
    assert store.replayed().count == 0
    assert store.replayed(check=False).replaced


@pytest.mark.parametrize("until", [-1, 10])
def test_more_than_there_is_cannot_be_replayed(told: Store, until: int) -> None:
    with pytest.raises(BadQuestion, match="0 to 9"):
        told.replayed(until=until)


@pytest.mark.parametrize(("options", "passes"), [({"check": True}, 2), ({"check": False}, 3)])
def test_progress_goes_from_nothing_to_all(told: Store, options: dict, passes: int) -> None:
    steps: list[tuple[int, int]] = []
    replay(told.database, until=None, progress=lambda done, to_do: steps.append((done, to_do)), **options)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (passes * 9, passes * 9)
    assert {to_do for _, to_do in steps} == {passes * 9}


READ_MODELS = [
    ("UPDATE streams SET version = 9 WHERE reference = 'A-1'", "streams", "A-1", "version is 9, the entries give 6"),
    (
        "UPDATE streams SET public_from = 0 WHERE reference = 'A-2'",
        "streams",
        "A-2",
        "public_from is 0, the entries give",
    ),
    ("UPDATE streams SET programme = 'other' WHERE reference = 'A-1'", "streams", "A-1", "programme is other"),
    ("DELETE FROM streams WHERE reference = 'A-1'", "streams", "A-1", "a row is missing"),
    ("UPDATE entry_facts SET kind = 'achieved' WHERE position = 4", "entry_facts", "A-1", "kind is achieved"),
    ("DELETE FROM entry_facts WHERE position = 6", "entry_facts", "A-2", "a row is missing: position 6"),
    (
        "UPDATE course SET state = replace(state, 'false', 'true') WHERE OF_A1 AND from_position = 2",
        "course",
        "A-1",
        "state is",
    ),
    (
        "UPDATE course SET to_position = 5 WHERE OF_A1 AND from_position = 4",
        "course",
        "A-1",
        "to_position",
    ),
    ("DELETE FROM course WHERE OF_A1 AND from_position = 2", "course", "A-1", "a row is missing"),
    (
        "INSERT INTO course SELECT stream, 1, 1, to_position, details, state FROM course WHERE OF_A1 LIMIT 1",
        "course",
        "A-1",
        "a row is too many",
    ),
    (
        "UPDATE status_courses SET steps = replace(steps, 'slipped', 'achieved') WHERE OF_A1 AND from_position = 7",
        "status_courses",
        "A-1",
        "steps is",
    ),
    ("DELETE FROM status_courses WHERE OF_A1 AND from_position = 4", "status_courses", "A-1", "a row is missing"),
    ("INSERT INTO status_courses VALUES (x'00', 1, '[]')", "status_courses", "no stream", "it has no entries"),
    ("UPDATE corrections SET corrected = '[]' WHERE position = 8", "corrections", "A-1", "corrected is []"),
    ("DELETE FROM corrections", "corrections", "A-1", "a row is missing: position 8"),
    ("UPDATE details SET body = replace(body, 'Promise A-1', 'No promise')", "details", "A-1", "body is"),
    ("DELETE FROM relations", "relations", "A-1", "a row is missing: reference A-2"),
    (
        "INSERT INTO relations SELECT 'A-9', stream FROM relations",
        "relations",
        "A-1",
        "a row is too many: reference A-9",
    ),
    ("INSERT INTO relations VALUES ('A-9', x'00')", "relations", "A-9", "it has no entries"),
    ("INSERT INTO entry_facts VALUES (77, x'00', 1, 'started')", "entry_facts", "no stream", "it has no entries"),
    (
        (
            "INSERT INTO streams (stream, sort, reference, programme, visibility, public_from, version) "
            "VALUES (x'00', 'commitment', 'A-9', 'tiny', 'public', 0, 1)"
        ),
        "streams",
        "A-9",
        "it has no entries",
    ),
    ("INSERT INTO details VALUES (x'00', '{}')", "details", "no stream", "it has no entries: digest 00"),
]


@pytest.mark.parametrize(("statement", "table", "reference", "what"), READ_MODELS)
def test_a_read_model_that_was_tampered_with_is_named_and_made_good(
    told: Store, statement: str, table: str, reference: str, what: str
) -> None:
    good = told.read_models()
    told.tamper(in_full(statement))
    assert told.read_models() != good
    found = told.replayed()
    assert found.first is not None
    assert (found.first.table, found.first.reference) == (table, reference)
    assert what in found.first.what
    assert str(found.first) == f"{table}, {reference}: {found.first.what}"
    assert not found.replaced
    repaired = told.replayed(check=False)
    assert (repaired.count, repaired.first, repaired.replaced) == (found.count, found.first, True)
    assert told.read_models() == good
    assert told.replayed().count == 0


def test_rows_that_changed_places_are_put_back(told: Store) -> None:
    good = told.read_models()
    told.tamper(
        in_full("UPDATE entry_facts SET OF_A1 WHERE position = 6"),
        "UPDATE streams SET reference = 'A-3' WHERE reference = 'A-2'",
        "UPDATE streams SET reference = 'A-2' WHERE reference = 'A-1'",
        "UPDATE streams SET reference = 'A-1' WHERE reference = 'A-3'",
    )
    assert told.replayed().count > 1
    assert told.replayed(check=False).replaced
    assert told.read_models() == good


def test_read_models_can_be_made_from_nothing(told: Store) -> None:
    good = told.read_models()
    told.tamper(*(f"DELETE FROM {table.name}" for table in DERIVED))  # noqa: S608 -- our own names
    assert told.replayed(check=False).replaced
    assert told.read_models() == good
    assert told.another().writer.record(event("A-2", "progressed"))["version"] == 3


def test_what_was_changed_later_does_not_count_at_an_earlier_log_size(told: Store) -> None:
    told.tamper(in_full("UPDATE course SET state = 'x' WHERE OF_A1 AND from_position = 8"))
    assert told.replayed(until=7).count == 0
    at_8 = told.replayed(until=8)
    assert at_8.first is not None
    assert at_8.first.table == "course"


def changed_leaf(told: Store) -> str:
    """Give the bytes of entry 4, with another day, as a literal of SQL."""
    (row,) = told.rows(sa.select(entries).where(entries.c.position == 4))
    return row.entry.replace(b"2023-03-01", b"2023-03-02").hex()


ENTRIES = [
    ("UPDATE entries SET entry = x'{leaf}' WHERE position = 4", 4, "hash that stands beside"),
    ("UPDATE entries SET entry = x'00' WHERE position = 4", 4, "hash that stands beside"),
    ("UPDATE entries SET leaf_hash = x'{hash}' WHERE position = 4", 4, "hash that stands beside"),
    ("UPDATE entries SET entry = x'{leaf}', leaf_hash = x'{hash}' WHERE position = 4", 3, "one up to 4, does not fit"),
    ("UPDATE entries SET entry = x'{leaf}', leaf_hash = x'{hash}' WHERE position = 9", 9, "its bytes say"),
    ("UPDATE entries SET nodes = x'' WHERE position = 8", 8, "tree hashes"),
    ("DELETE FROM entries WHERE position = 5", 5, "missing; entry 6 follows"),
    ("DELETE FROM entries WHERE position IN (1, 2)", 1, "missing; entry 3 follows"),
    ("DELETE FROM entries WHERE position = 9", 9, "the ledger ends at 9"),
    ("UPDATE entries SET version = 17 WHERE position = 5", 5, "another version or stream"),
    ("UPDATE entries SET recorded_at = recorded_at + 1000000000 WHERE position = 5", 5, "another instant"),
    ("UPDATE entries SET OF_A1, version = 17 WHERE position = 6", 6, "another version or stream"),
    ("UPDATE entries SET topic = 'commitment.achieved' WHERE position = 4", 4, "stored name"),
    ("UPDATE open_forms SET salt = x'00' WHERE position = 6", 6, "open form"),
    ("UPDATE open_forms SET entry = x'00' WHERE position = 3", 3, "open form"),
    ("DELETE FROM open_forms WHERE position = 6", 6, "open form"),
]


@pytest.mark.parametrize(("statement", "position", "what"), ENTRIES)
def test_an_entry_that_was_tampered_with_is_named_and_nothing_is_replaced(
    told: Store, statement: str, position: int, what: str
) -> None:
    leaf = changed_leaf(told)
    told.tamper(in_full(statement, leaf=leaf, hash=leaf_hash(bytes.fromhex(leaf)).hex()))
    before = told.read_models()
    for check in (True, False):
        found = told.replayed(check=check)
        assert found.first is not None
        assert (found.first.table, found.first.reference) == ("entries", f"position {position}")
        assert what in found.first.what
        assert not found.replaced
    assert told.read_models() == before


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE head SET position = 7", "it ends at 7, but there is an entry 9"),
        ("UPDATE head SET recorded_at = recorded_at + 1", "the last entry is of"),
    ],
)
def test_a_head_that_was_moved_is_named(told: Store, statement: str, what: str) -> None:
    told.tamper(in_full(statement))
    found = told.replayed(check=False)
    assert found.first is not None
    assert found.first.table == "head"
    assert what in found.first.what
    assert not found.replaced


HELPED = 3  # processors: one more process looks at the entries, two fold with us


def helped(told: Store, *, check: bool = True, until: int | None = None) -> Differences:
    return replay(told.database, check=check, until=until, progress=lambda _done, _all: None, processors=HELPED)


def test_a_replay_by_several_processes_says_and_does_the_same(told: Store) -> None:
    good = told.read_models()
    assert helped(told, until=5) == told.replayed(until=5)
    told.tamper(in_full("UPDATE course SET state = '[]' WHERE OF_A1"), "DELETE FROM entry_facts WHERE position = 6")
    found = told.replayed()
    assert found.first is not None
    assert helped(told, check=False) == replace(found, replaced=True)
    assert told.read_models() == good


def test_several_processes_put_nothing_in_place_of_entries_that_were_tampered_with(told: Store) -> None:
    told.tamper("UPDATE entries SET topic = 'commitment.achieved' WHERE position = 4", "DELETE FROM relations")
    before = told.read_models()
    found = helped(told, check=False)
    assert (found.first, found.replaced) == (told.replayed().first, False)
    assert told.read_models() == before


@pytest.mark.parametrize("processors", [1, HELPED])
def test_read_models_that_are_not_there_are_made(told: Store, processors: int) -> None:
    good = told.read_models()
    told.tamper(*(f"DELETE FROM {table.name}" for table in DERIVED))  # noqa: S608 -- our own names
    steps: list[tuple[int, int]] = []
    made = rebuild(told.database, lambda done, to_do: steps.append((done, to_do)), processors)
    assert (made.count, made.first, made.replaced, made.streams) == (0, None, True, 3)
    assert told.read_models() == good
    assert steps == sorted(steps)
    assert steps[-1] == (18, 18)


@pytest.mark.parametrize("processors", [1, HELPED])
def test_no_read_models_are_made_of_a_history_that_breaks_a_rule(told: Store, processors: int) -> None:
    forge(told, 4, "commitment.started", b'"started"', "commitment.resumed", b'"resumed"')
    told.tamper(*(f"DELETE FROM {table.name}" for table in DERIVED))  # noqa: S608 -- our own names
    made = rebuild(told.database, lambda _done, _all: None, processors)
    assert made.first is not None
    assert "not suspended" in made.first.what
    assert not made.replaced
    assert not any(told.read_models().values())


def forge(told: Store, position: int, old_topic: str, old: bytes, topic: str, new: bytes) -> None:
    """Write an entry anew together with every hash, as somebody could who owns the database."""
    frontier, statements = Frontier(), []
    for row in told.rows(sa.select(entries).order_by(entries.c.position)):
        leaf = row.entry.replace(old, new) if row.position == position else row.entry
        hashed = leaf_hash(leaf)
        nodes = b"".join(frontier.append(hashed)).hex()
        named = topic if row.topic == old_topic and row.position == position else row.topic
        statements.append(
            f"UPDATE entries SET entry = x'{leaf.hex()}', leaf_hash = x'{hashed.hex()}', nodes = x'{nodes}',"  # noqa: S608 -- tampering
            f" topic = '{named}' WHERE position = {row.position}"
        )
    told.tamper(*statements)


def test_a_process_that_ends_before_it_is_done_is_noticed(told: Store) -> None:
    nowhere = ReplayingProcesses(sa.make_url("sqlite:////nowhere/ledger.db"), 9, HELPED)
    with (
        told.database.reading() as connection,
        nowhere as helpers,
        pytest.raises(ReplayingFailedError, match="ended before it was done, 1"),
    ):
        list(helpers.streams(connection))


def test_replaying_waits_for_no_reader_and_disturbs_none(told: Store) -> None:
    with told.readings.view() as view:
        assert told.replayed(check=False).replaced
        assert [each.entry.position for each in view.recorded(up_to=9)] == list(range(1, 10))
