import json

import pytest

from tests.stores import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


CORRECTION = (
    "record", "rectified", "HP-1", "--field", "entry=2", "--field", 'changes={"occurred_on": "2024-08"}',
    "--field", "reason=The minutes say August.", "--actor", "somebody-else",
)  # fmt: skip
ASKED = ("--as-of", "2024-06-30", "--tier", "deliverable")


def issued(ledger, *options):
    return ledger.done("report", "issue", *(options or ASKED), "--json").json["id"]


def test_issuing_prints_number_and_digest(ledger):
    told = ledger.run("report", "issue", *ASKED)
    asked = ledger.done("report", *ASKED, "--log-size", "4", "--json").json
    assert told.code == 0
    assert "Report 5 is issued: as of 2024-06-30, knowing 4 entries." in told.out
    assert asked["digest"] in told.out
    shown = ledger.done("report", "list", "--json").json
    assert [(each["id"], each["digest"], each["recorded_by"]) for each in shown] == [(5, asked["digest"], "local")]
    assert shown[0]["filters"]["tier"] == ["deliverable"]


@pytest.mark.parametrize("form", ["text", "json", "csv", "html"])
def test_an_issued_report_is_given_again_in_any_form_whatever_was_recorded_since(ledger, tmp_path, form):
    asked = ledger.done("report", *ASKED, "--log-size", "4", "--format", form).out
    number = str(issued(ledger))
    ledger.done(*CORRECTION)
    assert ledger.done("report", "show", number, "--format", form).out == asked
    file = tmp_path / "report"
    ledger.done("report", "show", number, "--format", form, "-o", str(file))
    assert len(file.read_bytes()) >= len(asked.encode()) - 1


def test_a_check_says_where_a_report_would_read_differently_and_what_made_it_so(ledger):
    number = str(issued(ledger))
    assert "reads as issued" in ledger.done("report", "check", number).out
    ledger.done(*CORRECTION)
    page = ledger.run("report", "check", number)
    assert page.code == 0
    for words in ("would read differently", "HP-1/status", "headline/by_status/started", "The minutes say August."):
        assert words in page.out
    found = ledger.done("report", "check", number, "--json").json
    assert (found["reproducible"], found["reads_differently"]) == (True, True)
    assert [each["kind"] for each in found["corrections"]] == ["rectified"]
    then = ledger.done("report", "check", number, "--log-size", "5", "--json").json
    assert then["reads_differently"] is False


def test_without_a_number_every_issued_report_is_checked(ledger):
    assert "No report was issued" in ledger.done("report", "check").out
    assert "No report was issued" in ledger.done("report", "list").out
    early, late = issued(ledger, "--as-of", "2024-03-01"), issued(ledger)
    ledger.done(*CORRECTION)
    checks = ledger.run("report", "check")
    assert checks.code == 0
    assert "Checking" in checks.err
    lines = {int(line.split()[0]): line for line in checks.out.splitlines() if line[:4].strip().isdigit()}
    assert "reads as issued" in lines[early]
    assert "would read differently" in lines[late]
    assert "HP-1" in lines[late]
    found = ledger.done("report", "check", "--json").json
    assert [(each["id"], each["reads_differently"]) for each in found] == [(late, True), (early, False)]


def test_a_report_that_cannot_be_made_again_ends_with_3_and_says_what_it_was(ledger):
    number = str(issued(ledger))
    ledger.doctor("UPDATE course SET state = replace(state, 'started', 'reviewed')")
    for arguments in (["check", number], ["check"]):
        ended = ledger.do("report", *arguments)
        assert ended.code == 3
        assert "1 report cannot be made again as issued" in ended.err
        assert "by_partner/harbour-plan:PORT/by_status/reviewed: kept 0, now 1" in ended.err
    assert json.loads(ledger.do("report", "check", number, "--json").out)["fault"]["now"] == 1
    shown = ledger.do("report", "show", number)
    assert (shown.code, shown.out) == (3, "")
    assert "made again, it does not say the same" in shown.err
    ledger.do("replay")
    assert ledger.done("report", "show", number)


def test_what_cannot_be_asked_for_is_told_in_the_words_of_the_command(ledger):
    for arguments, said in (
        (["issue", "--status", "finished"], "--status"),
        (["issue", "--programme", "A B"], "--programme"),
        (["issue", "--log-size", "99"], "--log-size"),
        (["--as-of", "2024-06-30", "issue"], "ledger report issue --as-of"),
        (["show", "4", "--json", "--format", "csv"], "contradict"),
        (["check", "0"], "ID"),
    ):
        ended = ledger.do("report", *arguments)
        assert (ended.code, ended.out) == (2, ""), arguments
        assert said in ended.err
    for arguments in (["show", "4"], ["check", "4"]):
        ended = ledger.do("report", *arguments)
        assert ended.code == 1
        assert "there is no issued report 4" in ended.err
    refused = ledger.do("report", "issue", "--role", "auditor")
    assert refused.code == 1
    assert "recorder" in refused.err
    assert ledger.size == 4


def test_a_report_that_counts_what_is_internal_is_issued_and_found_here(ledger):
    number = issued(ledger, "--visibility", "all")
    assert ledger.done("report", "show", str(number), "--json").json["filters"]["visibility"] == "all"
    assert ledger.done("replay", "--check")
