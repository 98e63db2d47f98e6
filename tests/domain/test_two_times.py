"""When an entry counts from, and what was known when: section 3.4 of the design."""

from datetime import date

import pytest

from domain.errors import Invalid, Refused
from domain.replay import known, state_at
from tests.scenario import DECLARATION, announced


def counts_from(story, version):
    reading = known(story.commitment.history.entries).readings[version]
    return reading.effective_on.isoformat()


# The day an entry counts from.


@pytest.mark.parametrize(
    ("occurred_on", "effective_on"),
    [
        ("2023-03-21", "2023-03-21"),
        ("2023-03", "2023-03-31"),
        ("2023-02", "2023-02-28"),
        ("2024-02", "2024-02-29"),
        ("2023", "2023-12-31"),
    ],
)
def test_an_entry_counts_from_the_last_day_of_the_period_it_states(occurred_on, effective_on):
    story = announced(recorded_on="2026-01-01").happened("started", occurred_on)
    assert counts_from(story, 2) == effective_on
    entry = story.commitment.history.entries[1]
    assert (entry.facts["occurred_on"], entry.facts["effective_on"]) == (occurred_on, effective_on)


@pytest.mark.parametrize("occurred_on", ["2022", "2022-07", "2022-07-01"])
def test_an_entry_never_counts_from_after_the_day_of_its_recording(occurred_on):
    story = announced(recorded_on="2022-07-01").happened("started", occurred_on)
    assert counts_from(story, 2) == "2022-07-01"
    assert story.there("2022-06-30").status == "announced"
    assert story.there("2022-07-01").status == "started"


def test_what_was_recorded_is_stored_so_that_no_later_day_of_recording_moves_it():
    story = announced(recorded_on="2022-07-01").happened("started", "2022")
    story.on("2024-01-01").happened("progressed", "2023")
    assert (counts_from(story, 2), counts_from(story, 3)) == ("2022-07-01", "2023-12-31")


@pytest.mark.parametrize("occurred_on", ["2022-07-02", "2022-08", "2023"])
def test_what_lies_in_the_future_is_a_plan_and_no_entry(occurred_on):
    story = announced(recorded_on="2022-07-01")
    refused = story.refusal("started", occurred_on)
    assert (refused.rule, refused.version) == ("not-in-the-future", 2)
    assert "a date up to 2022-07-01" in refused.accepted
    assert "targets" in refused.accepted


def test_an_announcement_in_the_future_is_refused():
    with pytest.raises(Refused) as refused:
        announced("2022-07-02", recorded_on="2022-07-01")
    assert (refused.value.rule, refused.value.version) == ("not-in-the-future", 1)


@pytest.mark.parametrize("occurred_on", ["2022-03-20", "2022-02", "2021"])
def test_nothing_takes_effect_before_the_announcement(occurred_on):
    story = announced("2022-03-21")
    refused = story.refusal("started", occurred_on)
    assert (refused.rule, refused.version) == ("not-before-announcement", 2)
    assert refused.accepted == "a date on or after 2022-03-21"


def test_a_period_that_begins_before_the_announcement_and_ends_after_it_is_accepted():
    assert counts_from(announced("2022-03-21").happened("started", "2022"), 2) == "2022-12-31"


def test_the_announcement_cannot_be_moved_behind_what_followed_it():
    story = announced("2022-03-21").happened("started", "2022-06-01").happened("reviewed", "2022-05-01")
    refused = story.refusal("rectified", entry=1, changes={"occurred_on": "2022-05-15"})
    assert (refused.rule, refused.version) == ("not-before-announcement", 3)
    assert refused.accepted == "a date on or after 2022-05-15"
    assert str(story.rectified(1, occurred_on="2022-05-01").state.announced_on) == "2022-05-01"


def test_an_entry_cannot_be_moved_before_the_announcement():
    story = announced("2022-03-21").happened("started", "2022-06-01")
    refused = story.refusal("rectified", entry=2, changes={"occurred_on": "2022-03-20"})
    assert (refused.rule, refused.version) == ("not-before-announcement", 2)


def test_a_commitment_does_not_exist_before_its_announcement_nor_before_it_was_recorded():
    story = announced("2022-03-21")
    assert story.at("2022-03-20") is None
    assert story.there("2022-03-21").status == "announced"
    entries = story.commitment.history.entries
    assert state_at(entries, date(2022, 3, 21), story.log_size() - 1) is None
    assert state_at(entries, date(2022, 3, 21), 0) is None
    assert state_at(entries, date(2022, 3, 21), story.log_size()) is not None


def test_a_correction_may_be_dated_before_the_announcement_and_after_the_day_that_is_asked_for():
    story = announced("2022-03-21").happened("started", "2022-06-01")
    story.happened("rectified", "2021-01-01", entry=2, changes={"occurred_on": "2022-05-01"})
    assert story.there("2022-05-01").status == "started"
    story.happened("rectified", "2029-01-01", entry=2, changes={"occurred_on": "2022-04-01"})
    assert story.there("2022-04-01").status == "started"


def test_a_correction_without_a_date_is_dated_on_the_day_of_recording():
    story = announced().happened("started", "2022-06-01").on("2031-05-05").rectified(2, note="n").retracted(2)
    assert [entry.facts["occurred_on"] for entry in story.commitment.history.entries[2:]] == ["2031-05-05"] * 2
    refused = story.refusal("rectified", "2031-05-06", entry=1, changes={"note": "n"})
    assert (refused.rule, refused.version) == ("not-in-the-future", 5)


# Two answers to one question: the story of the partnership document SC-P4-D03.


@pytest.fixture
def roadmap():
    """Promised for 2022, declared late on its last day, achieved a year after the announcement."""
    story = announced("2022-03-21", due="2022-12-31", recorded_on="2022-03-22")
    story.on("2023-01-02").happened("slipped", "2022-12-31")
    return story.on("2023-03-22").happened("achieved", "2023-03-21")


def test_the_slip_of_the_last_day_is_a_slip_as_of_that_day(roadmap):
    assert roadmap.there("2022-12-30").status == "announced"
    assert roadmap.there("2022-12-31").status == "slipped"
    assert roadmap.standing("2022-12-31").timeliness == "due_soon"
    assert roadmap.standing("2023-01-31").timeliness == "overdue"
    assert not roadmap.standing("2023-01-31").undeclared_slip


def test_the_late_achievement_is_80_days_late_for_ever(roadmap):
    state, stands = roadmap.there("2023-06-30"), roadmap.standing("2023-06-30")
    assert (state.status, state.implied_start, state.slip_count) == ("achieved", True, 1)
    assert (stands.timeliness, stands.days_late_current, stands.days_late_original) == ("met_late", 80, 80)
    assert stands.days_overdue is None


def test_the_same_days_had_other_answers_before_the_slip_was_known(roadmap):
    assert roadmap.there("2022-12-31", version=1).status == "announced"
    before = roadmap.standing("2023-06-30", version=1)
    assert (before.timeliness, before.days_overdue, before.undeclared_slip) == ("overdue", 181, True)
    declared = roadmap.standing("2023-06-30", version=2)
    assert (declared.timeliness, declared.days_overdue, declared.undeclared_slip) == ("overdue", 181, False)
    assert roadmap.there("2023-06-30", version=2).status == "slipped"


def test_last_years_answer_stays_when_a_correction_changes_todays(roadmap):
    roadmap.on("2024-05-01").retracted(2).rectified(3, occurred_on="2022-12-15")
    now, then = roadmap.standing("2023-06-30"), roadmap.standing("2023-06-30", version=3)
    assert (now.timeliness, now.days_late_current) == ("met", 0)
    assert (then.timeliness, then.days_late_current) == ("met_late", 80)
    assert (roadmap.state.slip_count, roadmap.there("2023-06-30", version=4).slip_count) == (0, 0)


def test_that_correction_is_refused_while_the_slip_still_stands_after_the_achievement(roadmap):
    refused = roadmap.refusal("rectified", entry=3, changes={"occurred_on": "2022-12-15"})
    assert (refused.rule, refused.version) == ("open", 2)


# Rectifying and retracting.


def test_a_rectification_changes_how_an_entry_reads_and_only_since_it_is_known():
    story = announced(due="2022-12-31").happened("reviewed", "2022-06-01", rating="full")
    story.rectified(2, rating="not_met", reviewer="Court of Auditors")
    assert story.there("2022-06-01").assessment.rating == "not_met"
    assert story.there("2022-06-01", version=2).assessment.rating == "full"
    assert story.text_at(story.there("2022-06-01").assessment.reviewer) == "Court of Auditors"
    reading = known(story.commitment.history.entries).readings[2]
    assert reading.corrected_by == (3,)
    assert story.commitment.history.entries[1].facts["rating"] == "full"


def test_per_field_the_latest_rectification_wins():
    story = announced().happened("reviewed", "2022-06-01", rating="full", independence="self")
    story.rectified(2, rating="limited", independence="peer").rectified(2, rating="not_met")
    said = story.state.assessment
    assert (said.rating, said.independence) == ("not_met", "peer")
    said = story.retracted(4).state.assessment
    assert (said.rating, said.independence) == ("limited", "peer")
    said = story.retracted(3).state.assessment
    assert (said.rating, said.independence) == ("full", "self")


def test_an_older_rectification_that_is_retracted_leaves_the_later_one():
    story = announced().happened("reviewed", rating="full", independence="self")
    story.rectified(2, rating="limited", independence="peer").rectified(2, rating="not_met").retracted(3)
    assert (story.state.assessment.rating, story.state.assessment.independence) == ("not_met", "self")


def test_rectified_evidence_replaces_the_old_whole_with_its_texts():
    story = announced().happened("achieved", evidence=[DECLARATION, DECLARATION | {"url": "https://example.org"}])
    story.rectified(2, evidence=[{"title": "Press release", "grade": "D"}])
    reading = known(story.commitment.history.entries).readings[2]
    assert reading.facts["evidence"] == [{"grade": "D"}]
    assert story.found_at(reading.texts["evidence"]) == [{"title": "Press release"}]
    story.happened(
        "rectified",
        corrections=[
            {"entry": 1, "changes": {"note": "Said in passing"}},
            {"entry": 2, "changes": {"evidence": [DECLARATION], "statement": "It was done."}},
        ],
    )
    read = known(story.commitment.history.entries).readings
    assert story.found_at(read[2].texts["evidence"]) == [{"title": "Joint declaration"}]
    assert story.text_at(read[2].texts["statement"]) == "It was done."
    assert story.text_at(read[1].texts["note"]) == "Said in passing"
    assert story.text_at(reading.texts["statement"]) == "It was achieved."


def test_null_removes_an_optional_member_and_no_required_one():
    story = announced(due="2022-12-31").happened("slipped", forecast="2023-06-30", cause="Elections")
    assert story.rectified(2, forecast=None, cause=None).state.forecast is None
    assert "cause" not in known(story.commitment.history.entries).readings[2].texts
    for name in ("statement", "occurred_on"):
        (fault,) = story.faults("rectified", entry=2, changes={name: None})
        assert (fault.pointer, fault.accepted) == (f"/changes/{name}", "a new value")


def test_the_announcement_is_rectified_member_by_member():
    story = announced(start_by="2022-06-30", due="2022-12-31", summary="Long", partners=["NATO"])
    story.rectified(1, commitment={"timeframe": {"due": "2023-12-31"}, "summary": None, "partners": ["UN", "EU"]})
    details = story.state.details
    assert details["timeframe"] == {"wording": "In due time", "start_by": "2022-06-30", "due": "2023-12-31"}
    assert details["partners"] == ["UN", "EU"]
    assert "summary" not in details
    assert str(story.state.target.due) == "2023-12-31"
    assert str(story.there("2022-12-31", version=1).target.due) == "2022-12-31"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({}, "/changes"),
        ({"kind": "started"}, "/changes/kind"),
        ({"effective_on": "2022-03-01"}, "/changes/effective_on"),
        ({"commitment": {"reference": "SC-9"}}, "/changes/commitment/reference"),
        ({"commitment": {"programme": "other"}}, "/changes/commitment/programme"),
        ({"commitment": {"title": None}}, "/changes/commitment/title"),
        ({"commitment": {"timeframe": {"wording": None}}}, "/changes/commitment/timeframe/wording"),
        ({"commitment": {"timeframe": {"start_by": "2023-01-01"}}}, "/changes/commitment/timeframe/start_by"),
        ({"commitment": {"timeframe": {"recurrence": "P1Y"}}}, "/changes/commitment/timeframe/anchor"),
        (
            {"commitment": {"timeframe": {"recurrence": "P1Y", "anchor": "2023-01-01"}}},
            "/changes/commitment/timeframe/recurrence",
        ),
        (
            {"commitment": {"relations": [{"type": "overlaps", "reference": "SC-1"}]}},
            "/changes/commitment/relations/0/reference",
        ),
    ],
)
def test_what_an_announcement_would_then_say_must_be_an_announcement(changes, pointer):
    story = announced(due="2022-12-31")
    (fault,) = story.faults("rectified", entry=1, changes=changes)
    assert fault.pointer == pointer


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("achieved", {"evidence": []}),
        ("achieved", {"evidence": None}),
        ("achieved", {"rating": "full"}),
        ("rebaselined", {"due": None}),
        ("rebaselined", {"start_by": "2029-01-01"}),
        ("abandoned", {"formal": None}),
        ("superseded", {"successors": []}),
        ("amended", {"changes": {}}),
        ("amended", {"changes": {"due": "2022-01-01"}}),
        ("evidence_added", {"evidence": []}),
    ],
)
def test_what_any_entry_would_then_say_must_satisfy_its_kind(kind, changes):
    story = announced(due="2022-12-31").happened(kind)
    assert all(fault.pointer.startswith("/changes") for fault in story.faults("rectified", entry=2, changes=changes))


def test_evidence_cannot_come_to_point_at_its_own_entry_or_a_later_one():
    story = announced().happened("started").happened("evidence_added", entry=1)
    for entry in (3, 4, 99):
        refused = story.refusal("rectified", entry=3, changes={"entry": entry})
        assert (refused.rule, refused.version, refused.accepted) == ("earlier-entry", 3, "an entry from 1 to 2")
    assert known(story.rectified(3, entry=2).commitment.history.entries).readings[3].facts["entry"] == 2


def test_a_rectification_that_would_break_another_entry_is_refused_and_that_entry_is_named():
    story = announced(kind="recurring").happened("occurrence_held", "2022-06-01")
    refused = story.refusal("rectified", entry=1, changes={"commitment": {"kind": "one_off"}})
    assert (refused.rule, refused.version) == ("recurring", 2)
    story = announced(due="2022-12-31").happened("slipped")
    refused = story.refusal("rectified", entry=1, changes={"commitment": {"timeframe": {"due": None}}})
    assert (refused.rule, refused.version) == ("has-target", 2)
    story = announced().happened("superseded")
    refused = story.refusal("rectified", entry=2, changes={"successors": ["SC-1"]})
    assert (refused.rule, refused.version) == ("other-successor", 2)
    story = announced().happened("achieved")
    refused = story.refusal("rectified", entry=1, changes={"commitment": {"kind": "continuous"}})
    assert (refused.rule, refused.version) == ("continuous-concludes", 2)


def test_entries_that_only_together_read_rightly_are_rectified_together():
    story = announced().happened("started", "2022-05-01").happened("progressed", "2022-06-01")
    later = [
        {"entry": 2, "changes": {"occurred_on": "2022-08-01"}},
        {"entry": 3, "changes": {"occurred_on": "2022-09-01"}},
    ]
    assert story.refusal("rectified", **later[0]).version == 3
    story.happened("rectified", corrections=later)
    assert (counts_from(story, 2), counts_from(story, 3)) == ("2022-08-01", "2022-09-01")
    assert story.there("2022-07-01").status == "announced"
    assert story.there("2022-07-01", version=3).status == "started"


def test_a_rectification_of_several_names_each_entry_once_and_at_least_two():
    story = announced().happened("started")
    twice = [{"entry": 2, "changes": {"note": "a"}}, {"entry": 2, "changes": {"note": "b"}}]
    (fault,) = story.faults("rectified", corrections=twice)
    assert fault.pointer == "/corrections/1/entry"
    (fault,) = story.faults("rectified", corrections=twice[:1])
    assert fault.pointer == "/corrections"
    (fault,) = story.faults("rectified", corrections=[{"entry": 1, "changes": {"note": "a"}}] * 51)
    assert fault.pointer == "/corrections"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"entry": 2},
        {"changes": {"note": "n"}},
        {
            "entry": 2,
            "changes": {"note": "n"},
            "corrections": [{"entry": 1, "changes": {"note": "a"}}, {"entry": 2, "changes": {"note": "b"}}],
        },
    ],
)
def test_a_rectification_says_clearly_which_entries_it_means(fields):
    (fault,) = announced().happened("started").faults("rectified", **fields)
    assert fault.accepted == "entry and changes, or corrections"


@pytest.mark.parametrize("fields", [{}, {"entry": 2, "entries": [2, 3]}])
def test_a_retraction_says_clearly_which_entries_it_means(fields):
    (fault,) = announced().happened("started").happened("progressed").faults("retracted", **fields)
    assert fault.accepted == "entry, or entries"


@pytest.mark.parametrize("kind", ["rectified", "retracted"])
def test_a_correction_gives_its_reason(kind):
    story = announced().happened("started")
    fields = {"entry": 2, "changes": {"note": "n"}} if kind == "rectified" else {"entry": 2}
    (fault,) = story.faults(kind, **fields, reason=None)
    assert (fault.pointer, fault.message) == ("/reason", "the field is missing")


def test_a_retracted_entry_no_longer_counts_and_did_before():
    story = announced().happened("started", "2022-05-01").retracted(2)
    assert story.there("2022-05-01").status == "announced"
    assert story.there("2022-05-01", version=2).status == "started"
    assert known(story.commitment.history.entries).retracted == {2}


def test_retracting_a_retraction_brings_the_entry_back_and_so_on():
    story = announced().happened("started", "2022-05-01")
    answers = []
    for latest in (2, 3, 4, 5):
        story.retracted(latest)
        answers.append(story.there("2022-05-01").status)
    assert answers == ["announced", "started", "announced", "started"]
    assert [story.there("2022-05-01", version=version).status for version in (3, 4, 5)] == answers[:3]
    assert known(story.commitment.history.entries).retracted == {3, 5}


def test_an_entry_comes_back_with_the_rectifications_that_count():
    story = announced().happened("started", "2022-05-01").rectified(2, occurred_on="2022-07-01")
    story.retracted(2).retracted(4)
    assert counts_from(story, 2) == "2022-07-01"
    story.retracted(2).retracted(3).retracted(6)
    assert counts_from(story, 2) == "2022-05-01"


def test_a_retraction_that_would_break_another_entry_is_refused_and_that_entry_is_named():
    story = announced().happened("started", "2022-05-01").happened("progressed", "2022-06-01")
    refused = story.refusal("retracted", entry=2)
    assert (refused.rule, refused.version) == ("started-before", 3)
    assert story.retracted(2, 3).status == "announced"


def test_a_retraction_of_a_retraction_that_would_break_another_entry_is_refused():
    story = announced().happened("started").retracted(2).happened("started")
    refused = story.refusal("retracted", entry=3)
    assert (refused.rule, refused.version) == ("stage-announced", 4)


def test_the_announcement_cannot_be_retracted():
    story = announced().happened("started")
    refused = story.refusal("retracted", entry=1)
    assert (refused.rule, refused.version) == ("first-entry-stays", 1)
    assert "abandoned or superseded" in refused.accepted
    assert story.refusal("retracted", entries=[2, 1]).rule == "first-entry-stays"


@pytest.mark.parametrize("entry", [4, 99])
def test_a_correction_points_at_an_earlier_entry(entry):
    story = announced().happened("started").happened("progressed")
    for kind, fields in (("retracted", {}), ("rectified", {"changes": {"note": "n"}})):
        refused = story.refusal(kind, entry=entry, **fields)
        assert (refused.rule, refused.version, refused.accepted) == ("entry-exists", 4, "an entry from 1 to 3")


@pytest.mark.parametrize("entry", [0, -1, True, 1.0, "1"])
def test_an_entry_is_named_by_its_version(entry):
    (fault,) = announced().faults("retracted", entry=entry)
    assert fault.pointer == "/entry"


def test_a_correction_points_at_what_counts():
    story = announced().happened("started").retracted(2)
    for kind, fields in (("retracted", {}), ("rectified", {"changes": {"note": "n"}})):
        refused = story.refusal(kind, entry=2, **fields)
        assert (refused.rule, refused.version) == ("entry-counts", 2)


def test_a_correction_is_retracted_and_not_rectified():
    story = announced().happened("started").rectified(2, note="n").retracted(2)
    for correction in (3, 4):
        refused = story.refusal("rectified", entry=correction, changes={"reason": "r"})
        assert (refused.rule, refused.version) == ("correction-not-rectified", correction)
        assert "retraction of that correction" in refused.accepted


def test_a_corrected_date_is_judged_by_the_day_of_the_correction():
    story = announced(recorded_on="2022-07-01").happened("started", "2022-06")
    refused = story.refusal("rectified", entry=2, changes={"occurred_on": "2022-07-02"})
    assert (refused.rule, refused.version) == ("not-in-the-future", 2)
    story.on("2023-05-01").rectified(2, occurred_on="2022-07-02")
    assert counts_from(story, 2) == "2022-07-02"


def test_a_corrected_period_is_capped_by_the_day_of_the_correction():
    story = announced(recorded_on="2022-07-01").happened("started", "2022")
    assert counts_from(story, 2) == "2022-07-01"
    story.on("2022-09-10").rectified(2, occurred_on="2022")
    assert counts_from(story, 2) == "2022-09-10"
    story.on("2024-01-01").rectified(2, occurred_on="2022")
    assert counts_from(story, 2) == "2022-12-31"
    corrections = story.commitment.history.entries[2:]
    assert [each.facts["changes"]["effective_on"] for each in corrections] == ["2022-09-10", "2022-12-31"]
    story.retracted(4)
    assert counts_from(story, 2) == "2022-09-10"
    story.retracted(3)
    assert counts_from(story, 2) == "2022-07-01"


def test_a_rectification_without_a_date_moves_nothing():
    story = announced(recorded_on="2022-07-01").happened("started", "2022").on("2024-01-01").rectified(2, note="n")
    assert counts_from(story, 2) == "2022-07-01"
    assert "effective_on" not in story.commitment.history.entries[2].facts["changes"]


def test_a_corrected_entry_keeps_its_place_among_the_entries_of_its_day():
    story = announced().happened("started", "2022-05-01").happened("suspended", "2022-06-01")
    story.happened("resumed", "2022-06-01").rectified(3, occurred_on="2022-05-01").rectified(
        4, occurred_on="2022-05-01"
    )
    assert [each.version for each in known(story.commitment.history.entries).in_order()] == [1, 2, 3, 4]
    story = announced().happened("suspended", "2022-05-01").happened("resumed", "2022-06-01")
    assert story.rectified(2, occurred_on="2022-06-01").there("2022-06-01").status == "announced"


# A retraction undoes changes, and what is left of them must still make sense.


def test_a_correction_on_which_another_rests_cannot_be_retracted_alone():
    story = announced().rectified(1, commitment={"kind": "recurring"})
    story.rectified(1, commitment={"timeframe": {"recurrence": "P1Y", "anchor": "2023-03-21"}})
    refused = story.refusal("retracted", entry=2)
    assert (refused.rule, refused.version) == ("reading-valid", 1)
    assert "other corrections" in refused.accepted
    assert "recurrence" not in story.retracted(2, 3).state.details["timeframe"]


def test_a_new_target_cannot_lose_its_dates_by_the_retraction_of_a_correction():
    story = announced(due="2022-12-31").happened("rebaselined", start_by="2023-01-31")
    story.rectified(2, due="2023-12-31").rectified(2, start_by=None)
    refused = story.refusal("retracted", entry=3)
    assert (refused.rule, refused.version) == ("reading-valid", 2)
    assert [str(each.due) for each in story.retracted(4).state.targets] == ["2022-12-31", "2023-12-31"]


def test_an_entry_cannot_come_back_with_half_of_its_corrections():
    story = announced(due="2022-12-31").happened("rebaselined", start_by="2023-01-31")
    story.rectified(2, due="2023-12-31").rectified(2, start_by=None).retracted(2).retracted(3)
    refused = story.refusal("retracted", entry=5)
    assert (refused.rule, refused.version) == ("reading-valid", 2)
    assert str(story.retracted(6).retracted(5).state.target.due) == "2023-12-31"


def test_an_external_id_stands_once_in_a_stream_even_if_its_entry_was_retracted():
    story = announced().happened("started", external_id="cat:7").retracted(2)
    refused = story.refusal("started", external_id="cat:7")
    assert (refused.rule, refused.taken_by) == ("external-id-once", 2)
    assert story.refusal("rectified", entry=1, changes={"note": "n"}, external_id="cat:7").taken_by == 2
    with pytest.raises(Invalid, match="/changes/external_id"):
        story.rectified(1, external_id="cat:8")
