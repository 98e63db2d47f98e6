import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stores import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


PROGRAM = Path(sys.executable).with_name("ledger")
PROGRESS = ("record", "progressed", "HP-1", "--on", "2024-06-15", "--statement", "[bold]Half[/bold] of it stands.")


def test_a_commitment_is_shown_at_two_times(ledger):
    assert ledger.done("show", "HP-1", "--as-of", "2024-03-01", "--json").json["status"] == "announced"
    assert ledger.done("show", "HP-1", "--as-of", "2024-06-01", "--json").json["status"] == "started"
    known = ledger.done("show", "HP-1", "--as-of", "2024-06-01", "--log-size", "3", "--json").json
    assert (known["status"], known["log_size"]) == ("announced", 3)


def test_an_instant_says_how_much_was_known(ledger):
    known_at = ledger.done("show", "HP-1", "--log-size", "3", "--json").json["known_at"]
    assert ledger.done("show", "HP-1", "--known-at", known_at, "--json").json["log_size"] == 3


def test_the_page_of_a_commitment_says_how_it_stands(ledger):
    page = ledger.run("show", "HP-1", "--as-of", "2025-01-10").out
    for words in ("HP-1  Open the second quay", "overdue by 10 days", "no slip was declared", "due 2024-12-31", "PORT"):
        assert words in page
    assert "As of 2025-01-10, knowing 4 entries" in page
    assert "\x1b" not in page


def test_the_page_of_a_history_shows_times_evidence_and_corrections(ledger):
    ledger.done(*PROGRESS)
    change = ("--field", 'changes={"occurred_on": "2024-07"}', "--field", "reason=The minutes say July.")
    ledger.done("record", "rectified", "HP-1", "--field", "entry=3", *change, "--actor", "somebody-else")
    page = ledger.done("history", "HP-1").out
    for words in (
        "Work on the quay began.",
        "Works begin <https://example.org/works>",
        "2024-05-31",
        "corrects entry 3",
    ):
        assert words in page
    assert "corrected by entry 4" in page
    assert "2024-07-31" in page
    assert "[bold]Half[/bold] of it stands." in page


def test_entries_that_are_retracted_or_not_yet_in_effect_are_marked(ledger):
    ledger.done(*PROGRESS)
    assert "not yet in effect on 2024-06-01" in ledger.done("history", "HP-1", "--as-of", "2024-06-01").out
    retract = ("record", "retracted", "HP-1", "--field", "entry=3", "--field", "reason=A mistake")
    ledger.done(*retract, "--actor", "somebody-else")
    assert "retracted by entry 4" in ledger.done("history", "HP-1").out


@pytest.mark.parametrize("command", ["show", "history"])
def test_what_does_not_exist_at_these_times_ends_with_1(ledger, command):
    for arguments in (["HP-9"], ["HP-1", "--as-of", "2023-12-31"], ["HP-1", "--log-size", "0"]):
        ended = ledger.do(command, *arguments)
        assert (ended.code, ended.out) == (1, "")
        assert "there is no commitment" in ended.err


@pytest.mark.parametrize("command", [["show", "HP-1"], ["report"], ["verify"]])
def test_where_there_is_no_ledger_nobody_is_told_to_change_one(tmp_path, ledger, command):
    elsewhere = tmp_path / "mistyped"
    ended = ledger.do(*command, LEDGER_DATA_DIR=str(elsewhere), LEDGER_DATABASE_URL="")
    assert ended.code == 4
    assert f"there is no ledger at {elsewhere}" in ended.err
    assert "LEDGER_DATA_DIR" in ended.err
    assert not elsewhere.exists()


def test_times_that_cannot_be_answered_end_with_2(ledger):
    for arguments in (["--log-size", "99"], ["--log-size", "1", "--known-at", "2024-01-01T00:00:00Z"]):
        ended = ledger.do("report", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert "accepted" in ended.err


def test_a_report_for_what_was_known_before_never_changes(ledger):
    asked = ("report", "--as-of", "2024-12-31", "--log-size", "4")
    before = [ledger.done(*asked, "--format", form).out for form in ("text", "json", "csv")]
    ledger.done(*PROGRESS)
    assert [ledger.done(*asked, "--format", form).out for form in ("text", "json", "csv")] == before
    now = ledger.done("report", "--as-of", "2024-12-31", "--json").json
    assert now["digest"] != json.loads(before[1])["digest"]


def test_the_report_page_has_figures_lists_and_digest(ledger):
    report = ledger.done("report", "--as-of", "2025-01-10", "--compare-to", "2024-03-01", "--json").json
    page = ledger.done("report", "--as-of", "2025-01-10", "--compare-to", "2024-03-01").out
    for words in ("Overdue (1)", "Recurring (1)", "Changes after 2024-03-01", "not declared", report["digest"]):
        assert words in page


def test_the_report_page_says_on_what_evidence_something_was_achieved_and_by_whom(ledger):
    said = ("--statement", "The second quay opened.", "--evidence-title", "Minutes", "--evidence-grade", "A")
    ledger.done("record", "achieved", "HP-1", "--on", "2025-01-10", *said)
    page = ledger.done("report", "--as-of", "2025-01-31").out
    for words in ("Achieved (1)", "not reviewed", "Deliverables by status", "Partners with commitments (1 of 1)"):
        assert words in page
    assert "The second quay opened." not in page
    assert "The second quay opened." in ledger.done("report", "--as-of", "2025-01-31", "--appendix").out
    items = ledger.done("report", "--appendix", "--json").json["appendix"]
    assert [(each["reference"], len(each["items"])) for each in items] == [("HP-1", 3), ("HP-2", 1)]


def test_a_report_can_be_narrowed(ledger):
    def references(*options):
        return [each["reference"] for each in ledger.done("report", "--json", *options).json["commitments"]]

    assert references("--tier", "action") == ["HP-2"]
    assert references("--partner", "PORT") == ["HP-1"]
    assert references("--q", "QUAY") == ["HP-1"]
    assert references("--status", "announced", "--status", "started") == ["HP-1", "HP-2"]
    ended = ledger.do("report", "--status", "finished")
    assert ended.code == 2
    assert "achieved" in ended.err


def test_a_report_goes_to_stdout_or_into_a_file(ledger, tmp_path):
    file = tmp_path / "report.csv"
    told = ledger.run("report", "--format", "csv", "--as-of", "2025-01-10", "-o", str(file))
    assert (told.code, told.out) == (0, "")
    assert str(file) in told.err
    text = file.read_bytes().decode()
    assert [row[0] for row in csv.reader(io.StringIO(text, newline=""))] == ["reference", "HP-1", "HP-2"]
    assert "\r\n" in text
    page = tmp_path / "report.txt"
    ledger.done("report", "-o", str(page))
    assert "Status report" in page.read_text()
    assert ledger.do("report", "-o", str(tmp_path / "nowhere" / "report.txt")).code == 4


def test_replaying_finds_the_read_models_equal(ledger):
    checked = ledger.run("replay", "--check")
    assert checked.code == 0
    assert "equal" in checked.out
    assert "Replaying" in checked.err
    assert ledger.done("replay", "--until", "3", "--json").json == {
        "log_size": 3, "streams": 3, "differences": 0, "first": None, "replaced": False,
    }  # fmt: skip


def test_replaying_beyond_the_head_ends_with_2(ledger):
    assert ledger.do("replay", "--until", "99").code == 2


def test_a_read_model_that_is_not_what_the_entries_say_ends_with_3_and_is_replaced_by_a_replay(ledger):
    ledger.doctor("UPDATE course SET state = replace(state, 'started', 'reviewed')")
    checked = ledger.run("replay", "--check")
    assert (checked.code, checked.out) == (3, "")
    assert "first: course, HP-1" in checked.err
    assert "Nothing was changed" in checked.err
    assert "replaced" in ledger.do("replay").err
    assert ledger.done("replay", "--check")


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-1.7"), ("xlsx", b"PK")])
def test_a_report_is_written_as_a_file_for_people(ledger, tmp_path, form, begins):
    target = tmp_path / f"report.{form}"
    ran = ledger.run("report", "--as-of", "2024-06-30", "--format", form, "-o", str(target))
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert target.read_bytes().startswith(begins)
    assert "digest" in ran.err


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_a_terminal_is_spared_what_it_cannot_show(ledger, form):
    inner, outer = os.openpty()
    ran = subprocess.run(
        [PROGRAM, "report", "--format", form], env=ledger.environment, stdout=outer, stderr=subprocess.PIPE, check=False
    )
    os.close(outer)
    os.close(inner)
    assert ran.returncode == 2
    assert f"accepted: -o FILE.{form}" in ran.stderr.decode()
