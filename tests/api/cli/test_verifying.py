"""`ledger verify` and `ledger export`, as an auditor uses them."""

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing

import pytest

from tests.sealed import tamper


def database(ledger):
    return ledger.folder / "ledger.db"


def key_of(ledger):
    return ledger.done("key", "show").out.strip()


def test_a_good_ledger_is_accepted_and_what_was_looked_at_is_told(ledger):
    ran = ledger.run("verify")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("the ledger is what was recorded: 4 entries, root ")
    assert key_of(ledger) in ran.out
    assert "3 histories folded again" in ran.out
    assert "issued reports" in ran.err  # where the progress bar ends


def test_an_empty_ledger_is_accepted(empty):
    assert "0 entries" in empty.done("verify").out


def test_the_answer_can_be_read_by_programs(ledger):
    answer = ledger.done("verify", "--json").json
    assert (answer["size"], answer["faults"], answer["first"]) == (4, 0, None)
    assert answer["checkpoint"]["signed_by"] == [key_of(ledger)]
    assert answer["checkpoint"]["root"] == answer["root"]
    assert answer["checked"]["texts"] == 2


DOCTORED = {
    "an entry": ("UPDATE entries SET entry = x'00' WHERE position = 3", "entry 3"),
    "a text": ("UPDATE prose SET value = '\"Nothing began.\"' WHERE member = 'statement'", "entry 4"),
    "a read model": ("UPDATE entry_facts SET kind = 'achieved' WHERE position = 4", "entry 4"),
    "the end": ("DELETE FROM entries WHERE position = 4", "entry 4"),
}


@pytest.mark.parametrize("what", DOCTORED)
def test_a_doctored_ledger_ends_with_3_and_names_the_position(ledger, what):
    statement, position = DOCTORED[what]
    tamper(database(ledger), statement)
    ran = ledger.do("verify")
    assert ran.code == 3
    assert f"first: {position}: " in ran.err
    again = ledger.do("verify", "--json")
    assert again.code == 3
    assert f"entry {again.json['first']['position']}" == position
    assert again.json["faults"] >= 1


def test_a_right_that_somebody_gave_themselves_past_the_ledger_ends_with_3_and_is_named(ledger):
    tamper(database(ledger), "INSERT INTO held_roles VALUES ('mallory', 'administrator', NULL)")
    ran = ledger.do("verify")
    assert ran.code == 3
    assert "first: the role administrator of mallory is in the database, but no entry gave it" in ran.err


def test_faults_beyond_the_first_are_counted(ledger):
    tamper(database(ledger), "UPDATE prose SET salt = zeroblob(32)", "UPDATE entry_facts SET kind = 'x'")
    ran = ledger.do("verify")
    assert ran.code == 3
    assert "the ledger is not what was recorded: 6 faults" in ran.err
    assert "and 2 more" in ran.err


def test_a_lost_signed_state_is_no_good_ledger(ledger):
    (state,) = ledger.folder.rglob("signed-state")
    state.unlink()
    ran = ledger.do("verify")
    assert ran.code == 3
    assert "the signed state is missing" in ran.err


def test_an_older_checkpoint_is_held_against_the_ledger(ledger, tmp_path):
    kept = tmp_path / "kept"
    shutil.copyfile(next(ledger.folder.rglob("checkpoint")), kept)
    ledger.done("record", "progressed", "HP-1", "--on", "2024-06", "--statement", "Half of it stands.")
    assert "1 older checkpoints extended" in ledger.done("verify", "--old-checkpoint", str(kept)).out
    kept.write_text(kept.read_text().replace("\n4\n", "\n3\n"))
    ran = ledger.do("verify", "--old-checkpoint", str(kept))
    assert ran.code == 3
    assert "not believed" in ran.err
    assert ledger.do("verify", "--old-checkpoint", str(tmp_path / "nowhere")).code == 2


def exported(ledger, tmp_path, *options):
    path = tmp_path / "export.zip"
    ledger.done("export", "-o", str(path), *options)
    return path


def test_an_export_is_verified_without_the_ledger(ledger, nothing, tmp_path):
    path, key = exported(ledger, tmp_path), key_of(ledger)
    shutil.rmtree(ledger.folder)
    ran = nothing.run("verify", str(path), "--key", key)
    assert ran.code == 0, ran.err
    assert "4 entries" in ran.out
    assert "whose key" not in ran.err
    assert not nothing.folder.exists()


def test_a_key_that_came_with_the_export_is_told(ledger, tmp_path):
    assert "whose key it is" in ledger.done("verify", str(exported(ledger, tmp_path))).err


def test_a_doctored_export_ends_with_3(ledger, tmp_path):
    folder = tmp_path / "export"
    with zipfile.ZipFile(exported(ledger, tmp_path)) as archive:
        archive.extractall(folder)
    assert ledger.done("verify", str(folder))
    texts = folder / "texts.jsonl"
    texts.write_text(texts.read_text().replace("Work on the quay", "Work on the bridge"))
    ran = ledger.do("verify", str(folder))
    assert ran.code == 3
    assert "first: entry 4: the text of statement" in ran.err


def test_only_a_known_key_is_believed(ledger, tmp_path):
    path = exported(ledger, tmp_path)
    other = "localhost/implementation-ledger+79a3823a+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
    assert ledger.do("verify", str(path), "--key", other).code == 2  # its id does not fit its name
    assert ledger.do("verify", str(path), "--key", "no key").code == 2
    policy = tmp_path / "policy"
    policy.write_text(f"log {key_of(ledger)}\nquorum none\n")
    assert ledger.done("verify", str(path), "--policy", str(policy))
    assert ledger.do("verify", str(path), "--policy", str(policy), "--key", key_of(ledger)).code == 2
    policy.write_text(policy.read_text().replace("quorum none", "quorum nobody"))
    assert ledger.do("verify", str(path), "--policy", str(policy)).code == 2


def test_an_export_of_another_ledger_is_not_believed_under_our_key(ledger, tmp_path):
    path, ours = exported(ledger, tmp_path), key_of(ledger)
    shutil.rmtree(ledger.folder)
    ledger.done("migrate")
    theirs = key_of(ledger)
    assert ours != theirs
    ran = ledger.do("verify", str(path), "--key", theirs)
    assert ran.code == 3
    assert "not believed" in ran.err


def test_an_export_is_never_written_over(ledger, tmp_path):
    path = exported(ledger, tmp_path)
    before = path.read_bytes()
    ran = ledger.do("export", "-o", str(path))
    assert (ran.code, path.read_bytes()) == (1, before)
    assert "never written over" in ran.err


def test_the_same_state_is_exported_to_the_same_bytes_in_another_process(ledger, tmp_path):
    first = exported(ledger, tmp_path).read_bytes()
    second = tmp_path / "second.zip"
    assert ledger.run("export", "-o", str(second), TZ="Asia/Tokyo", LANG="de_DE").code == 0
    assert second.read_bytes() == first


def test_a_doctored_ledger_is_not_exported(ledger, tmp_path):
    tamper(database(ledger), "UPDATE entries SET entry = x'00' WHERE position = 3")
    path = tmp_path / "export.zip"
    assert ledger.do("export", "-o", str(path)).code in (3, 4)
    assert not path.exists()


def test_erased_texts_are_in_no_export_and_both_verify(ledger, tmp_path):
    ledger.done("erase", "4", "--all", "--legal-basis", "Article 19")
    assert "2 texts erased" in ledger.done("verify").out
    path = exported(ledger, tmp_path)
    assert b"quay began" not in path.read_bytes()
    assert "2 texts erased" in ledger.done("verify", str(path)).out


def test_what_is_no_export_is_told(ledger, tmp_path):
    assert ledger.do("verify", str(tmp_path / "nothing.zip")).code == 2
    (tmp_path / "folder").mkdir()
    assert ledger.do("verify", str(tmp_path / "folder")).code == 2


def test_verifying_changes_nothing(ledger):
    def everything():
        with closing(sqlite3.connect(database(ledger))) as connection:
            return list(connection.iterdump())

    before, state = everything(), next(ledger.folder.rglob("signed-state")).read_bytes()
    ledger.done("verify")
    assert everything() == before
    assert next(ledger.folder.rglob("signed-state")).read_bytes() == state


def test_a_ledger_that_is_not_there_cannot_be_verified(nothing):
    assert nothing.do("verify").code == 4


def test_the_export_says_json_if_asked(ledger, tmp_path):
    told = json.loads(ledger.done("export", "-o", str(tmp_path / "e.zip"), "--json", "--internal").out)
    assert (told["size"], told["internal"]) == (4, True)
