"""`ledger verify` on a database: a good one is accepted, and whatever is doctored is found, with its position."""

import pytest
import sqlalchemy as sa

from domain.merkle import leaf_hash
from domain.notes import Note
from infrastructure.database.tables import entries, prose
from tests.static_log import Signer
from tests.stores import Store, erasure
from tests.verified import SIGNER, head_of, signed, told, verified

STATE = (
    "UPDATE course SET state = replace(state, 'false', 'true') WHERE from_position = 2 "
    "AND stream = (SELECT stream FROM streams WHERE reference = 'A-1')"
)


@pytest.fixture
def ledger(store: Store) -> Store:
    """Nine entries: 1 programme, 2 A-1, 3 A-2 (internal), 4 started, 5 started (closed), 6 slipped, 7 rectified …"""
    return told(store, 9)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 255, 256, 257])
def test_a_good_ledger_is_accepted(store: Store, size: int) -> None:
    outcome = verified(told(store, size), signed(store))
    assert outcome.findings.faults == []
    assert (outcome.size, outcome.root) == (size, head_of(store).root)
    assert outcome.sealed is not None
    assert outcome.sealed.checkpoint.size == size
    assert outcome.findings.unseen == []


def test_what_was_looked_at_is_counted(ledger: Store) -> None:
    checked = verified(ledger, signed(ledger)).checked
    assert checked["entries"] == 9
    assert checked["closed_entries"] == 2
    assert checked["streams"] == 3
    assert checked["texts"] == ledger.value(sa.select(sa.func.count()).select_from(prose))


def test_what_was_not_signed_yet_is_looked_at_and_told(ledger: Store) -> None:
    outcome = verified(ledger, signed(ledger, 6))
    assert outcome.findings.count == 0
    assert "entries 7 to 9" in outcome.findings.unseen[0]
    outcome = verified(ledger, None)
    assert outcome.findings.count == 0
    assert "no checkpoint yet" in outcome.findings.unseen[0]


def test_erased_texts_are_accepted_where_an_entry_says_so(ledger: Store) -> None:
    ledger.writer.record(erasure(4, "statement"))
    ledger.writer.record(erasure(5, "statement"))
    outcome = verified(ledger, signed(ledger))
    assert outcome.findings.faults == []
    assert outcome.checked["erased_texts"] == 2


def test_an_older_checkpoint_is_extended(ledger: Store) -> None:
    outcome = verified(ledger, signed(ledger), older=[signed(ledger, size) for size in (0, 1, 5, 9)])
    assert outcome.findings.faults == []
    assert outcome.checked["older_checkpoints"] == 4


def changed(store: Store, position: int, before: bytes = b"2023-03-01", after: bytes = b"2023-03-02") -> bytes:
    (row,) = store.rows(sa.select(entries).where(entries.c.position == position))
    assert before in row.entry
    return row.entry.replace(before, after)


TAMPERED = {
    "an entry": (["UPDATE entries SET entry = x'{leaf}' WHERE position = 4"], 4, "hash that stands beside"),
    "a leaf hash": (["UPDATE entries SET leaf_hash = x'{hash}' WHERE position = 4"], 4, "hash that stands beside"),
    "an entry and its hash": (
        ["UPDATE entries SET entry = x'{leaf}', leaf_hash = x'{hash}' WHERE position = 4"], 3, "or one up to 4"),
    "a text": (["UPDATE prose SET value = '\"Nobody came.\"' WHERE position = 4"], 4, "text of statement"),
    "a salt": (["UPDATE prose SET salt = zeroblob(32) WHERE position = 6 AND member = 'cause'"], 6, "text of cause"),
    "a text of a closed entry": (["UPDATE prose SET value = '\"Else.\"' WHERE position = 5"], 5, "text of statement"),
    "a text that is gone": (["DELETE FROM prose WHERE position = 4"], 4, "no entry says that it was erased"),
    "a text too many": (["INSERT INTO prose VALUES (4, 'cause', '\"x\"', zeroblob(32))"], 4, "a text of cause"),
    "the last entry deleted": (
        ["DELETE FROM entries WHERE position = 9", "DELETE FROM prose WHERE position = 9"], 9, "9 entries were signed"),
    "an entry deleted": (["DELETE FROM entries WHERE position = 5"], 5, "missing; entry 6 follows"),
    "the first entry deleted": (["DELETE FROM entries WHERE position = 1"], 1, "missing; entry 2 follows"),
    "entries swapped": (
        [
            "UPDATE entries SET position = 100 WHERE position = 4",
            "UPDATE entries SET position = 4 WHERE position = 6",
            "UPDATE entries SET position = 6 WHERE position = 100",
        ], 4, "its bytes say that it is entry 6"),
    "an open form": (["UPDATE open_forms SET entry = x'7b7d' WHERE position = 5"], 5, "not the one that was closed"),
    "an open form that is gone": (["DELETE FROM open_forms WHERE position = 5"], 5, "open form is missing"),
    "the salt of an open form": (["UPDATE open_forms SET salt = x'00' WHERE position = 3"], 3, "not the one that was"),
    "an instant": (["UPDATE entries SET recorded_at = recorded_at + 10000 WHERE position = 6"], 6, "another instant"),
    "a version": (["UPDATE entries SET version = 17 WHERE position = 6"], 6, "another version"),
    "a stored name": (["UPDATE entries SET topic = 'commitment.achieved' WHERE position = 4"], 4, "stored name"),
    "a state": (
        [STATE], 2, "course of A-1: state is"),
    "a kind": (["UPDATE entry_facts SET kind = 'achieved' WHERE position = 6"], 6, "kind is achieved"),
    "details": (["UPDATE details SET body = replace(body, 'Promise A-1', 'No promise')"], None, "details of A-1"),
    "who may see a stream": (["UPDATE streams SET public_from = 0 WHERE reference = 'A-2'"], None, "public_from is 0"),
    "the head": (["UPDATE head SET position = 7"], None, "the last entry is 9"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_is_doctored_is_found_with_its_position(ledger: Store, what: str) -> None:
    statements, position, said = TAMPERED[what]
    note, leaf = signed(ledger), changed(ledger, 4)
    ledger.tamper(*(each.format(leaf=leaf.hex(), hash=leaf_hash(leaf).hex()) for each in statements))
    first = verified(ledger, note).first
    assert first is not None
    assert first.position == position
    assert said in str(first)


def rewritten(store: Store, position: int, leaf: bytes) -> None:
    """Replace an entry together with every hash that depends on it, as somebody could who knows how."""
    from domain.merkle import Frontier

    store.tamper(f"UPDATE entries SET entry = x'{leaf.hex()}' WHERE position = {position}")  # noqa: S608 -- tampering
    frontier, changes = Frontier(), []
    for row in store.rows(sa.select(entries).order_by(entries.c.position)):
        hashed = leaf_hash(row.entry)
        nodes = b"".join(frontier.append(hashed))
        values = f"leaf_hash = x'{hashed.hex()}', nodes = x'{nodes.hex()}'"
        changes.append(f"UPDATE entries SET {values} WHERE position = {row.position}")  # noqa: S608 -- tampering
    store.tamper(*changes)


def test_a_rewritten_past_does_not_have_the_signed_root(ledger: Store) -> None:
    note = signed(ledger)
    rewritten(ledger, 6, changed(ledger, 6, b"2023-02-01", b"2023-02-02"))
    first = verified(ledger, note).first
    assert first is not None
    assert "another root" in str(first)
    narrowed = verified(ledger, note, roots=[(size, head_of(ledger, size).root) for size in (1, 5)]).first
    assert narrowed is not None
    assert (narrowed.position, "one up to 9" in str(narrowed)) == (6, True)


def test_a_past_that_was_signed_anew_is_found_with_an_older_checkpoint_only(ledger: Store) -> None:
    kept = signed(ledger, 7)
    leaf = changed(ledger, 1, b"rec-1", b"rec-9")
    rewritten(ledger, 1, leaf)
    again = signed(ledger)
    assert verified(ledger, again).findings.count == 0
    first = verified(ledger, again, older=[kept]).first
    assert first is not None
    assert "the tree of 7 has another root" in str(first)


def test_a_ledger_that_was_set_back_is_found_with_an_older_checkpoint(ledger: Store) -> None:
    kept = signed(ledger)
    ledger.tamper("DELETE FROM entries WHERE position > 6", "DELETE FROM prose WHERE position > 6")
    outcome = verified(ledger, signed(ledger, 6), older=[kept])
    assert outcome.first is not None
    assert outcome.first.position == 7
    assert any("the log was set back" in str(fault) for fault in outcome.findings.faults)


def test_a_fork_is_named(ledger: Store) -> None:
    kept = signed(ledger)
    rewritten(ledger, 1, changed(ledger, 1, b"rec-1", b"rec-9"))
    outcome = verified(ledger, signed(ledger), older=[kept])
    assert any("the log has forked" in str(fault) for fault in outcome.findings.faults)


@pytest.mark.parametrize("origin", ["example.org/ledger", "example.org/another"])
def test_a_checkpoint_of_another_key_is_not_believed(ledger: Store, origin: str) -> None:
    other = Signer(origin, seed=9)
    outcome = verified(ledger, signed(ledger, signer=other))
    assert outcome.first is not None
    assert "not believed" in str(outcome.first)
    outcome = verified(ledger, signed(ledger), older=[signed(ledger, 5, other)])
    assert "older checkpoint kept 0 is not believed" in str(outcome.first)


def test_a_changed_checkpoint_is_not_believed(ledger: Store) -> None:
    head = head_of(ledger)
    forged = Note(head.text.replace("\n9\n", "\n8\n"), (SIGNER.sign(head.text),))
    assert "false" in str(verified(ledger, bytes(forged)).first)


def test_an_erasure_that_did_not_take_place_is_found(ledger: Store) -> None:
    (row,) = ledger.rows(sa.select(prose).where(prose.c.position == 4))
    ledger.writer.record(erasure(4, "statement"))
    ledger.tamper(
        f"INSERT INTO prose VALUES (4, 'statement', '{row.value}', x'{row.salt.hex()}')"  # noqa: S608 -- tampering
    )
    first = verified(ledger, signed(ledger)).first
    assert first is not None
    assert (first.position, "erased by entry 10, but is still there" in first.what) == (4, True)


def test_the_lowest_position_is_named_first_and_the_others_are_counted(ledger: Store) -> None:
    note = signed(ledger)
    ledger.tamper(
        "UPDATE prose SET value = '\"x\"' WHERE position IN (8, 9)",
        "UPDATE prose SET value = '\"x\"' WHERE position = 4",
        "UPDATE entry_facts SET kind = 'achieved' WHERE position = 2",
    )
    findings = verified(ledger, note).findings
    assert findings.first is not None
    assert findings.first.position == 2
    assert findings.count >= 4
