"""Erasing from the command line, and the register of fields that may hold personal data."""

import pytest

from tests.stores import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


BASIS = ("--legal-basis", "Article 19(1)(d)")


def started(ledger):
    """Give the position of the entry that says when the quay was begun."""
    (item,) = [each for each in ledger.done("history", "HP-1", "--json").json["items"] if each["kind"] == "started"]
    return str(item["position"])


def test_a_text_is_erased_and_the_answer_names_the_entry_that_says_so(ledger):
    position = started(ledger)
    told = ledger.done("erase", position, "--member", "statement", *BASIS)
    assert told.out == f"Erased statement of entry {position}; entry 5 says so.\n"
    assert "Backups" in told.err
    shown = ledger.done("history", "HP-1").out
    assert "Work on the quay" not in shown
    assert "[erased]" in shown
    assert "Works begin" in shown


def test_all_texts_are_erased_at_once(ledger):
    position = started(ledger)
    answer = ledger.done("erase", position, "--all", *BASIS, "--json").json
    assert (answer["members"], answer["kind"]) == (["evidence", "statement"], "erased")
    assert "Works begin" not in ledger.done("history", "HP-1").out
    again = ledger.do("erase", position, "--all", *BASIS)
    assert again.code == 1
    assert "holds no text" in again.err


def test_erased_texts_of_every_member_show_as_erased(ledger):
    ledger.done("record", "slipped", "HP-1", "--on", "2024-06", "--statement", "Late.", "--field", "cause=Illness")
    ledger.done("erase", "5", "--member", "cause", *BASIS)
    assert "cause: [erased]" in ledger.done("history", "HP-1").out


def test_it_must_be_said_which_texts_are_meant_and_why(ledger):
    position = started(ledger)
    for options in ((), ("--member", "statement", "--all")):
        ended = ledger.do("erase", position, *options, *BASIS)
        assert ended.code == 2
        assert "--member NAME, or --all" in ended.err
    assert ledger.do("erase", position, "--all").code == 2


def test_what_is_not_there_is_refused(ledger):
    assert ledger.do("erase", "99", "--all", *BASIS).code == 1
    ended = ledger.do("erase", started(ledger), "--member", "cause", *BASIS)
    assert ended.code == 1
    assert "evidence | statement" in ended.err


def test_the_read_models_still_equal_the_entries_after_an_erasure(ledger):
    ledger.done("erase", started(ledger), "--all", *BASIS)
    assert "equal" in ledger.done("replay", "--check").out


def test_the_privacy_register_lists_fields_with_how_they_go(nothing):
    told = nothing.done("privacy", "register", "--json").json
    fields = {each["field"]: each for each in told["fields"]}
    assert fields["statement"]["erased_with"] == "statement"
    assert fields["evidence[].url"]["erased_with"] == "evidence"
    assert fields["changes.statement"]["erased_with"] == "changes"
    assert fields["commitment.title"] == {
        "field": "commitment.title", "kept": "fact", "erased_with": None, "kinds": ["announced"],
    }  # fmt: skip
    assert fields["recorded_by"]["kept"] == "pseudonym"
    assert set(told["kept"]) == {each["kept"] for each in told["fields"]}
    shown = nothing.done("privacy", "register").out
    assert "must name no private person" in shown
