from datetime import date

import pytest

from domain.filters import Filters, Row, ordered, select, sort_key
from tests.in_memory import InMemoryLedger

V = date(2024, 1, 1)


@pytest.fixture(scope="module")
def ledger():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.publish("qq")
    ledger.announce("A1", due="2022-12-31", partners=["NATO", "UN"], themes=["cyber"], summary="Große Übung")
    ledger.announce("B1", due="2024-02-01", partners=["UN"], tier="action", themes=["sea"])
    ledger.announce("C1", programme="qq", kind="continuous", tier="narrative")
    ledger.record("C1", "started", "2023-12-01")
    ledger.announce("D1", due="2022-12-31", partners=["NATO"])
    ledger.record("D1", "achieved", "2022-11-01")
    ledger.record("D1", "reviewed", "2022-12-01", rating="limited", independence="peer")
    return ledger


def found(ledger, **asked):
    return [row.found.reference for row in select(ledger.commitments(V, len(ledger.all)), Filters(**asked), V)]


@pytest.mark.parametrize(
    ("asked", "references"),
    [
        ({}, ["A1", "B1", "C1", "D1"]),
        ({"programme": ("qq",)}, ["C1"]),
        ({"status": ("achieved", "started")}, ["C1", "D1"]),
        ({"timeliness": ("overdue",)}, ["A1"]),
        ({"tier": ("action", "narrative")}, ["B1", "C1"]),
        ({"kind": ("continuous",)}, ["C1"]),
        ({"partner": ("NATO",)}, ["A1", "D1"]),
        ({"partner": ("NAT",)}, []),
        ({"partner": ("NATO",), "theme": ("cyber", "sea")}, ["A1"]),
        ({"q": ("GROSSE üb",)}, ["A1"]),
        ({"q": ("commitment b", "große")}, ["A1", "B1"]),
        ({"undeclared_slip": True}, ["A1"]),
        ({"undeclared_slip": False, "divergence": False}, ["B1", "C1"]),
        ({"stale": True}, ["A1", "B1"]),
        ({"divergence": True}, ["D1"]),
    ],
)
def test_values_of_one_filter_are_alternatives_and_different_filters_must_all_be_met(ledger, asked, references):
    assert found(ledger, **asked) == references


def test_filters_that_ask_for_the_same_are_equal():
    assert Filters(status=("slipped", "achieved", "slipped"), q=("Sea",)) == Filters(
        status=("achieved", "slipped"), q=("sEA",)
    )
    assert Filters(programme=("a",)).asks_beyond_programme() is False
    assert Filters(stale=False).asks_beyond_programme() is True


def test_every_filter_is_printed_even_if_it_was_not_asked_for():
    answer = Filters(tier=("action",), stale=False).answer()
    assert answer["tier"] == ["action"]
    assert answer["stale"] is False
    assert answer["status"] == answer["q"] == []
    assert answer["divergence"] is None


@pytest.mark.parametrize(
    ("sort", "references"),
    [
        ("reference", ["A1", "B1", "C1", "D1"]),
        ("-reference", ["D1", "C1", "B1", "A1"]),
        ("due", ["A1", "D1", "B1", "C1"]),
        ("-due", ["B1", "A1", "D1", "C1"]),
        ("last_activity_on", ["D1", "C1", "A1", "B1"]),
        ("-last_activity_on", ["C1", "D1", "A1", "B1"]),
        ("status", ["D1", "A1", "B1", "C1"]),
        ("-status", ["C1", "A1", "B1", "D1"]),
    ],
)
def test_ties_go_by_reference_and_what_has_no_value_comes_last_in_both_directions(ledger, sort, references):
    rows = ordered(select(ledger.commitments(V, len(ledger.all)), Filters(), V), sort)
    assert [row.found.reference for row in rows] == references
    assert all(isinstance(row, Row) and sort_key(row, sort)[1] == row.found.reference for row in rows)
