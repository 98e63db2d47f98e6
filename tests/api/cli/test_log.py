import json
import re
import shutil
import sqlite3
from contextlib import closing


def test_the_verifier_key_stands_alone_on_stdout(ledger):
    shown = ledger.run("key", "show")
    assert (shown.code, shown.err) == (0, "")
    assert re.fullmatch(r"localhost/implementation-ledger\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n", shown.out)


def test_a_rotation_shows_the_new_key_and_keeps_the_old_one(ledger):
    old = ledger.done("key", "show").out.strip()
    rotated = ledger.run("key", "rotate", "--overlap", "7")
    assert rotated.code == 0
    assert rotated.out == ledger.done("key", "show").out
    assert old in rotated.err
    assert ledger.done("key", "show", "--json").json == {"key": rotated.out.strip(), "former": [old]}


def test_keys_for_a_host_that_only_follows_hold_no_secret_and_replace_no_file(ledger, tmp_path):
    ledger.done("key", "rotate")
    ledger.done("key", "export", "-o", str(tmp_path / "keys.json"))
    written = (tmp_path / "keys.json").read_text()
    assert "PRIVATE" not in written
    assert all(key in written for key in ledger.done("key", "show", "--json").json["former"])
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    again = ledger.run("key", "export", "-o", str(tmp_path / "keys.json"))
    assert again.code == 1
    assert "never written over" in again.err


def test_a_key_file_without_a_secret_rotates_nothing(ledger, tmp_path):
    ledger.done("key", "export", "-o", str(tmp_path / "keys.json"))
    (tmp_path / "keys.json").replace(ledger.folder / "log-keys.json")
    ended = ledger.run("key", "rotate")
    assert ended.code == 4
    assert "holds no secret" in ended.err


def test_a_key_file_that_others_may_read_ends_with_4(ledger):
    (ledger.folder / "log-keys.json").chmod(0o644)
    ended = ledger.run("key", "show")
    assert (ended.code, ended.out) == (4, "")
    assert "0600" in ended.err


def test_a_ledger_without_its_last_entry_records_nothing_until_it_is_recovered(ledger, tmp_path):
    size = ledger.size
    ledger.done("backup", "-o", str(tmp_path / "good.db"))
    with closing(sqlite3.connect(ledger.folder / "ledger.db", isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER entries_no_delete")
        raw.execute("DELETE FROM entries WHERE position = ?", (size,))
    record = ("record", "progressed", "HP-1", "--on", "2024-06", "--statement", "Half of it stands.")
    ended = ledger.run(*record)
    assert ended.code == 4
    assert f"entry {size}: it is missing" in ended.err
    assert "ledger recover" in ended.err
    refused = ledger.run("recover", "--reason", "Try.")
    assert refused.code == 1
    assert f"entry {size}" in refused.err
    for path in ledger.folder.glob("ledger.db*"):
        path.unlink()
    (tmp_path / "good.db").rename(ledger.folder / "ledger.db")
    recovered = json.loads(ledger.done("recover", "--reason", "The backup of today is in place.", "--json").out)
    assert recovered["position"] == size + 1
    assert ledger.run(*record).code == 0


def test_whoever_migrates_a_ledger_that_forgot_what_it_signed_is_told_so(ledger):
    shutil.rmtree(ledger.folder / "log")
    migrated = ledger.run("migrate")
    assert migrated.code == 0
    assert "nothing is known of what was signed before" in migrated.err
