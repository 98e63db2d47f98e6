"""What is sealed, when, and by whom; and that nothing is signed that is not what was signed before."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.merkle import EMPTY_ROOT, Frontier, leaf_hash
from infrastructure.log.read_only import ReadOnlyError
from infrastructure.wiring import CannotRecoverError, NotReadyError
from tests.sealed import SealedLedger, sealed_ledger
from tests.waiting import eventually


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SealedLedger]:
    with sealed_ledger(tmp_path / "data") as made:
        yield made.begin()


def test_a_new_ledger_signs_that_it_is_empty(tmp_path):
    with sealed_ledger(tmp_path / "data") as ledger:
        head = ledger.look()
        assert (head.origin, head.size, head.root) == ("localhost/implementation-ledger", 0, EMPTY_ROOT)


def test_what_is_recorded_is_sealed_by_itself(ledger):
    ledger.services.start_sealing()
    last = ledger.grow(3)
    eventually(lambda: ledger.look().size == last)
    again = ledger.grow()
    eventually(lambda: ledger.look().size == again)
    ledger.assert_consistent()


def test_the_root_is_the_one_that_reports_print(ledger):
    last = ledger.grow(4)
    head = ledger.seal()
    with ledger.services.view() as view:
        assert (head.size, head.root) == (last, view.root(last))


def test_a_local_command_seals_what_it_recorded_when_it_ends(ledger):
    last = ledger.grow(2)
    ledger.reopen()
    assert ledger.look().size == last


def test_a_restart_shows_the_same_checkpoint_or_a_larger_one(ledger):
    ledger.grow(2)
    before = ledger.seal()
    note = ledger.services.log.checkpoint().note
    ledger.reopen()
    ledger.services.log.sealer.seal()
    assert ledger.services.log.checkpoint().note == note
    ledger.grow(2)
    assert ledger.seal().size == before.size + 2
    ledger.assert_consistent()


def test_entries_that_a_crash_left_unsealed_are_sealed_by_the_next_start(ledger):
    last = ledger.grow(3)
    # The process that recorded them is gone before it sealed; another opens the ledger.
    ledger.services.writer.close()
    ledger.services.log.sealer._lock.release()
    ledger.open()
    assert ledger.seal().size == last


def test_one_of_two_processes_seals_and_the_other_takes_over_when_it_ends(ledger):
    first = ledger.services
    ledger.seal()
    second = ledger.open()
    last = ledger.grow(2)
    assert second.log.sealer.seal() is None
    assert ledger.look().size == last - 2
    first.log.sealer.seal()
    assert ledger.look().size == last, "what another process recorded is sealed, too"
    first.close()
    ledger.grow(1)
    assert ledger.seal().size == last + 1


def test_two_sealers_at_once_never_sign_two_heads(ledger):
    first, second = ledger.services, ledger.open()
    stop, failed = threading.Event(), []

    def sealing(services) -> None:
        while not stop.is_set():
            services.log.sealer.seal()
            services.log.sealer._lock.release()  # as if it held for no longer than one turn
            if services.log.sealer.failing not in (None, "StateMovedError"):
                failed.append(services.log.sealer.failing)

    threads = [threading.Thread(target=sealing, args=(each,)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        ledger.grow()
        ledger.look()
    stop.set()
    for thread in threads:
        thread.join()
    first.close()
    assert failed == []
    ledger.seal()
    ledger.assert_consistent()
    assert ledger.services.log.read_only.why() is None


def doctored(ledger: SealedLedger, position: int) -> None:
    """Nothing is recorded any more, and whoever asks is told the first entry that is wrong."""
    standstill = ledger.services.log.read_only.why()
    assert standstill is not None
    assert standstill.position == position, standstill
    with pytest.raises(ReadOnlyError, match=f"entry {position}:"):
        ledger.grow()
    before = ledger.size()
    ledger.reopen()
    with pytest.raises(ReadOnlyError, match=f"entry {position}:"):
        ledger.grow()
    assert ledger.size() == before, "reading goes on"


def reread(ledger: SealedLedger) -> None:
    """Go over the signed past until it is through."""
    while ledger.services.log.sealer.reread(3):
        pass


def test_an_edited_entry_is_found_when_the_past_is_read_again(ledger):
    ledger.grow(10)
    ledger.seal()
    ledger.tamper("UPDATE entries SET entry = CAST(replace(entry, 'evidence_added', 'evidence_madeup') AS BLOB)"
                  " WHERE position = 7")  # fmt: skip
    reread(ledger)
    doctored(ledger, 7)


def test_an_entry_edited_before_it_was_sealed_is_never_signed(ledger):
    ledger.grow(2)
    signed = ledger.seal()
    ledger.grow(3)
    ledger.tamper("UPDATE entries SET entry = CAST(entry || ' ' AS BLOB) WHERE position = 6")
    assert ledger.seal() == signed
    doctored(ledger, 6)


def rewrite_from(ledger: SealedLedger, position: int) -> None:
    """Edit an entry and make every hash behind it fit again, as an operator could who knows the format."""
    with closing(sqlite3.connect(ledger.database)) as raw:
        rows = raw.execute("SELECT position, entry FROM entries ORDER BY position").fetchall()
    frontier = Frontier()
    for at, entry in rows:
        changed = entry.replace(b"rec-1", b"rec-2") if at == position else entry
        leaf = leaf_hash(changed)
        nodes = b"".join(frontier.append(leaf))
        if at >= position:
            ledger.tamper(
                "UPDATE entries SET entry = :entry, leaf_hash = :leaf, nodes = :nodes WHERE position = :at",
                entry=changed, leaf=leaf, nodes=nodes, at=at,
            )  # fmt: skip


def test_a_past_that_was_rewritten_with_all_its_hashes_is_named_as_far_as_it_can_be(ledger):
    for _ in range(4):
        ledger.grow(3)
        ledger.seal()
    rewrite_from(ledger, 7)
    ledger.reopen()
    with pytest.raises(ReadOnlyError):
        ledger.grow()
    # Signed were 2+3, 2+6 … entries: the fault lies behind the fifth.
    doctored(ledger, 6)
    assert "up to 8" in ledger.services.log.read_only.why().reason


SEEN_LATER = (
    "DELETE FROM entries WHERE position = 4",
    "UPDATE entries SET leaf_hash = zeroblob(32) WHERE position = 12",
)  # no peak of the tree of 12 stands there, so that only reading everything again finds it


@pytest.mark.parametrize(("statement", "position"), [
    ("DELETE FROM entries WHERE position = 12", 12),
    ("DELETE FROM entries WHERE position = 4", 4),
    ("UPDATE entries SET leaf_hash = zeroblob(32) WHERE position = 12", 12),
    ("UPDATE entries SET nodes = zeroblob(length(nodes)) WHERE position = 8", 8),
])  # fmt: skip
def test_no_ledger_starts_to_record_whose_signed_end_is_not_there(ledger, statement, position):
    ledger.grow(10)
    ledger.seal()
    ledger.tamper(statement)
    ledger.reopen()
    if statement in SEEN_LATER:
        ledger.seal()
        reread(ledger)
    with pytest.raises(ReadOnlyError):
        ledger.grow()
    doctored(ledger, position)


def test_an_older_backup_put_in_place_of_the_ledger_reuses_no_position(ledger):
    ledger.grow(3)
    copy = ledger.back_up()
    ledger.grow(5)
    ledger.seal()
    newer = ledger.back_up("newer.db")
    ledger.restore(copy)
    with pytest.raises(ReadOnlyError, match="entry 6: it is missing: 10 entries were signed, 5 are there"):
        ledger.grow()
    doctored(ledger, 6)
    with pytest.raises(CannotRecoverError, match="entry 6"):
        ledger.services.recover("local", "We hope for the best.", None)
    ledger.restore(newer)
    with pytest.raises(ReadOnlyError):
        ledger.grow()
    done = ledger.services.recover("local", "The right backup is back.", None)
    assert (done.position, ledger.grow()) == (11, 12)
    assert ledger.seal().size == 12
    ledger.assert_consistent()


def test_the_recovery_is_an_entry_with_the_last_checkpoint_and_the_reason(ledger):
    ledger.grow(3)
    ledger.seal()
    last = ledger.services.log.checkpoint().note.decode()
    ledger.services.log.sealer.halt("somebody looked at it", 4)
    done = ledger.services.recover("clerk", "It was looked into.", None)
    with ledger.services.view() as view:
        (entry,) = view.recorded(after=done.position - 1, up_to=done.position)
    assert entry.entry.kind == "recovered"
    assert entry.entry.recorded_by == "clerk"
    assert entry.entry.facts["old_checkpoint"] == last
    assert entry.entry.facts["first_wrong"] == 4
    assert entry.prose["reason"].value == "It was looked into."


def test_nothing_is_recovered_when_nothing_is_wrong(ledger):
    with pytest.raises(CannotRecoverError, match="nothing is wrong"):
        ledger.services.recover("local", "Just so.", None)


def test_a_ledger_that_another_process_seals_is_not_recovered(ledger):
    ledger.seal()
    first = ledger.services
    with pytest.raises(CannotRecoverError, match="every server of it stopped"):
        ledger.open().recover("local", "Just so.", None)
    first.close()


def test_a_log_whose_past_is_lost_is_frozen_and_the_ledger_goes_on_under_a_new_origin(ledger):
    ledger.grow(3)
    copy = ledger.back_up()
    ledger.grow(5)
    frozen = ledger.seal()
    last, old_key = ledger.services.log.checkpoint().note, ledger.services.verifier_keys()[0]
    ledger.restore(copy)
    with pytest.raises(ReadOnlyError):
        ledger.grow()
    done = ledger.services.recover("local", "No newer backup is left.", "example.org/second")
    assert (done.origin, done.position) == ("example.org/second", 6)
    with pytest.raises(NotReadyError, match="for ever"):
        ledger.services.ready()
    ledger.close()
    ledger._settings["log_origin"] = "example.org/second"
    ledger.seen.clear()
    ledger.open()
    ledger.services.ready()
    assert ledger.look().origin == "example.org/second"
    ledger.grow()
    assert ledger.seal().size == 7
    with ledger.services.view() as view:
        (entry,) = view.recorded(after=5, up_to=6)
    assert entry.entry.facts["old_checkpoint"].encode() == last
    assert (entry.entry.facts["old_origin"], entry.entry.facts["new_key"]) == (
        frozen.origin, str(ledger.services.verifier_keys()[0])
    )  # fmt: skip
    assert old_key not in ledger.services.verifier_keys()
    (kept,) = (ledger.folder / "log" / "frozen").glob("*/signed-state")
    assert kept.read_bytes() == last, "the old log's last checkpoint is kept"


def test_a_lost_signed_state_is_told_loudly_and_signed_as_it_stands(ledger):
    ledger.grow(3)
    ledger.seal()
    ledger.close()
    for path in (ledger.folder / "log").iterdir():
        path.unlink()
    ledger.open()
    with capture_logs() as logged:
        ledger.services.log.sealer.seal()
    assert ledger.look().size == 5
    assert [each["log_level"] for each in logged if "nothing is known" in each["event"]] == ["warning"]


def test_a_signed_state_that_is_no_checkpoint_of_this_log_stops_all_writing(ledger):
    ledger.grow(3)
    ledger.seal()
    ledger.close()
    state = ledger.folder / "log" / "signed-state"
    content = state.read_text()
    state.write_text(content.replace("\n5\n", "\n3\n"))
    ledger.open()
    with pytest.raises(ReadOnlyError, match="signed-state is no checkpoint of this log"):
        ledger.grow()
    state.write_text(content)
    assert ledger.grow() == 6, "with the right file back in place it goes on"


def test_a_fault_in_between_leaves_no_memory_behind(ledger, monkeypatch):
    """After any failure everything begins from disk; a failed sealing keeps nobody from recording."""
    ledger.grow(2)
    ledger.seal()
    state = ledger.services.log.state

    def full(*_):
        raise OSError(28, "No space left on device")

    last = ledger.grow(2)
    with monkeypatch.context() as patched:
        patched.setattr(state, "swap", full)
        ledger.services.log.sealer.seal()
        assert ledger.services.log.standing()["failing"] == "OSError"
        assert ledger.services.log.sealer._at is None
        last = ledger.grow()
    assert ledger.seal().size == last
    assert ledger.services.log.standing()["failing"] is None
    ledger.assert_consistent()
