"""What may follow what, and what each kind of entry does: the table of section 3.3 of the design, row by row."""

import pytest

from domain.commitment import EVENTS
from domain.errors import Invalid
from domain.lifecycle import MOVES
from domain.replay import known
from domain.shapes import COMMITMENT_EVENTS, CORRECTIONS
from domain.vocabulary import CORRECTION_KINDS, EVENT_KINDS, STATUSES
from tests.scenario import DECLARATION, Story, announced

# How a recurring commitment with a due date gets where the table below finds it.
SITUATIONS = {
    "announced": [],
    "started": ["started"],
    "reviewed": ["started", "reviewed"],
    "slipped": ["slipped"],
    "started, slipped": ["started", "slipped"],
    "suspended": ["suspended"],
    "started, suspended": ["started", "suspended"],
    "slipped, suspended": ["slipped", "suspended"],
    "achieved": ["achieved"],
    "abandoned": ["abandoned"],
    "superseded": ["superseded"],
}
OUTCOMES = ("achieved", "abandoned", "superseded")
SUSPENDED = ("suspended", "started, suspended", "slipped, suspended")
BEGUN = ("started", "reviewed", "started, slipped")
ACTIVE = ("announced", "slipped", *BEGUN)
ENDED = dict.fromkeys(OUTCOMES, "open")
PAUSED = dict.fromkeys(SUSPENDED, "not-suspended")

# For every kind the situations in which it is refused, and by which rule. In all others it is accepted.
REFUSED_IN = {
    "started": ENDED | PAUSED | dict.fromkeys(BEGUN, "stage-announced"),
    "progressed": ENDED | PAUSED | dict.fromkeys(("announced", "slipped"), "started-before"),
    "reviewed": dict.fromkeys(("abandoned", "superseded"), "outcome-none-or-achieved"),
    "achieved": ENDED | PAUSED,
    "slipped": ENDED | PAUSED,
    "rebaselined": ENDED,
    "suspended": ENDED | PAUSED,
    "resumed": ENDED | dict.fromkeys(ACTIVE, "suspended"),
    "abandoned": ENDED,
    "superseded": ENDED,
    "reopened": dict.fromkeys((*ACTIVE, *SUSPENDED, "superseded"), "outcome-to-reopen"),
    "occurrence_held": ENDED | PAUSED,
    "occurrence_missed": ENDED,
    "amended": {},
    "evidence_added": {},
}
WOULD_BE_ACCEPTED = {
    "open": "reopened",
    "not-suspended": "resumed",
    "suspended": "after suspended",
    "stage-announced": "progressed",
    "started-before": "started",
    "outcome-none-or-achieved": "open or achieved",
    "outcome-to-reopen": "after achieved or abandoned",
}
ROWS = [(kind, situation) for kind in REFUSED_IN for situation in SITUATIONS]


def story_of(situation: str) -> Story:
    story = announced(kind="recurring", due="2022-12-31", recurrence="P1Y", anchor="2022-12-31")
    for kind in SITUATIONS[situation]:
        story.happened(kind)
    return story


def test_the_table_speaks_of_every_kind_that_is_neither_the_announcement_nor_a_correction():
    assert {"announced", *REFUSED_IN, *CORRECTION_KINDS} == set(EVENT_KINDS)
    assert REFUSED_IN.keys() == MOVES.keys() == COMMITMENT_EVENTS.keys() - {"announced"}
    assert CORRECTIONS.keys() == set(CORRECTION_KINDS)
    assert EVENTS.keys() == set(EVENT_KINDS)


@pytest.mark.parametrize(("kind", "situation"), [row for row in ROWS if row[1] not in REFUSED_IN[row[0]]])
def test_what_the_table_allows_is_accepted(kind, situation):
    story = story_of(situation)
    before = story.latest
    story.happened(kind)
    assert story.latest == before + 1
    assert story.commitment.history.entries[-1].kind == kind


@pytest.mark.parametrize(("kind", "situation"), [row for row in ROWS if row[1] in REFUSED_IN[row[0]]])
def test_what_the_table_does_not_allow_is_refused_with_the_rule_the_entry_and_the_way_out(kind, situation):
    story = story_of(situation)
    refused = story.refusal(kind)
    assert refused.rule == REFUSED_IN[kind][situation]
    assert refused.version == story.latest + 1
    assert WOULD_BE_ACCEPTED[refused.rule] in refused.accepted
    assert f"entry {story.latest + 1} ({kind}" in refused.message
    assert str(refused) == f"{refused.message} ({refused.rule}); accepted: {refused.accepted}"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_status_is_the_outcome_else_suspended_else_slipped_else_the_stage(situation):
    assert story_of(situation).status == situation.split(", ")[-1]
    assert story_of(situation).status in STATUSES


def test_the_five_words_of_progress_follow_each_other():
    story = announced(due="2022-12-31")
    words = [story.status]
    for kind in ("started", "reviewed", "slipped", "achieved"):
        words.append(story.happened(kind).status)
    assert words == ["announced", "started", "reviewed", "slipped", "achieved"]


def test_a_commitment_is_announced_with_its_first_target():
    state = announced("2022-03-21", start_by="2022-06-30", due="2022-12-31").state
    assert (state.status, state.stage, state.outcome) == ("announced", "announced", None)
    assert (state.slipped, state.suspended, state.implied_start) == (False, False, False)
    assert state.announced_on.isoformat() == "2022-03-21"
    (target,) = state.targets
    assert (target.version, str(target.start_by), str(target.due)) == (1, "2022-06-30", "2022-12-31")


def test_a_commitment_is_announced_once():
    story = announced()
    (fault,) = story.faults("announced", commitment={})
    assert fault.pointer == "/kind"
    assert "started" in fault.accepted
    assert "announced" not in fault.accepted


def test_an_unknown_kind_is_refused_with_the_kinds_there_are():
    (fault,) = announced().faults("finished")
    assert fault.pointer == "/kind"
    assert set(fault.accepted.split(" | ")) == set(EVENT_KINDS) - {"announced"}


def test_started_moves_the_stage_and_is_an_activity():
    state = announced().happened("started", "2022-05-01").state
    assert (state.stage, state.implied_start) == ("started", False)
    assert str(state.last_activity_on) == "2022-05-01"


def test_progress_is_activity_only():
    story = announced(due="2022-12-31").happened("started", "2022-05-01").happened("slipped")
    before = story.state
    state = story.happened("progressed", "2023-02-01", quantity="12.50", unit="vessels").state
    assert str(state.last_activity_on) == "2023-02-01"
    assert (state.status, state.stage, state.targets) == (before.status, before.stage, before.targets)


def test_a_review_of_a_started_commitment_makes_it_reviewed():
    story = announced().happened("started", "2022-05-01")
    state = story.happened("reviewed", "2022-07-01", rating="substantial", independence="independent").state
    assert (state.stage, state.status, state.reviews) == ("reviewed", "reviewed", 1)
    assert state.assessment is not None
    assert (state.assessment.rating, state.assessment.independence) == ("substantial", "independent")
    assert str(state.assessment.reviewed_on) == "2022-07-01"
    assert str(state.last_activity_on) == "2022-07-01"


def test_a_review_before_the_start_leaves_the_stage_and_the_later_start_is_a_start():
    story = announced().happened("reviewed")
    assert (story.status, story.state.reviews) == ("announced", 1)
    assert story.happened("started").status == "started"


@pytest.mark.parametrize("situation", ["slipped", "suspended", "achieved"])
def test_a_review_changes_no_status_but_started(situation):
    story = story_of(situation)
    assert story.happened("reviewed", rating="not_met").status == situation
    assert story.state.assessment is not None
    assert story.state.assessment.rating == "not_met"


def test_a_review_while_suspended_moves_the_stage_under_the_suspension():
    story = announced().happened("started").happened("suspended").happened("reviewed")
    assert (story.status, story.state.stage) == ("suspended", "reviewed")
    assert story.happened("resumed").status == "reviewed"


def test_a_review_of_an_achieved_commitment_leaves_the_stage():
    state = announced().happened("achieved").happened("reviewed").state
    assert (state.stage, state.outcome) == ("started", "achieved")


def test_the_last_review_by_date_is_the_assessment():
    story = announced().happened("reviewed", "2023-05-01", rating="full")
    story.happened("reviewed", "2022-05-01", rating="not_met")
    assert story.state.assessment is not None
    assert (story.state.assessment.rating, story.state.reviews) == ("full", 2)


def test_nothing_is_achieved_without_evidence():
    (fault,) = announced().faults("achieved", evidence=[])
    assert (fault.pointer, fault.accepted) == ("/evidence", "a list of 1 to 50 items")
    story = announced()
    body = story.body("achieved")
    del body["evidence"]
    with pytest.raises(Invalid, match="/evidence: the field is missing"):
        story.send("achieved", body)


def test_an_achievement_right_after_the_announcement_implies_the_start():
    state = announced().happened("achieved", "2022-06-01").state
    assert (state.stage, state.implied_start, str(state.achieved_on)) == ("started", True, "2022-06-01")
    assert str(state.last_activity_on) == "2022-06-01"


def test_an_achievement_after_the_start_implies_nothing():
    state = announced().happened("started").happened("achieved").state
    assert (state.stage, state.implied_start) == ("started", False)


def test_a_reviewed_commitment_stays_reviewed_when_it_is_achieved():
    state = announced().happened("started").happened("reviewed").happened("achieved").state
    assert (state.stage, state.implied_start, state.status) == ("reviewed", False, "achieved")


@pytest.mark.parametrize("said", [{}, {"concludes": False}, {"concludes": None}])
def test_a_continuous_commitment_is_achieved_only_when_it_is_concluded(said):
    story = announced(kind="continuous")
    refused = story.refusal("achieved", **said)
    assert (refused.rule, refused.version, refused.accepted) == ("continuous-concludes", 2, "concludes: true")
    assert story.happened("achieved", concludes=True).status == "achieved"


@pytest.mark.parametrize("kind", ["one_off", "recurring"])
def test_concluding_may_be_said_of_every_kind(kind):
    assert announced(kind=kind).happened("achieved", concludes=True).status == "achieved"


def test_only_what_has_a_target_can_slip():
    story = announced()
    refused = story.refusal("slipped")
    assert (refused.rule, refused.version) == ("has-target", 2)
    assert "rebaselined first" in refused.accepted
    assert story.happened("rebaselined", due="2023-12-31").happened("slipped").status == "slipped"


@pytest.mark.parametrize("frame", [{"due": "2022-12-31"}, {"start_by": "2022-06-30"}])
def test_a_date_to_finish_or_to_start_by_is_a_target_that_can_slip(frame):
    assert announced(**frame).happened("slipped").status == "slipped"


def test_an_alternative_due_date_is_no_target():
    assert announced(alternative_due="2022-12-31").refusal("slipped").rule == "has-target"


def test_a_commitment_that_slips_again_is_counted_again():
    story = announced(due="2022-12-31").happened("slipped", forecast="2023-06-30").happened("slipped")
    assert (story.state.slip_count, story.state.forecast) == (2, None)
    assert str(story.happened("slipped", forecast="2024-06-30").state.forecast) == "2024-06-30"


def test_a_rebaseline_appends_to_the_chain_of_targets_and_what_it_does_not_give_stays():
    story = announced(start_by="2022-06-30", due="2022-12-31")
    story.happened("slipped", forecast="2023-03-31").happened("rebaselined", due="2023-06-30")
    story.happened("rebaselined", start_by="2022-09-30")
    state = story.state
    assert [(each.version, str(each.start_by), str(each.due)) for each in state.targets] == [
        (1, "2022-06-30", "2022-12-31"),
        (3, "2022-06-30", "2023-06-30"),
        (4, "2022-09-30", "2023-06-30"),
    ]
    assert (state.slipped, state.slip_count, state.forecast) == (False, 1, None)
    assert story.text_at(state.target.authority) == "Council conclusions"


def test_a_rebaseline_sets_at_least_one_date_and_says_who_decided():
    story = announced(due="2022-12-31")
    (fault,) = story.faults("rebaselined", due=None)
    assert fault.accepted == "due, start_by or both"
    (fault,) = story.faults("rebaselined", authority=None)
    assert fault.pointer == "/authority"


def test_a_rebaseline_while_suspended_ends_the_slip_and_not_the_suspension():
    story = announced(due="2022-12-31").happened("slipped").happened("suspended").happened("rebaselined")
    assert (story.state.slipped, story.status) == (False, "suspended")


def test_a_slip_outlasts_a_suspension():
    story = announced(due="2022-12-31").happened("slipped").happened("suspended")
    assert story.status == "suspended"
    assert story.happened("resumed").status == "slipped"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_clears_slipped(outcome):
    story = announced(due="2022-12-31").happened("slipped", forecast="2023-06-30").happened(outcome)
    assert (story.status, story.state.slipped, story.state.forecast) == (outcome, False, None)
    assert story.state.slip_count == 1


@pytest.mark.parametrize("outcome", ["abandoned", "superseded"])
def test_every_outcome_that_may_follow_a_suspension_clears_it(outcome):
    story = announced(due="2022-12-31").happened("slipped").happened("suspended").happened(outcome)
    assert (story.status, story.state.slipped, story.state.suspended) == (outcome, False, False)


@pytest.mark.parametrize("formal", [True, False])
def test_abandoning_says_whether_it_was_done_formally(formal):
    story = announced().happened("abandoned", formal=formal, cause="No funding")
    assert story.status == "abandoned"
    assert story.commitment.history.entries[-1].facts["formal"] is formal
    assert announced().faults("abandoned", formal=None)[0].pointer == "/formal"


def test_nothing_succeeds_itself():
    story = announced()
    refused = story.refusal("superseded", successors=["SC-2", "SC-1"])
    assert (refused.rule, refused.version) == ("other-successor", 2)
    assert "other commitments" in refused.accepted
    assert story.faults("superseded", successors=[])[0].pointer == "/successors"


def test_after_supersession_only_corrections_evidence_and_amendments_follow():
    for kind in REFUSED_IN.keys() - {"amended", "evidence_added"}:
        assert announced(kind="recurring", due="2022-12-31").happened("superseded").refusal(kind).version == 3
    story = announced().happened("superseded").happened("amended").happened("evidence_added")
    assert story.status == "superseded"
    story = announced().happened("superseded").rectified(2, statement="It was replaced.")
    assert story.status == "superseded"
    assert story.retracted(2).status == "announced"


@pytest.mark.parametrize("outcome", ["achieved", "abandoned"])
def test_what_was_achieved_or_abandoned_can_be_reopened(outcome):
    story = announced(due="2022-12-31").happened("slipped").happened("rebaselined", due="2023-12-31")
    story.happened("slipped").happened(outcome).happened("reopened")
    state = story.state
    assert (state.outcome, state.slipped, state.suspended, state.achieved_on) == (None, False, False, None)
    assert (state.slip_count, [str(each.due) for each in state.targets]) == (2, ["2022-12-31", "2023-12-31"])


def test_an_implied_start_outlasts_reopening():
    story = announced().happened("achieved").happened("reopened")
    assert (story.status, story.state.implied_start) == ("started", True)
    assert story.refusal("started").rule == "stage-announced"
    assert story.happened("progressed").happened("achieved").status == "achieved"


def test_what_was_abandoned_before_its_start_is_announced_again_when_reopened():
    assert announced().happened("abandoned").happened("reopened").status == "announced"


def test_an_occurrence_held_counts_and_implies_the_start():
    story = announced(kind="recurring").happened("occurrence_held", "2022-06-01", ordinal=3)
    state = story.happened("occurrence_held", "2023-06-01", ordinal=3).state
    assert (state.stage, state.implied_start) == ("started", True)
    assert (state.held, state.missed, str(state.last_held_on)) == (2, 0, "2023-06-01")
    assert str(state.last_activity_on) == "2023-06-01"


def test_an_occurrence_held_after_the_start_implies_nothing():
    assert not announced(kind="recurring").happened("started").happened("occurrence_held").state.implied_start


def test_a_missed_occurrence_counts_and_is_no_activity():
    state = announced(kind="recurring").happened("occurrence_missed", ordinal=1).state
    assert (state.held, state.missed, state.last_held_on, state.last_activity_on) == (0, 1, None, None)
    assert (state.status, state.implied_start) == ("announced", False)


@pytest.mark.parametrize("occurrence", ["occurrence_held", "occurrence_missed"])
@pytest.mark.parametrize("kind", ["one_off", "continuous"])
def test_only_a_recurring_commitment_has_occurrences(kind, occurrence):
    refused = announced(kind=kind).refusal(occurrence)
    assert (refused.rule, refused.version, refused.accepted) == ("recurring", 2, "kind recurring")


@pytest.mark.parametrize("ordinal", [0, -1, True, 1.0, "1", None])
def test_an_ordinal_counts_from_one(ordinal):
    (fault,) = announced(kind="recurring").faults("occurrence_held", ordinal=ordinal)
    assert fault.pointer == "/ordinal"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_amendment_changes_details_only(situation):
    story = story_of(situation)
    before = story.state
    changes = {"title": "Adopt two roadmaps", "partners": ["NATO"], "themes": ["cyber"], "summary": None}
    state = story.happened("amended", changes=changes).state
    assert state.details == before.details | {
        "title": "Adopt two roadmaps",
        "partners": ["NATO"],
        "themes": ["cyber"],
    }
    assert (state.status, state.stage, state.targets) == (before.status, before.stage, before.targets)
    assert state.last_activity_on == before.last_activity_on


def test_an_amendment_removes_with_null_or_an_empty_list():
    story = announced(summary="Long", lead="EU", partners=["NATO", "UN"], instruments=["EPF"])
    details = story.happened("amended", changes={"summary": None, "lead": None, "partners": []}).state.details
    assert not {"summary", "lead", "partners"} & details.keys()
    assert details["instruments"] == ["EPF"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({}, "/changes"),
        ({"title": None}, "/changes/title"),
        ({"timeframe": {"wording": "Later", "due": "2030-01-01"}}, "/changes/timeframe"),
        ({"reference": "SC-9"}, "/changes/reference"),
        ({"kind": "continuous"}, "/changes/kind"),
        ({"visibility": "internal"}, "/changes/visibility"),
        ({"partners": ["MARS"]}, "/changes/partners/0"),
        ({"lead": "MARS"}, "/changes/lead"),
    ],
)
def test_an_amendment_reaches_nothing_but_details_in_their_form(changes, pointer):
    (fault,) = announced().faults("amended", changes=changes)
    assert fault.pointer == pointer


def test_no_commitment_is_related_to_itself():
    itself = [{"type": "overlaps", "reference": "SC-1"}]
    with pytest.raises(Invalid, match="/commitment/relations/0/reference"):
        announced(relations=itself)
    refused = announced().refusal("amended", changes={"relations": itself})
    assert (refused.rule, refused.version) == ("other-relation", 2)


def test_evidence_is_added_to_any_earlier_entry():
    story = announced().happened("started").happened("evidence_added", entry=1)
    assert story.happened("evidence_added", entry=3).status == "started"


def test_evidence_is_not_added_to_an_entry_that_is_not_there_yet():
    story = announced()
    for entry in (2, 3):
        refused = story.refusal("evidence_added", entry=entry)
        assert (refused.rule, refused.version, refused.accepted) == ("earlier-entry", 2, "an entry from 1 to 1")
    assert story.faults("evidence_added", evidence=[])[0].pointer == "/evidence"


def test_evidence_can_be_added_to_what_was_retracted():
    story = announced().happened("started").retracted(2)
    assert story.happened("evidence_added", entry=2).status == "announced"


@pytest.mark.parametrize("kind", sorted(REFUSED_IN))
def test_every_kind_needs_a_statement_and_a_date(kind):
    story = announced(kind="recurring", due="2022-12-31")
    body = story.body(kind)
    for missing in ("statement", "occurred_on"):
        with pytest.raises(Invalid, match=f"/{missing}: the field is missing"):
            story.send(kind, {name: value for name, value in body.items() if name != missing})


def test_an_announcement_and_a_correction_may_do_without_a_statement():
    story = announced().happened("started").rectified(2, occurred_on="2022-04-01").retracted(2)
    assert "statement" not in {text for entry in story.commitment.history.entries[2:] for text in entry.texts}
    assert story.commitment.history.entries[0].texts == ()


def test_a_backdated_entry_that_would_break_a_later_one_is_refused_and_the_later_one_is_named():
    story = announced(due="2022-12-31").happened("started", "2022-05-01").happened("progressed", "2022-09-01")
    refused = story.refusal("abandoned", "2022-07-01")
    assert (refused.rule, refused.version) == ("open", 3)
    assert "entry 3 (progressed, 2022-09-01)" in refused.message


def test_a_backdated_entry_that_breaks_nothing_takes_its_place():
    story = announced().happened("achieved", "2022-09-01").happened("started", "2022-05-01")
    assert (story.status, story.state.implied_start) == ("achieved", False)
    assert [each.version for each in known(story.commitment.history.entries).in_order()] == [1, 3, 2]


def test_entries_of_one_day_follow_each_other_as_they_were_recorded():
    story = announced().happened("started", "2022-05-01").happened("suspended", "2022-05-01")
    assert story.happened("resumed", "2022-05-01").status == "started"
    assert story.refusal("resumed", "2022-05-01").rule == "suspended"


def test_a_partner_that_is_not_in_the_register_is_refused_wherever_it_is_named():
    with pytest.raises(Invalid, match="/commitment/partners/1"):
        announced(partners=["EU", "MARS"])
    with pytest.raises(Invalid, match="/commitment/lead"):
        announced(lead="MARS")
    story = announced().happened("amended", changes={"title": "T"})
    assert story.faults("started", partners=["MARS"])[0].pointer == "/partners/0"
    assert story.faults("started", on_behalf_of="MARS")[0].pointer == "/on_behalf_of"
    for entry, changes, pointer in (
        (1, {"partners": ["MARS"]}, "/partners/0"),
        (1, {"commitment": {"lead": "MARS"}}, "/commitment/lead"),
        (2, {"changes": {"partners": ["UN", "MARS"]}}, "/changes/partners/1"),
    ):
        (fault,) = story.faults("rectified", entry=entry, changes=changes)
        assert fault.pointer == f"/changes{pointer}"
        both = [{"entry": entry, "changes": changes}, {"entry": 3 - entry, "changes": {"note": "n"}}]
        (fault,) = story.faults("rectified", corrections=both)
        assert fault.pointer == f"/corrections/0/changes{pointer}"


def test_evidence_and_texts_of_an_entry_are_kept_apart_from_its_facts():
    story = announced().happened("achieved", evidence=[DECLARATION], note="n")
    entry = story.commitment.history.entries[-1]
    assert entry.facts["evidence"] == [{"grade": "A"}]
    assert entry.texts == ("evidence", "note", "statement")
    assert story.texts[entry.position]["evidence"] == [{"title": "Joint declaration"}]
