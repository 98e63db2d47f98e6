import json

import pytest

from tests.stores import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


def test_recording_tells_position_day_and_status(ledger):
    told = ledger.run("record", "progressed", "HP-1", "--on", "2024-06", "--statement", "Half of it stands.")
    assert told.code == 0
    assert told.err == ""
    assert "entry 3, at position 5" in told.out
    assert "2024-06-30" in told.out
    assert "started" in told.out


def test_the_answer_comes_as_json_too(ledger):
    answer = ledger.done("record", "progressed", "HP-1", "--on", "2024", "--statement", "Half of it.", "--json").json
    assert (answer["reference"], answer["version"], answer["recorded_by"]) == ("HP-1", 3, "local")


def test_a_refusal_names_the_rule_and_what_would_be_accepted_and_records_nothing(ledger):
    ended = ledger.run("record", "resumed", "HP-1", "--on", "2024-06", "--statement", "On again.")
    assert (ended.code, ended.out) == (1, "")
    assert "the rule suspended" in ended.err
    assert "accepted: resumed only after suspended" in ended.err
    assert ledger.size == 4


def test_every_wrong_field_is_named(ledger):
    ended = ledger.do("record", "reviewed", "HP-1", "--on", "someday", "--statement", "x", "--field", "rating=fine")
    assert ended.code == 1
    assert all(pointer in ended.err for pointer in ("/occurred_on", "/rating", "/independence"))


def test_an_unknown_commitment_ends_with_1(ledger):
    ended = ledger.do("record", "started", "HP-9", "--on", "2024", "--statement", "x")
    assert (ended.code, ended.out) == (1, "")
    assert "HP-9" in ended.err


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do(ledger):
    ended = ledger.do("record", "finished", "HP-1", "--on", "2024", "--statement", "x")
    assert ended.code == 1
    assert "achieved" in ended.err


def test_fields_get_the_type_that_their_kind_wants(ledger):
    def record(*arguments):
        ledger.done("record", *arguments, "--statement", "x")
        return ledger.done("history", arguments[1], "--json").json["items"][-1]

    assert record("occurrence_held", "HP-2", "--on", "2024-06-30", "--field", "ordinal=1")["ordinal"] == 1
    assert record("progressed", "HP-1", "--on", "2024-06", "--field", "quantity=12.50")["quantity"] == "12.50"
    assert record("progressed", "HP-1", "--on", "2024-06", "--field", "partners=PORT")["partners"] == ["PORT"]
    assert record("slipped", "HP-1", "--on", "2024-12", "--field", "forecast=2025-06-30")["forecast"] == "2025-06-30"
    assert record("abandoned", "HP-1", "--on", "2025", "--field", "formal=false")["formal"] is False


def test_evidence_comes_from_its_own_options_and_as_json(ledger):
    item = json.dumps({"title": "Minutes", "grade": "A"})
    ledger.done(
        "record", "achieved", "HP-1", "--on", "2024-12-01", "--statement", "Opened.",
        "--evidence-title", "Opening", "--evidence-url", "https://example.org/opening", "--evidence-grade", "B",
        "--evidence", item,
    )  # fmt: skip
    evidence = ledger.done("history", "HP-1", "--json").json["items"][-1]["evidence"]
    assert [(each["title"], each["grade"]) for each in evidence] == [("Opening", "B"), ("Minutes", "A")]


def test_a_body_may_come_from_stdin_and_options_come_on_top(ledger):
    body = json.dumps({"occurred_on": "2024-06", "statement": "From the file.", "note": "Kept."})
    assert ledger.do("record", "progressed", "HP-1", "--body", "-", "--statement", "On top.", text=body).code == 0
    item = ledger.done("history", "HP-1", "--json").json["items"][-1]
    assert (item["statement"], item["note"], item["occurred_on"]) == ("On top.", "Kept.", "2024-06")


@pytest.mark.parametrize("body", ["no json", "[1]", '{"a": 1, "a": 2}'])
def test_a_body_that_is_no_object_ends_with_2(ledger, body):
    assert ledger.do("record", "progressed", "HP-1", "--body", "-", text=body).code == 2


def test_a_review_is_recorded_as_a_reviewer_and_everything_else_as_a_recorder(ledger):
    review = ["--field", "rating=limited", "--field", "independence=peer"]
    ledger.done("record", "reviewed", "HP-1", "--on", "2024-08", "--statement", "Seen.", *review)
    ledger.done("record", "progressed", "HP-1", "--on", "2024-09", "--statement", "More.")
    roles = [item["role"] for item in ledger.done("history", "HP-1", "--json").json["items"]]
    assert roles[-2:] == ["reviewer", "recorder"]


def test_a_role_without_the_right_is_refused(ledger):
    ended = ledger.do("record", "progressed", "HP-1", "--on", "2024-09", "--statement", "x", "--role", "auditor")
    assert ended.code == 1
    assert "the role auditor may not" in ended.err


def test_nobody_corrects_an_entry_of_their_own(ledger):
    ledger.done("record", "progressed", "HP-1", "--on", "2024-09", "--statement", "x")
    correction = ("record", "retracted", "HP-1", "--field", "entry=3", "--field", "reason=Recorded by mistake")
    own = ledger.do(*correction)
    assert own.code == 1
    assert "four-eyes" in own.err
    ledger.done(*correction, "--actor", "somebody-else")
    assert ledger.done("history", "HP-1", "--json").json["items"][2]["retracted"]


def test_a_commitment_can_be_announced_and_a_programme_published_and_amended(empty):
    empty.done("record", "programme_published", "roads", "--field", "title=Roads", "--field", "adopted_on=2024-01-01")
    empty.done(
        "record", "announced", "R-1", "--on", "2024-01-01", "--field", "programme=roads", "--field", "title=Pave it",
        "--field", "kind=one_off", "--field", "tier=action", "--field", "timeframe.wording=soon",
    )  # fmt: skip
    empty.done(
        "record", "programme_amended", "roads", "--on", "2024-02", "--statement", "x", "--field", "changes.title=Ways"
    )
    assert empty.done("show", "R-1", "--json").json["timeframe"]["wording"] == "soon"
    assert empty.done("record", "programme_closed", "roads", "--on", "2025", "--statement", "x")
    assert empty.size == 4
