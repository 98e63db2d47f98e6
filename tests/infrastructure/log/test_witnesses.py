"""Witnesses that cosign, and witnesses that are down, slow, wrong or remember better than the ledger."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.checkpoint import open_checkpoint
from domain.policy import parse_policy
from domain.unproven import QuorumMissing
from infrastructure.log import witnesses as asking
from infrastructure.log.read_only import ReadOnlyError
from infrastructure.log.signatures import verify
from infrastructure.settings import Settings
from infrastructure.wiring import CannotRecoverError
from tests.sealed import SealedLedger, sealed_ledger
from tests.waiting import eventually
from tests.witness import Witness

BAD = ("garbage", "another key", "another text", "remembers more")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Witnesses may take half a second here."""
    monkeypatch.setattr(asking, "PATIENCE", 0.5)
    monkeypatch.setattr(asking.Witnesses.__init__, "__defaults__", (0.5,))


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    with Witness(tmp_path) as made:
        yield made


def witnessed(folder: Path, *witnesses: Witness, quorum: int = 1) -> SealedLedger:
    """A ledger that these witnesses know, sealing and publishing by itself."""
    listed = " ".join(each.setting for each in witnesses)
    ledger = SealedLedger(folder, witnesses=listed, witness_quorum=quorum)
    for each in witnesses:
        each.trust(str(ledger.services.verifier_keys()[0]))
    ledger.begin()
    ledger.services.start_sealing()
    return ledger


def published(ledger: SealedLedger) -> int:
    return ledger.services.log.size


def cosigners(ledger: SealedLedger) -> list[str]:
    """Who cosigned what is published, by the policy that the ledger hands out, its quorum aside."""
    policy = parse_policy(bytes(ledger.services.log.policy()))
    note = ledger.services.log.checkpoint().note
    return sorted(each.key.name for each in open_checkpoint(note, policy, verify, without_quorum=True).cosigned_by)


def test_a_checkpoint_is_published_with_the_cosignatures_of_its_witnesses(tmp_path, witness):
    with Witness(tmp_path, "witness.example/w2") as second:
        ledger = witnessed(tmp_path / "data", witness, second, quorum=2)
        last = ledger.grow(3)
        eventually(lambda: published(ledger) == last)
        policy = parse_policy(bytes(ledger.services.log.policy()))
        opened = open_checkpoint(ledger.services.log.checkpoint().note, policy, verify)
        assert len(opened.cosigned_by) == 2, "the published policy is met by what is published"
        standing = ledger.services.log.standing()["witnesses"]
        assert (standing["quorum"], standing["cosigned"], standing["problems"]) == (2, last, {})
        assert standing["age_seconds"] < 60
        again = ledger.grow(2)
        eventually(lambda: published(ledger) == again)
        assert {each["size"] for each in witness.remembered().values()} == {again}
        receipt = ledger.services.log.receipt(again)
        assert receipt.count(b"witness.example/") == 2, "a receipt carries the cosignatures"
        ledger.close()


def test_without_a_quorum_a_checkpoint_is_published_at_once_and_cosigned_when_the_witness_answers(tmp_path, witness):
    ledger = witnessed(tmp_path / "data", witness, quorum=0)
    last = ledger.grow(2)
    eventually(lambda: published(ledger) == last and cosigners(ledger) == [witness.name])
    ledger.close()


@pytest.mark.parametrize("mood", [*BAD, "slow", "down"])
def test_a_witness_that_fails_keeps_nobody_from_recording_and_is_named(tmp_path, witness, mood):
    with Witness(tmp_path, "witness.example/bad") as bad:
        bad.mood = mood
        ledger = witnessed(tmp_path / "data", witness, bad, quorum=1)
        if mood == "down":
            bad.server.shutdown()
            bad.server.server_close()
        last = ledger.grow(3)
        eventually(lambda: published(ledger) == last and cosigners(ledger) == [witness.name])
        eventually(lambda: set(ledger.services.log.standing()["witnesses"]["problems"]) == {bad.name})
        assert ledger.services.log.read_only.why() is None, "a liar cannot stop a ledger"
        assert ledger.grow() == last + 1
        ledger.close()
        if mood == "down":
            bad.server = None
            bad.__enter__()


def test_with_too_few_witnesses_the_log_is_published_all_the_same_and_says_how_old_the_last_quorum_is(
    tmp_path, witness
):
    ledger = witnessed(tmp_path / "data", witness, quorum=1)
    first = ledger.grow()
    eventually(lambda: (ledger.services.log.standing()["witnesses"] or {})["cosigned"] == first)
    witness.mood = "garbage"
    last = ledger.grow()
    eventually(lambda: published(ledger) == last)
    assert cosigners(ledger) == []
    assert ledger.services.log.standing()["witnesses"]["cosigned"] == first
    policy = parse_policy(bytes(ledger.services.log.policy()))
    with pytest.raises(QuorumMissing):
        open_checkpoint(ledger.services.log.checkpoint().note, policy, verify)
    witness.mood = "good"
    eventually(lambda: cosigners(ledger) == [witness.name])
    ledger.close()


def test_a_witness_that_fails_is_left_alone_for_a_while(tmp_path, witness):
    witness.mood = "garbage"
    ledger = witnessed(tmp_path / "data", witness, quorum=0)
    for _ in range(30):
        ledger.grow()
        time.sleep(0.02)
    assert witness.asked <= 3
    ledger.close()


def rolled_back(tmp_path: Path, ledger: SealedLedger) -> SealedLedger:
    """Go on from an older backup with the signed state gone as well."""
    copy = ledger.back_up()
    last = ledger.grow(5)
    eventually(lambda: published(ledger) == last)
    eventually(lambda: ledger.services.log.standing()["witnesses"]["cosigned"] == last)
    ledger.restore(copy)
    shutil.rmtree(ledger.folder / "log")
    return ledger


@pytest.mark.parametrize("monitored", [True, False])
def test_a_witness_stops_a_ledger_that_forgot_what_it_signed(tmp_path, witness, monitored):
    """An older backup, and the signed state deleted: nothing but the witness remembers."""
    witness.monitored = monitored
    ledger = witnessed(tmp_path / "data", witness)
    ledger.grow(3)
    rolled_back(tmp_path, ledger)
    with pytest.raises(ReadOnlyError, match=r"entry 6: .*remembers 10 entries, 5 are there"):
        ledger.grow()
    assert ledger.services.log.checkpoint() is None, "nothing is shown"
    with pytest.raises(CannotRecoverError, match="remembers 10"):
        ledger.services.recover("local", "We hope for the best.", None)
    ledger.close()


@pytest.mark.parametrize("monitored", [True, False])
def test_a_witness_stops_a_ledger_with_another_past_of_the_same_length(tmp_path, witness, monitored):
    witness.monitored = monitored
    ledger = witnessed(tmp_path / "data", witness)
    ledger.grow(3)
    copy = ledger.back_up()
    last = ledger.grow(5)
    eventually(lambda: (ledger.services.log.standing()["witnesses"] or {})["cosigned"] == last)
    ledger.restore(copy)
    shutil.rmtree(ledger.folder / "log")
    key = (ledger.folder / "log-keys.json").read_bytes()
    # Somebody grows another past where no witness is asked.
    apart = tmp_path / "apart"
    shutil.copytree(ledger.folder, apart)
    with sealed_ledger(apart) as forked:
        forked.grow(9)
    ledger.close()
    for path in ledger.folder.glob("ledger.db*"):
        path.unlink()
    shutil.copyfile(apart / "ledger.db", ledger.database)
    assert (ledger.folder / "log-keys.json").read_bytes() == key
    ledger.open()
    with pytest.raises(ReadOnlyError, match=r"what the witness .* cosigned|extend the 10 entries"):
        ledger.grow()
    assert ledger.services.log.checkpoint() is None
    ledger.close()


def test_a_ledger_that_forgot_waits_until_a_witness_answers(tmp_path, witness):
    ledger = witnessed(tmp_path / "data", witness)
    last = ledger.grow(3)
    eventually(lambda: (ledger.services.log.standing()["witnesses"] or {})["cosigned"] == last)
    ledger.close()
    shutil.rmtree(ledger.folder / "log")
    witness.__exit__()
    ledger.open()
    with pytest.raises(ReadOnlyError, match="no witness answers"):
        ledger.grow()
    witness.__enter__()
    assert ledger.grow() == last + 1
    ledger.seen.clear()
    ledger.services.start_sealing()
    eventually(lambda: published(ledger) == last + 1)
    ledger.close()


def test_a_ledger_put_back_together_with_its_signed_state_is_stopped_by_what_a_witness_shows(tmp_path, witness):
    ledger = witnessed(tmp_path / "data", witness)
    ledger.grow(3)
    ledger.close()
    shutil.copytree(ledger.folder, tmp_path / "yesterday")
    ledger.open()
    ledger.services.start_sealing()
    last = ledger.grow(5)
    eventually(lambda: (ledger.services.log.standing()["witnesses"] or {})["cosigned"] == last)
    ledger.close()
    shutil.rmtree(ledger.folder)
    shutil.copytree(tmp_path / "yesterday", ledger.folder)
    ledger.open()
    ledger.services.start_sealing()
    eventually(lambda: ledger.services.log.read_only.why() is not None)
    with pytest.raises(ReadOnlyError, match="entry 6: a witness shows that 10 entries were signed, 5 are there"):
        ledger.grow()
    ledger.close()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"witnesses": "witness.example"}, "accepted: a verifier key"),
        ({"witnesses": "w+00000000+BAAA http://127.0.0.1"}, "accepted"),
        ({"witness_quorum": 1}, "accepted: 0 to 0"),
    ],
)
def test_witnesses_that_cannot_be_asked_are_refused_at_the_start(setting, said):
    with pytest.raises(ValidationError, match=said):
        Settings(**setting)


def test_the_address_of_a_witness_holds_no_password_which_settings_would_show(tmp_path):
    with pytest.raises(ValidationError, match="accepted: one without user name and password") as refused:
        Settings(witnesses=f"{Witness(tmp_path).vkey} https://user:hunter2@witness.example.org")
    assert "hunter2" not in str(refused.value)
