from datetime import date

import pytest

from domain.comparison import KINDS, between_dates, between_moments
from domain.correction_register import correction_answer, corrections_of
from domain.filters import Filters, Row
from domain.replay import known
from domain.timeliness import standing
from tests.in_memory import EVIDENCE, InMemoryLedger


@pytest.fixture
def ledger():
    ledger = InMemoryLedger()
    ledger.publish()
    return ledger


def rows(ledger, day):
    found = ledger.commitments(date.fromisoformat(day), len(ledger.all))
    return [Row(each, standing(each.state, date.fromisoformat(day)), each.state.status) for each in found]


def compared(ledger, since, until):
    readings = {
        row.found.reference: known(ledger.entries(ledger.aggregate(row.found.reference).id, len(ledger.all))).in_order()
        for row in rows(ledger, until)
    }
    before = {row.found.reference: row for row in rows(ledger, since)}
    return between_dates(date.fromisoformat(since), date.fromisoformat(until), before, rows(ledger, until), readings)


def moments(ledger, size, as_of="2024-01-01", **asked):
    day = date.fromisoformat(as_of)
    before, after = ledger.commitments(day, size), ledger.commitments(day, len(ledger.all))
    return between_moments(before, after, Filters(**asked), day)


def register(ledger, reference, after=0):
    entries = ledger.entries(ledger.aggregate(reference).id, len(ledger.all))
    return [correction_answer(each, ledger.value_of) for each in corrections_of(reference, entries, after)]


def happened(answer):
    return {kind: [each["reference"] for each in listed] for kind, listed in answer["events"].items() if listed}


def test_what_took_effect_after_the_first_date_and_up_to_the_second_is_listed_by_kind(ledger):
    ledger.announce("A1", on="2022-03-21", due="2022-12-31")
    ledger.record("A1", "started", "2022-06-30")
    ledger.record("A1", "slipped", "2022-12-31")
    ledger.record("A1", "rebaselined", "2023-01-31", due="2023-12-31", authority="Council")
    ledger.announce("B1", on="2022-09-01")
    answer = compared(ledger, "2022-06-30", "2022-12-31")
    assert happened(answer) == {"announced": ["B1"], "slipped": ["A1"]}
    assert answer["events"]["slipped"] == [
        {"reference": "A1", "title": "Commitment A1", "effective_on": "2022-12-31", "version": 3}
    ]
    assert answer["counts"] == dict.fromkeys(KINDS, 0) | {"announced": 1, "slipped": 1, "moved": 1}


def test_a_start_that_an_achievement_implies_is_a_start_too(ledger):
    ledger.announce("A1")
    ledger.record("A1", "achieved", "2023-01-01")
    ledger.announce("B1")
    ledger.record("B1", "started", "2023-01-02")
    started = compared(ledger, "2022-12-31", "2023-12-31")["events"]["started"]
    assert [(each["reference"], each["implied"]) for each in started] == [("A1", True), ("B1", False)]


def test_what_stands_otherwise_has_moved_even_if_nothing_happened(ledger):
    ledger.announce("A1", due="2022-12-31")
    ledger.announce("B1")
    answer = compared(ledger, "2022-12-31", "2023-01-01")
    assert happened(answer) == {}
    assert answer["moved"] == [
        {
            "reference": "A1",
            "title": "Commitment A1",
            "before": {"status": "announced", "timeliness": "due_soon"},
            "after": {"status": "announced", "timeliness": "overdue"},
        }
    ]


def test_what_was_announced_in_between_is_new_and_has_not_moved(ledger):
    ledger.announce("A1", on="2023-01-01")
    answer = compared(ledger, "2022-12-31", "2023-12-31")
    assert happened(answer) == {"announced": ["A1"]}
    assert answer["moved"] == []


def test_a_corrected_date_moves_an_event_to_where_it_belongs(ledger):
    ledger.announce("A1")
    ledger.record("A1", "started", "2023-06-01")
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2022-06-01"})
    assert happened(compared(ledger, "2022-12-31", "2023-12-31")) == {}
    assert happened(compared(ledger, "2022-04-01", "2022-12-31")) == {"started": ["A1"]}


def test_a_late_entry_changes_the_past_and_only_what_differs_is_shown(ledger):
    ledger.announce("A1", due="2022-12-31")
    ledger.announce("B1")
    size = len(ledger.all)
    ledger.record("A1", "achieved", "2022-11-01")
    (changed,) = moments(ledger, size)
    assert (changed["reference"], changed["title"]) == ("A1", "Commitment A1")
    assert changed["before"]["status"] == "announced"
    assert changed["after"]["status"] == "achieved"
    assert (changed["before"]["timeliness"], changed["after"]["timeliness"]) == ("overdue", "met")
    assert "title" not in changed["before"]
    assert changed["before"].keys() == changed["after"].keys()


def test_what_was_not_known_before_has_no_before(ledger):
    size = len(ledger.all)
    ledger.announce("A1")
    (changed,) = moments(ledger, size)
    assert changed["before"] is None
    assert changed["after"]["status"] == "announced"


def test_what_was_announced_later_than_recorded_at_first_has_no_after(ledger):
    ledger.announce("A1", on="2023-06-01")
    size = len(ledger.all)
    ledger.record("A1", "rectified", entry=1, changes={"occurred_on": "2024-06-01"})
    (changed,) = moments(ledger, size)
    assert changed["before"]["status"] == "announced"
    assert changed["after"] is None


def test_other_words_are_no_other_facts(ledger):
    ledger.announce("A1", due="2022-12-31")
    ledger.record("A1", "rebaselined", "2022-06-01", due="2023-12-31", authority="Council")
    size = len(ledger.all)
    ledger.record("A1", "rectified", entry=2, changes={"authority": "European Council"})
    assert moments(ledger, size) == []


def test_a_filter_finds_what_it_matched_before_or_matches_after(ledger):
    ledger.announce("A1", partners=["NATO"])
    size = len(ledger.all)
    ledger.record("A1", "rectified", entry=1, changes={"commitment": {"partners": ["UN"]}})
    assert len(moments(ledger, size, partner=("NATO",))) == 1
    assert len(moments(ledger, size, partner=("UN",))) == 1
    assert moments(ledger, size, partner=("EDA",)) == []


def test_the_register_shows_the_changed_members_as_they_read_before_and_after(ledger):
    ledger.announce("A1")
    ledger.record("A1", "started", "2023-06-01")
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2023-05", "statement": "It began in May."})
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2023-04"})
    first, second = register(ledger, "A1")
    assert first == {
        "position": 4,
        "version": 3,
        "reference": "A1",
        "kind": "rectified",
        "recorded_at": "2026-01-01T00:03:00.000000Z",
        "recorded_by": "clerk",
        "role": "recorder",
        "reason": "The source says otherwise.",
        "counts": True,
        "entries": [
            {
                "entry": 2,
                "kind": "started",
                "before": {"occurred_on": "2023-06-01", "effective_on": "2023-06-01", "statement": "It was started."},
                "after": {"occurred_on": "2023-05", "effective_on": "2023-05-31", "statement": "It began in May."},
            }
        ],
    }
    assert second["entries"][0]["before"] == {"occurred_on": "2023-05", "effective_on": "2023-05-31"}
    assert second["entries"][0]["after"] == {"occurred_on": "2023-04", "effective_on": "2023-04-30"}
    assert [each["version"] for each in register(ledger, "A1", after=4)] == [4]


def test_the_register_shows_of_a_commitment_only_what_was_changed(ledger):
    ledger.announce("A1", due="2022-12-31")
    changes = {"commitment": {"title": "Better", "timeframe": {"due": "2023-12-31"}}}
    ledger.record("A1", "rectified", entry=1, changes=changes)
    (pair,) = register(ledger, "A1")[0]["entries"]
    assert pair["before"] == {"commitment": {"title": "Commitment A1", "timeframe": {"due": "2022-12-31"}}}
    assert pair["after"] == changes


def test_a_retracted_entry_has_no_after_and_a_retracted_correction_does_not_count(ledger):
    ledger.announce("A1")
    ledger.record("A1", "started", "2023-06-01")
    ledger.record("A1", "retracted", entry=2)
    ledger.record("A1", "retracted", entry=3)
    undone, undoing = register(ledger, "A1")
    assert undone["counts"] is False
    assert undone["entries"][0]["after"] is None
    assert undone["entries"][0]["before"]["statement"] == "It was started."
    assert undoing["counts"] is True
    assert undoing["entries"][0]["kind"] == "retracted"
    assert undoing["entries"][0]["before"]["reason"] == "The source says otherwise."


def test_a_correction_of_several_entries_shows_each(ledger):
    ledger.announce("A1")
    ledger.record("A1", "started", "2023-06-01")
    both = [{"entry": 1, "changes": {"note": "Seen"}}, {"entry": 2, "changes": {"confidence": "low"}}]
    ledger.record("A1", "rectified", corrections=both)
    ledger.record("A1", "retracted", entry=3)
    entries = register(ledger, "A1")[0]["entries"]
    assert [(each["entry"], each["after"]) for each in entries] == [(1, {"note": "Seen"}), (2, {"confidence": "low"})]
    assert register(ledger, "A1")[1]["entries"][0]["before"]["corrections"] == both


def test_erased_texts_of_corrected_entries_are_shown_as_erased_and_their_facts_stay(ledger):
    ledger.announce("A1")
    position = ledger.record("A1", "achieved", "2023-06-01", evidence=EVIDENCE)
    changed = ledger.record(
        "A1", "rectified", entry=2, changes={"statement": "Signed.", "evidence": [{"title": "Text", "grade": "A"}]}
    )
    ledger.erase(position, "statement")
    ledger.erase(position, "evidence")
    ledger.erase(changed, "changes")
    (pair,) = register(ledger, "A1")[0]["entries"]
    assert pair["before"]["statement"] == pair["after"]["statement"] == "[erased]"
    assert [item["grade"] for item in pair["before"]["evidence"]] == ["B"]
    assert [(item["grade"], item["title"]) for item in pair["after"]["evidence"]] == [("A", None)]
