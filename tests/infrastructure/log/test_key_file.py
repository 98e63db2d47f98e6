"""The log's keys: where they lie, who may read them, how they change."""

import json
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.checkpoint import open_checkpoint
from domain.policy import Party, Policy
from domain.unproven import Unproven
from infrastructure.log.signatures import SigningKey, parse_secret_text, verify
from infrastructure.wiring import NotReadyError
from tests.sealed import SealedLedger, sealed_ledger
from tests.stores import MovableClock


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: MovableClock) -> Iterator[SealedLedger]:
    with sealed_ledger(tmp_path / "data", now=clock) as made:
        yield made.begin()


def key_path(ledger: SealedLedger) -> Path:
    return ledger.folder / "log-keys.json"


def test_the_first_migration_makes_a_key_that_only_its_owner_may_read(ledger):
    assert stat.S_IMODE(key_path(ledger).stat().st_mode) == 0o600
    (key,) = ledger.services.verifier_keys()
    assert key.name == "localhost/implementation-ledger"
    ledger.services.migrate()
    assert ledger.services.verifier_keys() == (key,)


def test_the_database_holds_no_secret(ledger):
    secret = json.loads(key_path(ledger).read_text())["current"]
    seed = parse_secret_text(secret).seed
    ledger.services.log.sealer.seal()
    ledger.close()
    content = ledger.database.read_bytes()
    assert secret.encode() not in content
    assert seed not in content
    assert secret not in repr(parse_secret_text(secret))


def test_the_key_may_lie_in_another_folder(tmp_path):
    with sealed_ledger(tmp_path / "data", key_dir=str(tmp_path / "keys")) as ledger:
        assert (tmp_path / "keys" / "log-keys.json").exists()
        assert not key_path(ledger).exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(ledger, mode):
    key_path(ledger).chmod(mode)
    with pytest.raises(NotReadyError, match=f"{mode:04o}"):
        ledger.services.start_sealing()
    with pytest.raises(NotReadyError, match="accepted: mode 0600"):
        ledger.services.verifier_keys()


def test_a_key_that_was_lost_is_not_silently_replaced(ledger):
    ledger.close()
    key_path(ledger).unlink()
    ledger.open()
    with pytest.raises(NotReadyError, match="cannot be read"):
        ledger.services.migrate()
    assert not key_path(ledger).exists()


@pytest.mark.parametrize(
    "content", ["", "{}", '{"current": "PRIVATE+KEY+a+00000000+AA==", "following": null, "former": []}']
)
def test_a_broken_key_file_is_named(ledger, content):
    key_path(ledger).write_text(content)
    with pytest.raises(NotReadyError, match="is broken; put its backup in its place"):
        ledger.services.start_sealing()


def test_the_key_of_another_log_is_refused(ledger):
    other = {"current": SigningKey.new("example.org/other").secret_text(), "following": None, "former": []}
    key_path(ledger).write_text(json.dumps(other))
    with pytest.raises(NotReadyError, match="belongs to the log example"):
        ledger.services.start_sealing()


def trusted(ledger: SealedLedger, *keys) -> bool:
    """Whether somebody who knows these keys believes the published checkpoint."""
    try:
        open_checkpoint(ledger.services.log.checkpoint().note, Policy(tuple(map(Party, keys))), verify)
    except Unproven:
        return False
    return True


def test_a_rotated_key_signs_together_with_the_old_one_for_a_while(ledger, clock):
    (old,) = ledger.services.verifier_keys()
    ledger.seal()
    before = ledger.services.log.checkpoint().note
    told = ledger.services.rotate_key("clerk", timedelta(days=30))
    new, former = ledger.services.verifier_keys()
    assert (str(new), str(old), former) == (told["new"], told["old"], old)
    assert not trusted(ledger, new), "what was signed before the rotation is not signed anew"
    ledger.seal()
    assert trusted(ledger, old)
    assert trusted(ledger, new)
    clock.move(days=30)
    ledger.grow()
    ledger.seal()
    assert trusted(ledger, new)
    assert not trusted(ledger, old), "the old key cannot sign what came later"
    assert open_checkpoint(before, Policy((Party(old),)), verify), "the past still verifies with it"
    ledger.assert_consistent()


def test_a_rotation_is_an_entry_that_names_both_keys(ledger, clock):
    told = ledger.services.rotate_key("clerk", timedelta(days=30))
    last = ledger.size()
    with ledger.services.view() as view:
        (entry,) = view.recorded(after=last - 1, up_to=last)
    assert (entry.entry.kind, entry.entry.recorded_by) == ("key_rotated", "clerk")
    assert entry.entry.facts["old_key"] == told["old"]
    assert entry.entry.facts["new_key"] == told["new"]
    assert entry.entry.facts["both_until"] == "2024-02-14T09:00:00.000000Z"


def test_the_secret_of_a_former_key_is_deleted_when_its_time_is_over(ledger, clock):
    old = json.loads(key_path(ledger).read_text())["current"]
    ledger.services.rotate_key("clerk", timedelta(days=30))
    assert old in key_path(ledger).read_text()
    clock.move(days=31)
    ledger.services.migrate()
    assert old not in key_path(ledger).read_text()
    assert len(ledger.services.verifier_keys()) == 2
    assert stat.S_IMODE(key_path(ledger).stat().st_mode) == 0o600


@pytest.mark.parametrize("crash", ["before the entry", "after the entry"])
def test_a_rotation_that_a_crash_cut_off_is_ended_by_the_next(ledger, monkeypatch, crash):
    class Crash(Exception):
        pass

    record = ledger.services.record

    def recording(command):
        if crash == "after the entry":
            record(command)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(ledger.services, "record", recording)
        with pytest.raises(Crash):
            ledger.services.rotate_key("clerk", timedelta(days=30))
    ledger.seal()
    assert len(ledger.services.verifier_keys()) == 1, "nothing signs that was not announced"
    told = ledger.services.rotate_key("clerk", timedelta(days=30))
    with ledger.services.view() as view:
        rotations = [each for each in view.recorded(up_to=view.head.log_size) if each.entry.kind == "key_rotated"]
    assert [each.entry.facts["new_key"] for each in rotations] == [told["new"]]
    assert str(ledger.services.verifier_keys()[0]) == told["new"]
