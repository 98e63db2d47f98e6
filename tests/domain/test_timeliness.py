"""How a commitment stands on a day: section 3.5 of the design, first that fits."""

from datetime import date

import pytest

from domain.replay import state_at
from domain.timeliness import Standing, standing
from domain.vocabulary import RATINGS, TIMELINESS
from tests.scenario import announced

DUE = "2022-12-31"


def word(story, as_of):
    return story.standing(as_of).timeliness


def test_the_words_are_those_of_the_vocabulary():
    told = {
        "met": announced(due=DUE).happened("achieved"),
        "met_late": announced(due=DUE).happened("achieved", "2023-01-01"),
        "overdue": announced(due=DUE),
        "start_overdue": announced(start_by=DUE),
        "due_soon": announced(due="2023-07-01"),
        "upcoming": announced(due="2025-12-31"),
        "no_target": announced(),
        "closed": announced(due=DUE).happened("abandoned"),
    }
    assert {name: word(story, "2023-06-01") for name, story in told.items()} == {name: name for name in TIMELINESS}


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2022-10-01", "upcoming"),
        ("2022-10-02", "due_soon"),
        ("2022-12-31", "due_soon"),
        ("2023-01-01", "overdue"),
        ("2199-12-31", "overdue"),
    ],
)
def test_a_due_date_comes_near_over_ninety_days_and_is_missed_on_the_day_after(as_of, expected):
    assert word(announced(due=DUE), as_of) == expected


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2022-06-30", "due_soon"),
        ("2022-07-01", "start_overdue"),
        ("2022-12-31", "start_overdue"),
        ("2023-01-01", "overdue"),
    ],
)
def test_a_missed_start_counts_until_the_due_date_is_missed_too(as_of, expected):
    assert word(announced(start_by="2022-06-30", due=DUE), as_of) == expected


def test_the_nearer_of_start_and_due_date_makes_it_due_soon():
    story = announced(start_by="2022-06-30", due="2025-12-31")
    assert word(story, "2022-04-01") == "due_soon"
    assert word(story, "2022-03-31") == "upcoming"


def test_a_date_to_start_by_counts_in_the_stage_announced_only():
    story = announced(start_by="2022-06-30").happened("started", "2022-09-01")
    assert word(story, "2022-08-31") == "start_overdue"
    assert word(story, "2022-09-01") == "no_target"
    story = announced(start_by="2022-06-30", due="2025-12-31").happened("started", "2022-05-01")
    assert [word(story, day) for day in ("2022-05-01", "2022-07-01", "2025-12-31")] == ["upcoming"] * 2 + ["due_soon"]


def test_a_start_implied_by_an_occurrence_ends_the_wait_for_the_start():
    story = announced(kind="recurring", start_by="2022-06-30").happened("occurrence_held", "2022-08-01")
    assert word(story, "2022-08-01") == "no_target"


def test_a_target_counts_from_the_day_it_was_set():
    story = announced(due=DUE).happened("rebaselined", "2023-03-01", due="2023-12-31")
    assert word(story, "2023-02-28") == "overdue"
    assert word(story, "2023-03-01") == "upcoming"
    assert word(story, "2024-01-01") == "overdue"


@pytest.mark.parametrize(("achieved_on", "expected", "late"), [("2022-12-31", "met", 0), ("2023-01-01", "met_late", 1)])
def test_an_achievement_is_in_time_up_to_and_on_the_due_date(achieved_on, expected, late):
    stands = announced(due=DUE).happened("achieved", achieved_on).standing("2030-01-01")
    assert (stands.timeliness, stands.days_late_current, stands.days_late_original) == (expected, late, late)


def test_an_achievement_is_late_or_not_twice_after_the_current_and_after_the_original_target():
    story = announced(due=DUE).happened("slipped", "2022-12-01").happened("rebaselined", "2022-12-15", due="2023-06-30")
    stands = story.happened("achieved", "2023-03-21").standing("2030-01-01")
    assert (stands.timeliness, stands.days_late_current, stands.days_late_original) == ("met", 0, 80)


def test_an_achievement_without_a_due_date_is_neither_late_nor_in_time():
    stands = announced(start_by="2022-06-30").happened("achieved").standing("2030-01-01")
    assert (stands.timeliness, stands.days_late_current, stands.days_late_original) == ("no_target", None, None)


def test_a_due_date_set_later_leaves_the_original_one_empty():
    story = announced().happened("rebaselined", "2022-06-01", due=DUE).happened("achieved", "2023-01-10")
    stands = story.standing("2030-01-01")
    assert (stands.timeliness, stands.days_late_current, stands.days_late_original) == ("met_late", 10, None)


def test_nothing_is_late_before_it_is_achieved_nor_once_it_is_reopened():
    story = announced(due=DUE).happened("achieved", "2023-01-10").happened("reopened", "2023-02-01")
    for as_of in ("2023-01-09", "2023-02-01"):
        stands = story.standing(as_of)
        assert (stands.timeliness, stands.days_late_current, stands.days_late_original) == ("overdue", None, None)
    assert story.standing("2023-01-31").days_late_current == 10


@pytest.mark.parametrize("outcome", ["abandoned", "superseded"])
def test_what_left_the_path_is_closed_whatever_its_dates(outcome):
    stands = announced(due=DUE).happened(outcome, "2023-01-10").standing("2024-01-01")
    assert (stands.timeliness, stands.days_overdue, stands.days_late_current) == ("closed", None, None)
    assert not stands.undeclared_slip


def test_days_overdue_count_from_the_date_that_was_missed():
    story = announced(start_by="2022-06-30", due=DUE)
    assert [story.standing(day).days_overdue for day in ("2022-06-30", "2022-07-10", "2022-12-31", "2023-01-01")] == [
        None,
        10,
        184,
        1,
    ]


def test_a_missed_date_is_an_undeclared_slip_unless_slipped_or_suspended_was_said():
    def flags(story):
        return [story.standing(day).undeclared_slip for day in ("2022-12-31", "2023-01-01", "2023-06-01")]

    assert flags(announced(due=DUE)) == [False, True, True]
    assert flags(announced(start_by=DUE)) == [False, True, True]
    assert flags(announced(due=DUE).happened("slipped", "2023-02-01")) == [False, True, False]
    assert flags(announced(due=DUE).happened("suspended", "2023-02-01")) == [False, True, False]
    assert flags(announced(due=DUE).happened("achieved", "2023-02-01")) == [False, True, False]


def test_a_slip_that_was_rebaselined_is_undeclared_again_when_the_new_date_is_missed():
    story = announced(due=DUE).happened("slipped", "2023-01-01").happened("rebaselined", "2023-02-01", due="2023-06-30")
    assert not story.standing("2023-06-30").undeclared_slip
    assert story.standing("2023-07-01").undeclared_slip


def test_a_commitment_without_activity_for_more_than_a_year_is_stale():
    story = announced("2022-03-21")
    assert [story.standing(day).stale for day in ("2023-03-21", "2023-03-22")] == [False, True]
    story.happened("started", "2023-04-01")
    assert [story.standing(day).stale for day in ("2023-03-31", "2023-04-01", "2024-03-31", "2024-04-01")] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("kind", ["progressed", "reviewed", "occurrence_held"])
def test_activity_keeps_a_commitment_from_being_stale(kind):
    story = announced(kind="recurring").happened("started", "2022-04-01").happened(kind, "2024-01-01")
    assert not story.standing("2024-12-31").stale
    assert story.standing("2025-01-01").stale


@pytest.mark.parametrize(
    "kind", ["slipped", "rebaselined", "suspended", "occurrence_missed", "amended", "evidence_added"]
)
def test_what_is_no_activity_does_not(kind):
    story = announced(kind="recurring", due=DUE).happened("started", "2022-04-01").happened(kind, "2024-01-01")
    assert story.standing("2024-01-02").stale
    assert str(story.there("2024-01-02").last_activity_on) == "2022-04-01"


@pytest.mark.parametrize("outcome", ["achieved", "abandoned", "superseded"])
def test_what_has_an_outcome_is_never_stale_or_off_its_cadence(outcome):
    story = announced(kind="recurring", recurrence="P1Y", anchor="2022-06-01").happened(outcome, "2022-07-01")
    assert (story.standing("2022-06-30").off_cadence, story.standing("2022-07-01").off_cadence) == (True, False)
    assert not story.standing("2030-01-01").stale


def test_a_reopened_commitment_is_stale_by_its_last_activity():
    story = announced().happened("achieved", "2022-06-01").happened("reopened", "2024-06-01")
    assert story.standing("2024-06-01").stale
    assert not story.standing("2023-06-01").stale


def test_a_series_is_off_its_cadence_from_the_day_after_the_promised_occurrence():
    story = announced(kind="recurring", recurrence="P6M", anchor="2022-08-31")
    assert [story.standing(day).off_cadence for day in ("2022-08-31", "2022-09-01")] == [False, True]
    story.happened("occurrence_held", "2022-10-31")
    assert [story.standing(day).off_cadence for day in ("2022-10-30", "2022-10-31", "2023-04-30", "2023-05-01")] == [
        True,
        False,
        False,
        True,
    ]


def test_a_missed_occurrence_moves_no_promise():
    story = announced(kind="recurring", recurrence="P1Y", anchor="2022-08-31")
    story.happened("occurrence_missed", "2022-09-01")
    assert story.standing("2022-09-01").off_cadence


def test_the_last_occurrence_by_date_sets_the_next():
    story = announced(kind="recurring", recurrence="P1Y", anchor="2022-08-31")
    story.happened("occurrence_held", "2024-01-01").happened("occurrence_held", "2023-01-01")
    assert not story.standing("2025-01-01").off_cadence


@pytest.mark.parametrize("frame", [{}, {"due": DUE}])
def test_without_a_recurrence_there_is_no_cadence(frame):
    assert not announced(kind="recurring", **frame).standing("2199-12-31").off_cadence


def test_a_recurrence_beyond_the_calendar_is_never_missed():
    story = announced(kind="recurring", recurrence="P999Y", anchor="2022-08-31").happened("occurrence_held")
    assert not story.standing("2199-12-31").off_cadence
    story = announced(kind="recurring", recurrence="P999Y9999M9999W99999D", anchor="2022-08-31")
    assert not story.happened("occurrence_held").standing("2199-12-31").off_cadence


def test_an_achievement_that_was_reviewed_as_less_diverges():
    short = {"no_evidence", "not_met", "limited", "substantial"}
    for rating in RATINGS:
        story = announced().happened("achieved", "2022-06-01").happened("reviewed", "2022-07-01", rating=rating)
        assert not story.standing("2022-06-30").divergence
        assert story.standing("2022-07-01").divergence == (rating in short)


def test_an_open_commitment_that_was_reviewed_as_full_diverges():
    for rating in RATINGS:
        story = announced().happened("started").happened("reviewed", rating=rating)
        assert story.standing("2023-01-01").divergence == (rating == "full")


@pytest.mark.parametrize("rating", RATINGS)
@pytest.mark.parametrize("outcome", ["abandoned", "superseded"])
def test_what_left_the_path_diverges_from_no_review(outcome, rating):
    assert not announced().happened("reviewed", rating=rating).happened(outcome).standing("2030-01-01").divergence


def test_without_a_review_nothing_diverges():
    assert not announced().happened("achieved").standing("2030-01-01").divergence


def test_asking_for_the_future_tells_what_will_be_overdue_then():
    story = announced(due="2040-06-30", recorded_on="2022-04-01")
    assert word(story, "2040-07-01") == "overdue"
    assert story.standing("2199-12-31").days_overdue == (date(2199, 12, 31) - date(2040, 6, 30)).days


def test_standing_is_computed_and_leaves_the_state_as_it_was():
    story = announced(due=DUE).happened("started")
    before = story.there("2023-06-01")
    first, second = (standing(before, date(2023, 6, 1)) for _ in range(2))
    assert first == second
    assert before == state_at(story.commitment.history.entries, date(2023, 6, 1), story.log_size())
    assert set(Standing._fields) & set(before._fields) == set()
