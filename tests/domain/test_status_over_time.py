from datetime import date

import pytest

from domain.status_over_time import status_over_time
from domain.vocabulary import STATUSES
from tests.in_memory import InMemoryLedger


@pytest.fixture
def ledger():
    ledger = InMemoryLedger()
    ledger.publish(adopted_on="2022-03")
    ledger.announce("A1", on="2022-03-31")
    ledger.announce("B1", on="2022-04-05", tier="narrative")
    ledger.record("A1", "started", "2022-04-30")
    ledger.record("A1", "progressed", "2022-05-02")
    ledger.record("B1", "started", "2022-05-31")
    ledger.record("A1", "achieved", "2022-06-10")
    return ledger


def told(ledger, as_of, tiers=None, log_size=None):
    day, size = date.fromisoformat(as_of), len(ledger.all) if log_size is None else log_size
    tiers = {"A1": "deliverable", "B1": "narrative"} if tiers is None else tiers
    programmes = [state for state, _, _ in ledger.programmes(day, size)]
    return status_over_time(programmes, tiers, ledger.status_courses(size), day)


def counted(points, scope="all"):
    return [(point["on"], {word: count for word, count in point[scope].items() if count}) for point in points]


def test_statuses_are_counted_at_the_end_of_every_month_since_the_adoption_and_on_the_day_itself(ledger):
    answer = told(ledger, "2022-06-10")
    assert (answer["from"], answer["to"]) == ("2022-03-01", "2022-06-10")
    assert counted(answer["points"]) == [
        ("2022-03-31", {"announced": 1}),
        ("2022-04-30", {"announced": 1, "started": 1}),
        ("2022-05-31", {"started": 2}),
        ("2022-06-10", {"started": 1, "achieved": 1}),
    ]
    assert counted(answer["points"], "deliverable")[-2:] == [
        ("2022-05-31", {"started": 1}),
        ("2022-06-10", {"achieved": 1}),
    ]
    assert list(answer["points"][0]["all"]) == list(STATUSES)


def test_the_last_day_of_a_month_is_not_told_twice(ledger):
    days = [point["on"] for point in told(ledger, "2022-04-30")["points"]]
    assert days == ["2022-03-31", "2022-04-30"]


def test_what_was_not_known_yet_is_not_counted_and_only_what_the_report_is_about_is(ledger):
    assert counted(told(ledger, "2022-06-10", log_size=3)["points"])[-1] == ("2022-06-10", {"announced": 2})
    assert counted(told(ledger, "2022-06-10", tiers={"B1": "narrative"})["points"])[-1][1] == {"started": 1}


@pytest.mark.parametrize("as_of", ["2022-03-20", "2021-12-31"])
def test_before_the_first_commitment_there_is_one_point_and_nothing_on_it(ledger, as_of):
    answer = told(ledger, as_of, tiers={})
    assert [point["on"] for point in answer["points"]] == [as_of]
    assert not any(answer["points"][0]["all"].values())


def test_steps_join_equal_statuses():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce("A1", on="2022-03-21", due="2022-12-31")
    for kind, on in (("started", "2022-04-01"), ("progressed", "2022-05-01"), ("slipped", "2022-06-01")):
        ledger.record("A1", kind, on)
    ledger.record("A1", "slipped", "2022-07-01")
    steps = (("2022-03-21", "announced"), ("2022-04-01", "started"), ("2022-06-01", "slipped"))
    assert dict(ledger.status_courses(len(ledger.all))) == {"A1": steps}
