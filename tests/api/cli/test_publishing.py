"""Publishing from the command line what was internal."""

import json

import pytest

SECRET = {"title": "Secret", "kind": "one_off", "tier": "action", "timeframe": {"wording": "soon"}}
PLAN = {"title": "The quay plan", "adopted_on": "2024-01-15", "visibility": "internal", "reference_prefix": "Q-"}
WHY = ("--reason", "The council has adopted it.")


@pytest.fixture
def hidden(ledger):
    """A ledger in which Q-1 belongs to an internal plan, and Q-2, too, which is internal itself."""
    recorded(ledger, "programme_published", "quay-plan", PLAN | {"code": "quay-plan"})
    recorded(ledger, "announced", "Q-1", SECRET | {"programme": "quay-plan"})
    recorded(ledger, "announced", "Q-2", SECRET | {"programme": "quay-plan", "visibility": "internal"})
    return ledger


def recorded(ledger, kind, name, body):
    on = () if kind == "programme_published" else ("--on", "2024-02-01")
    ran = ledger.do("record", kind, name, *on, "--body", "-", "--actor", "clerk", text=json.dumps(body))
    assert ran.code == 0, ran.err


def reported(ledger, *options):
    return [row["reference"] for row in ledger.done("report", "--json", *options).json["commitments"]]


def test_a_programme_is_published_with_what_is_internal_only_because_of_it(hidden):
    before = reported(hidden)
    told = hidden.done("publish", "programme", "quay-plan", *WHY)
    assert told.out == "Published quay-plan: from entry 8 on everybody sees it, 2 entries so far.\n"
    assert reported(hidden) == sorted([*before, "Q-1"])
    assert reported(hidden, "--log-size", "7") == before
    answer = hidden.done("publish", "commitment", "Q-2", *WHY, "--json").json
    assert (answer["kind"], answer["published_commitment"], answer["opened_entries"]) == (
        "visibility_changed",
        "Q-2",
        1,
    )
    assert reported(hidden) == sorted([*before, "Q-1", "Q-2"])
    assert hidden.done("replay", "--check").code == 0
    assert hidden.done("verify", "--json").json["checked"]["publications"] == 2


def test_a_refusal_says_what_would_be_right(hidden):
    ran = hidden.do("publish", "commitment", "Q-1", *WHY)
    assert ran.code == 1
    assert "the publication of quay-plan" in ran.err
    ran = hidden.do("publish", "programme", "quay-plan", *WHY, "--actor", "clerk")
    assert ran.code == 1
    assert "four-eyes" in ran.err
    assert hidden.do("publish", "programme", "nothing", *WHY).code == 1
    hidden.done("publish", "programme", "quay-plan", *WHY)
    ran = hidden.do("publish", "programme", "quay-plan", *WHY)
    assert ran.code == 1
    assert "public already" in ran.err
    assert hidden.do("publish", "programme", "quay-plan").code == 2, "a reason is needed"


def test_without_four_eyes_one_person_does_it_alone(hidden):
    options = ("--actor", "clerk", "--json")
    position = hidden.done("publish", "programme", "quay-plan", *WHY, *options, LEDGER_FOUR_EYES="false").json[
        "position"
    ]
    (stretch,) = hidden.done("report", "--json").json["four_eyes_off"]
    assert stretch["from"] == position - 1, "the entry before says that four-eyes is off"
