from datetime import date
from hashlib import sha256
from typing import Final

import pytest
import rfc8785

from domain import vocabulary as words
from domain.answers import inverses
from domain.filters import Filters, select
from domain.report import Imprint, Scope, digest, status_report
from domain.report_figures import permille
from domain.report_material import Material
from tests.in_memory import InMemoryLedger

IMPRINT = Imprint("example.org/ledger", "cm9vdA==", "1.2.3")


@pytest.fixture(scope="module")
def ledger():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce("LATE", due="2022-12-31", partners=["NATO"], themes=["cyber"])
    ledger.announce("SLIP", due="2022-12-31", partners=["NATO"])
    ledger.record("SLIP", "slipped", "2023-01-10", forecast="2024-06-30")
    ledger.record("SLIP", "rebaselined", "2023-02-01", due="2024-02-15", authority="Council decision")
    ledger.record("SLIP", "started", "2023-03-01")
    ledger.announce("DONE", due="2022-12-31", tier="action", themes=["sea"])
    ledger.record("DONE", "achieved", "2023-01-05")
    ledger.record("DONE", "reviewed", "2023-06-01", rating="not_met", independence="independent", reviewer="A. Person")
    ledger.announce("GOOD", due="2022-12-31", kind="one_off")
    ledger.record("GOOD", "achieved", "2022-12-31")
    ledger.announce("WAIT", timeframe={"start_by": "2023-06-30"}, kind="continuous", tier="narrative")
    ledger.announce("EVERY", kind="recurring", timeframe={"recurrence": "P1Y", "anchor": "2022-06-01"})
    ledger.record("EVERY", "occurrence_held", "2022-06-10", ordinal=1)
    return ledger


def report(ledger, as_of="2024-01-01", compare_to=None, log_size=None, **asked):
    day = date.fromisoformat(as_of)
    moment = ledger.moment(len(ledger.all) if log_size is None else log_size)
    commitments = ledger.commitments(day, moment.log_size)
    material = Material(
        as_of=day,
        moment=moment,
        commitments=commitments,
        rows=select(commitments, Filters(**asked), day),
        programmes=[state for state, _, _ in ledger.programmes(day, moment.log_size)],
        related=inverses(commitments),
        courses=ledger.status_courses(moment.log_size),
        value_of=ledger.value_of,
        corrections=[],
        changes=None,
    )
    return status_report(Scope(filters=Filters(**asked), compare_to=compare_to), material, IMPRINT, rfc8785.dumps)


def references(items):
    return [item["reference"] for item in items]


def test_every_word_of_a_vocabulary_is_counted_in_its_order_even_if_nothing_fits(ledger):
    totals = report(ledger, as_of="2022-03-20")["totals"]
    assert list(totals["by_status"].items()) == [(word, 0) for word in words.STATUSES]
    assert list(totals["by_timeliness"].items()) == [(word, 0) for word in words.TIMELINESS]
    assert list(totals["by_tier"].items()) == [(word, 0) for word in words.TIERS]
    assert list(totals["by_kind"].items()) == [(word, 0) for word in words.COMMITMENT_KINDS]
    assert totals["by_partner"] == {}
    assert set(totals["share_permille"].values()) == {None}


def test_totals_count_every_row_and_the_headline_the_deliverables(ledger):
    made = report(ledger)
    assert made["totals"]["commitments"] == 6
    assert made["totals"]["open"] == 4
    assert made["totals"]["by_tier"] == {"deliverable": 4, "action": 1, "narrative": 1}
    assert made["headline"]["commitments"] == 4
    assert made["headline"]["by_tier"] == {"deliverable": 4, "action": 0, "narrative": 0}
    assert made["totals"]["by_status"]["achieved"] == 2
    assert made["headline"]["by_status"]["achieved"] == 1


def test_partners_of_the_register_are_counted_with_zero_and_themes_as_they_occur(ledger):
    totals = report(ledger)["totals"]
    assert list(totals["by_partner"].items()) == [("EDA", 0), ("NATO", 2), ("UN", 0)]
    assert totals["by_theme"] == {"cyber": 1, "sea": 1}


def test_shares_are_whole_thousandths(ledger):
    assert report(ledger)["totals"]["share_permille"] == {
        "achieved": 333,
        "met_of_achieved_with_due_date": 500,
        "overdue_of_open": 500,
        "undeclared_of_overdue": 1000,
    }


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [(0, 0, None), (0, 3, 0), (2, 3, 667), (1, 3, 333), (3, 3, 1000), (1, 2000, 0), (3, 2000, 2), (5, 2000, 2)],
)
def test_a_half_is_rounded_to_the_even_side(part, whole, share):
    assert permille(part, whole) == share


def test_lists_name_the_dates_that_put_a_commitment_there_the_most_urgent_first(ledger):
    lists = report(ledger)["lists"]
    assert lists["overdue"] == lists["undeclared_slips"]
    assert references(lists["overdue"]) == ["LATE", "WAIT"]
    assert lists["overdue"][1] == {
        "reference": "WAIT", "title": "Commitment WAIT", "tier": "narrative", "status": "announced",
        "timeliness": "start_overdue", "missed_on": "2023-06-30", "days_overdue": 185,
        "undeclared_slip": True, "forecast": None,
    }  # fmt: skip
    assert references(lists["due_soon"]) == ["SLIP"]
    assert (lists["due_soon"][0]["due_on"], lists["due_soon"][0]["days_left"]) == ("2024-02-15", 45)
    assert references(lists["stale"]) == ["LATE", "WAIT", "EVERY"]
    assert lists["stale"][0]["days_silent"] == 651
    assert [(item["reference"], item["rating"]) for item in lists["divergent"]] == [("DONE", "not_met")]


def test_a_slip_stays_listed_with_the_chain_of_targets_after_a_new_target_was_set(ledger):
    (item,) = report(ledger)["lists"]["slipped"]
    assert (item["reference"], item["slipped"], item["slip_count"], item["status"]) == ("SLIP", False, 1, "started")
    assert [target["due"] for target in item["targets"]] == ["2022-12-31", "2024-02-15"]


def test_a_recurring_series_is_listed_and_misses_its_cadence(ledger):
    lists = report(ledger)["lists"]
    (series,) = lists["recurring"]
    assert (series["held"], series["last_held_on"], series["next_on"]) == (1, "2022-06-10", "2023-06-10")
    assert series["off_cadence"] is True
    assert references(lists["off_cadence"]) == ["EVERY"]
    assert lists["off_cadence"][0]["days_overdue"] == 205


def test_a_partner_is_silent_while_no_commitment_of_it_shows_activity_whatever_is_filtered(ledger):
    def silent(**asked):
        return [item["code"] for item in report(ledger, **asked)["lists"]["silent_partners"]]

    assert silent() == ["UN"]
    assert silent(as_of="2023-02-28") == ["NATO", "UN"]
    assert silent(theme=("cyber",)) == ["UN"]
    assert silent(partner=("NATO",)) == []


def test_a_filtered_report_is_about_the_rows_it_shows(ledger):
    made = report(ledger, partner=("NATO",))
    assert references(made["commitments"]) == ["LATE", "SLIP"]
    assert made["totals"]["commitments"] == 2
    assert references(made["lists"]["overdue"]) == ["LATE"]


def test_the_programme_is_named_if_the_report_is_about_exactly_one(ledger):
    assert report(ledger)["programme"] is None
    assert report(ledger, programme=("pp",))["programme"] == "pp"
    assert report(ledger, programme=("pp", "qq"))["programme"] is None
    assert report(ledger, programme=("pp", "qq"))["filters"]["programme"] == ["pp", "qq"]


def test_a_report_prints_what_is_needed_to_repeat_it(ledger):
    made = report(ledger)
    assert list(made) == [
        "programme", "programmes", "filters", "as_of", "log_size", "known_at", "rules", "version", "log", "totals",
        "headline", "lists", "status_over_time", "by_partner", "by_theme", "commitments", "corrections", "changes",
        "appendix", "digest",
    ]  # fmt: skip
    assert made["rules"] == 1
    assert made["version"] == "1.2.3"
    assert made["log"] == {"origin": "example.org/ledger", "size": len(ledger.all), "root": "cm9vdA=="}
    assert made["filters"]["visibility"] == "public"


def test_the_digest_is_that_of_the_facts_alone(ledger):
    made = report(ledger)
    told_otherwise = made | {"digest": "", "log_size": 1, "known_at": None, "log": {}, "corrections": [1], "version": 9}
    assert digest(told_otherwise, rfc8785.dumps) == made["digest"]
    done = next(row for row in made["commitments"] if row["reference"] == "DONE")
    assert done["assessment"]["reviewer"] == "A. Person"
    reworded = done | {"assessment": done["assessment"] | {"reviewer": "[erased]"}, "version": 99, "log_size": 1}
    assert digest({"commitments": [reworded]}, rfc8785.dumps) == digest({"commitments": [done]}, rfc8785.dumps)
    rated = done | {"assessment": done["assessment"] | {"rating": "full"}}
    assert digest({"commitments": [rated]}, rfc8785.dumps) != digest({"commitments": [done]}, rfc8785.dumps)


def test_the_digest_depends_on_filters_and_day_and_not_on_entries_that_say_nothing_new():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce("A1", due="2022-12-31")
    before = report(ledger)
    ledger.record("A1", "evidence_added", "2023-01-01", entry=1, evidence=[{"title": "Scan", "grade": "A"}])
    after = report(ledger)
    assert (after["log_size"], after["digest"]) == (before["log_size"] + 1, before["digest"])
    assert report(ledger, as_of="2024-01-02")["digest"] != before["digest"]
    assert report(ledger, tier=("deliverable",))["digest"] != before["digest"]
    assert report(ledger, compare_to=date(2023, 1, 1))["digest"] != before["digest"]


def test_what_was_reported_stays_reported_whatever_is_recorded_later(ledger):
    size = len(ledger.all)
    before = report(ledger, log_size=size)
    ledger.record("LATE", "achieved", "2022-12-01")
    assert report(ledger, log_size=size) == before
    assert report(ledger)["digest"] != before["digest"]


LEFT_OUT: Final = {
    "digest", "log_size", "known_at", "log", "corrections", "version", "appendix",
    "statement", "cause", "authority", "reason", "reviewer", "note",
}  # fmt: skip
LEFT_OUT_OF_EVIDENCE: Final = {"title", "url", "archived_url", "publisher", "published_on", "retrieved_on"}


def facts(value, left_out=frozenset(LEFT_OUT)):
    if isinstance(value, list):
        return [facts(item, left_out) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: facts(member, LEFT_OUT | LEFT_OUT_OF_EVIDENCE if name == "evidence" else frozenset(LEFT_OUT))
        for name, member in value.items()
        if name not in left_out
    }


def test_the_digest_is_that_of_the_facts_at_every_depth(ledger):
    for as_of in ("2022-03-20", "2023-07-01", "2024-01-01"):
        made = report(ledger, as_of=as_of)
        assert made["digest"] == sha256(rfc8785.dumps(facts(made))).hexdigest()
        assert any(row["targets"][0]["version"] for row in made["commitments"]) == bool(made["commitments"])
