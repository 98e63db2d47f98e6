import hashlib
import re
import stat
from copy import deepcopy


def rows(ledger, name):
    """The rows of the tests' catalogue, free to be changed."""
    return deepcopy(ledger.contents[name])


def test_migrating_again_changes_nothing(nothing):
    assert "now" in nothing.done("migrate").out
    assert "already" in nothing.done("migrate").out


def test_loading_tells_what_was_recorded_and_shows_progress_apart(empty):
    loaded = empty.run("load", empty.catalogue())
    assert loaded.code == 0
    assert loaded.out == "harbour-plan: 4 recorded, 0 skipped\n"
    assert "Loading" in loaded.err


def test_loading_again_records_nothing(ledger):
    assert ledger.done("load", ledger.catalogue(), "--json").json["recorded"] == 0
    assert ledger.size == 4


def test_entries_of_a_catalogue_are_recorded_by_the_actor_catalogue_unless_told_otherwise(empty):
    empty.done("load", empty.catalogue())
    assert empty.done("history", "HP-2", "--json").json["items"][0]["recorded_by"] == "catalogue"


def test_the_environment_may_say_who_loads(empty):
    empty.done("load", empty.catalogue(), LEDGER_ACTOR="clerk")
    assert empty.done("history", "HP-2", "--json").json["items"][0]["recorded_by"] == "clerk"


def test_a_shipped_catalogue_is_loaded_by_name(empty):
    assert "275 recorded" in empty.done("load", "strategic-compass-partner").out


def test_a_broken_row_is_named_and_nothing_is_loaded(empty):
    history = rows(empty, "history")
    history[0]["kind"] = "resumed"
    ended = empty.run("load", empty.catalogue(history=history))
    assert (ended.code, ended.out) == (1, "")
    assert "history[0] (line" in ended.err
    assert "suspended" in ended.err
    assert empty.size == 0


def test_a_row_whose_facts_have_changed_since_is_named(ledger):
    history = rows(ledger, "history")
    history[0]["occurred_on"] = "2024-06"
    ended = ledger.do("load", ledger.catalogue(history=history))
    assert ended.code == 1
    assert "history[0]" in ended.err
    assert "occurred_on" in ended.err


def test_a_file_that_is_no_catalogue_ends_with_1_and_its_place(empty, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text('{"programme": ')
    ended = empty.do("load", str(broken))
    assert ended.code == 1
    assert "broken.json line 1" in ended.err


def with_source(ledger, line):
    commitments = rows(ledger, "commitments")
    for commitment in commitments:
        commitment["source"] = {"document": "Plan", "line": 1, "sha256": hashlib.sha256(line.encode()).hexdigest()}
    return ledger.catalogue(commitments=commitments)


def test_a_catalogue_that_fits_its_source_passes(nothing, tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("We shall open a quay.\n")
    assert nothing.done("catalogue", "check", with_source(nothing, "We shall open a quay."), "--source", str(source))


def test_a_line_that_reads_differently_ends_with_3_and_names_the_commitment(nothing, tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("We may open a quay.\n")
    ended = nothing.run("catalogue", "check", with_source(nothing, "We shall open a quay."), "--source", str(source))
    assert (ended.code, ended.out) == (3, "")
    assert "HP-1" in ended.err
    assert "HP-2" in ended.err


def test_a_new_token_stands_alone_on_stdout(ledger):
    made = ledger.run("token", "create", "--role", "recorder", "--actor", "clerk")
    assert made.code == 0
    assert re.fullmatch(r"ldg_[A-Za-z0-9_-]+\n", made.out)
    assert made.out.strip() not in made.err


def test_tokens_are_listed_without_their_secret_and_can_be_revoked_once(ledger):
    secret = ledger.done("token", "create", "--role", "reviewer", "--actor", "judge").out.strip()
    listed = ledger.done("token", "list", "--json").json
    assert [(each["actor"], each["role"], each["revoked_at"]) for each in listed] == [("judge", "reviewer", None)]
    assert secret not in ledger.done("token", "list").out
    assert ledger.done("token", "revoke", listed[0]["id"])
    assert ledger.done("token", "list", "--json").json[0]["revoked_at"]
    again = ledger.do("token", "revoke", listed[0]["id"])
    assert again.code == 1
    assert "revoked before" in again.err


def test_an_actor_with_a_name_is_refused(ledger):
    assert ledger.do("token", "create", "--role", "recorder", "--actor", "Jane Doe").code == 1


def test_config_shows_every_setting_with_its_meaning_and_masks_passwords(nothing):
    url = "postgresql+psycopg://clerk:hunter2@db/ledger?password=hunter3"
    shown = nothing.run("config", LEDGER_DATABASE_URL=url)
    assert shown.code == 0
    assert "hunter" not in shown.out
    assert "LEDGER_FOUR_EYES" in shown.out
    rows = {row["name"]: row for row in nothing.done("config", "--json", LEDGER_DATABASE_URL=url).json}
    assert "hunter" not in rows["LEDGER_DATABASE_URL"]["value"]
    assert rows["LEDGER_DATABASE_URL"]["set"]
    assert rows["LEDGER_FOUR_EYES"]["value"] == "true"
    assert all(row["meaning"] for row in rows.values())


def test_a_backup_is_an_equal_ledger(ledger, tmp_path):
    copy = tmp_path / "copy.db"
    told = ledger.done("backup", "-o", str(copy)).out
    assert "4 entries" in told
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    report = ledger.done("report", "--json").out
    ledger.done("record", "progressed", "HP-1", "--on", "2024-06", "--statement", "Half of it stands.")
    restored = {"LEDGER_DATABASE_URL": f"sqlite:///{copy}"}
    assert ledger.done("report", "--json", **restored).out == report
    assert "equal" in ledger.done("replay", "--check", **restored).out


def test_a_backup_is_never_written_over(ledger, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_text("somebody's")
    ended = ledger.run("backup", "-o", str(copy))
    assert (ended.code, ended.out) == (1, "")
    assert "exists" in ended.err
    assert copy.read_text() == "somebody's"


def test_a_command_that_fails_says_why_once_and_shows_nobody_the_log_of_a_server(ledger):
    ledger.doctor("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    ended = ledger.run("record", "started", "HP-2", "--on", "2024-06", "--statement", "It began.")
    assert ended.code == 4
    assert "disk is full" in ended.err
    assert "Traceback" not in ended.err
