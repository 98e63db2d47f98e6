from datetime import UTC, date, datetime, timedelta

import pytest
import rfc8785

from application import replaying
from application.access import Sight, nobody
from application.errors import BadQuestion, NotPermitted, Unknown
from application.reporting import ChangesQuery, Press, Reader, StatusQuery, changes, status_report
from application.two_times import resolve
from domain.filters import Filters
from domain.report import Scope
from tests.in_memory import FIRST, PARTNERS, InMemoryLedger

V = date(2024, 1, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PUBLIC = Reader(may_read_internal=False, today=V, now=NOW)
AUDITOR = Reader(may_read_internal=True, today=V, now=NOW)
PRESS = Press(origin="example.org/ledger", version="1.2.3", canonical=rfc8785.dumps)


@pytest.fixture
def ledger():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce("A1", due="2022-12-31", partners=["NATO"])
    ledger.record("A1", "started", "2022-06-01")
    return ledger


@pytest.fixture
def secretive(ledger):
    """A1 is public; B1 is internal, and so is all of the programme `secret` with C1."""
    ledger.publish("secret", visibility="internal", partners=[*PARTNERS, {**PARTNERS[0], "code": "X"}])
    ledger.announce("B1", visibility="internal", partners=["UN"], relations=[{"type": "part_of", "reference": "A1"}])
    ledger.announce("C1", programme="secret")
    ledger.record("C1", "started", "2023-06-01")
    ledger.record("C1", "rectified", entry=2, changes={"occurred_on": "2023-05-01"})
    return ledger


def report(ledger, reader=PUBLIC, *, filters=None, visibility_all=False, compare_to=None, **times):
    scope = Scope(filters=filters or Filters(), visibility_all=visibility_all, compare_to=compare_to)
    return status_report(ledger, StatusQuery(scope=scope, **times), reader, PRESS)


def references(answers):
    return [each["reference"] for each in answers]


def asked(ledger, **times):
    return resolve(ledger, **({"as_of": None, "log_size": None, "known_at": None, "today": V, "now": NOW} | times))


# Two times


def test_by_default_a_question_is_about_today_with_everything_known(ledger):
    assert asked(ledger) == (V, ledger.head)


def test_an_instant_is_another_way_to_say_how_much_is_known(ledger):
    second = FIRST + timedelta(minutes=1)
    assert asked(ledger, known_at=second) == asked(ledger, log_size=2)
    assert asked(ledger, known_at=second - timedelta(microseconds=1)) == asked(ledger, log_size=1)
    assert asked(ledger, known_at=FIRST - timedelta(days=1)) == asked(ledger, log_size=0)
    assert asked(ledger, log_size=0)[1].recorded_at is None


def test_what_an_answer_echoed_can_be_asked_even_if_the_clock_is_behind_it(ledger):
    assert asked(ledger, known_at=ledger.head.recorded_at, now=FIRST)[1] == ledger.head


@pytest.mark.parametrize(
    ("times", "parameter"),
    [
        ({"log_size": 4}, "log_size"),
        ({"log_size": -1}, "log_size"),
        ({"known_at": NOW + timedelta(seconds=1)}, "known_at"),
        ({"known_at": datetime(2026, 1, 1)}, "known_at"),  # noqa: DTZ001 -- it is what is refused
        ({"known_at": FIRST, "log_size": 1}, "known_at"),
        ({"as_of": date(1899, 12, 31)}, "as_of"),
        ({"as_of": date(2200, 1, 1)}, "as_of"),
    ],
)
def test_times_that_cannot_be_answered_for_are_refused_with_what_can(ledger, times, parameter):
    with pytest.raises(BadQuestion) as refused:
        asked(ledger, **times)
    assert refused.value.parameter == parameter
    assert refused.value.accepted


@pytest.mark.parametrize("as_of", [date(1900, 1, 1), date(2199, 12, 31)])
def test_the_first_and_the_last_day_are_answered_for(ledger, as_of):
    assert report(ledger, as_of=as_of)["as_of"] == as_of.isoformat()


# The status report


def test_a_report_at_the_same_two_times_is_the_same_for_ever_and_to_everybody(secretive):
    size = len(secretive.all)
    known_at = secretive.head.recorded_at
    before = report(secretive, log_size=size)
    secretive.record("A1", "achieved", "2022-10-01")
    assert report(secretive, log_size=size) == before
    assert report(secretive, known_at=known_at) == before
    assert report(secretive, AUDITOR, log_size=size) == before
    assert report(secretive)["digest"] != before["digest"]


def test_nothing_was_known_before_the_first_entry(ledger):
    empty = report(ledger, log_size=0)
    assert (empty["log_size"], empty["known_at"], empty["commitments"]) == (0, None, [])
    assert empty["totals"]["by_partner"] == {}


def test_nothing_internal_shows_in_a_public_report(secretive):
    public = report(secretive, AUDITOR)
    assert references(public["commitments"]) == ["A1"]
    assert public["commitments"][0]["related"] == []
    assert "X" not in public["totals"]["by_partner"]
    assert public["corrections"] == []
    assert [item["programme"] for item in public["lists"]["silent_partners"]] == ["pp"]
    assert report(secretive, filters=Filters(programme=("secret",)))["commitments"] == []


def test_internal_commitments_are_reported_to_those_who_may_read_them_if_they_ask(secretive):
    everything = report(secretive, AUDITOR, visibility_all=True)
    assert references(everything["commitments"]) == ["A1", "B1", "C1"]
    assert everything["filters"]["visibility"] == "all"
    assert everything["commitments"][0]["related"] == [{"type": "has_part", "reference": "B1"}]
    assert references(everything["corrections"]) == ["C1"]
    with pytest.raises(NotPermitted):
        report(secretive, PUBLIC, visibility_all=True)


def test_a_word_that_no_commitment_can_have_is_refused_and_an_unknown_code_finds_nothing(ledger):
    with pytest.raises(BadQuestion) as refused:
        report(ledger, filters=Filters(status=("done",)))
    assert refused.value.parameter == "status"
    assert "achieved" in refused.value.accepted
    assert report(ledger, filters=Filters(programme=("nowhere",), partner=("ZZ",)))["commitments"] == []


def test_a_comparison_shows_what_happened_since_and_without_a_date_there_is_none(ledger):
    assert report(ledger)["changes"] is None
    compared = report(ledger, compare_to=date(2022, 5, 31))["changes"]
    assert references(compared["events"]["started"]) == ["A1"]
    assert references(compared["moved"]) == ["A1"]
    with pytest.raises(BadQuestion):
        report(ledger, compare_to=date(2024, 1, 2))


def test_the_register_of_corrections_belongs_to_what_is_asked_for(ledger):
    ledger.announce("B1", programme="pp", tier="action")
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2022-05-01"})
    ledger.record("B1", "rectified", entry=1, changes={"occurred_on": "2024-06-01"})
    ledger.amend("pp", "rectified", entry=1, changes={"details": {"title": "A better title"}}, reason="A slip.")
    assert references(report(ledger)["commitments"]) == ["A1"]
    assert references(report(ledger)["corrections"]) == ["A1", "B1", "pp"]
    assert references(report(ledger, filters=Filters(tier=("deliverable",)))["corrections"]) == ["A1"]
    assert references(report(ledger, log_size=5)["corrections"]) == ["A1"]


def test_a_correction_leaves_the_register_of_a_smaller_log_as_it_was(ledger):
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2022-05-01"})
    ledger.record("A1", "retracted", entry=3)
    assert [each["counts"] for each in report(ledger)["corrections"]] == [False, True]
    assert [each["counts"] for each in report(ledger, log_size=4)["corrections"]] == [True]


# Changes


def test_changes_between_dates_are_those_of_the_report(ledger):
    query = ChangesQuery(since=date(2022, 5, 31), until=V)
    answer = changes(ledger, query, PUBLIC)
    compared = report(ledger, compare_to=date(2022, 5, 31))["changes"]
    assert {name: answer[name] for name in compared} == compared
    assert (answer["as_of"], answer["log_size"]) == ("2024-01-01", 3)
    assert changes(ledger, ChangesQuery(since=date(2022, 5, 31)), PUBLIC) == answer


def test_changes_between_log_sizes_are_what_was_recorded_about_the_past(ledger):
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2024-06-01"})
    answer = changes(ledger, ChangesQuery(from_log_size=3, to_log_size=4, as_of=V), PUBLIC)
    (changed,) = answer["changed"]
    assert (changed["before"]["status"], changed["after"]["status"]) == ("started", "announced")
    assert references(answer["corrections"]) == ["A1"]
    assert answer["counts"] == {"changed": 1, "corrections": 1}
    assert changes(ledger, ChangesQuery(from_log_size=4), PUBLIC)["changed"] == []


def test_changes_show_nothing_internal_unless_asked_for(secretive):
    query = ChangesQuery(from_log_size=0)
    assert references(changes(secretive, query, AUDITOR)["changed"]) == ["A1"]
    assert changes(secretive, query, AUDITOR)["corrections"] == []
    everything = changes(secretive, ChangesQuery(from_log_size=0, visibility_all=True), AUDITOR)
    assert references(everything["changed"]) == ["A1", "B1", "C1"]
    assert references(everything["corrections"]) == ["C1"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        (ChangesQuery(), "from"),
        (ChangesQuery(until=V), "from"),
        (ChangesQuery(since=V, until=date(2023, 1, 1)), "from"),
        (ChangesQuery(since=date(2023, 1, 1), until=date(2200, 1, 1)), "to"),
        (ChangesQuery(since=V, as_of=V), "as_of"),
        (ChangesQuery(since=V, from_log_size=1), "from_log_size"),
        (ChangesQuery(to_log_size=1), "from_log_size"),
        (ChangesQuery(from_log_size=2, to_log_size=1), "from_log_size"),
        (ChangesQuery(from_log_size=1, to_log_size=9), "to_log_size"),
        (ChangesQuery(from_log_size=1, log_size=2), "log_size"),
        (ChangesQuery(from_log_size=1, known_at=FIRST), "known_at"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(ledger, query, parameter):
    with pytest.raises(BadQuestion) as refused:
        changes(ledger, query, PUBLIC)
    assert refused.value.parameter == parameter


# Commitments and programmes


def at(ledger, log_size=None):
    return V, ledger.head if log_size is None else ledger.moment(log_size)


def test_a_commitment_is_unknown_before_it_was_recorded_or_announced_or_to_the_public(secretive):
    assert replaying.commitment(secretive, "A1", *at(secretive), sight=nobody())["status"] == "started"
    for reference, as_of, size in [("A1", V, 1), ("A1", date(2022, 3, 20), 3), ("B1", V, 9), ("ZZ", V, 9)]:
        with pytest.raises(Unknown):
            replaying.commitment(
                secretive, reference, as_of, secretive.moment(min(size, len(secretive.all))), sight=nobody()
            )


def test_the_inverse_of_an_internal_relation_is_shown_to_those_who_may_read_it(secretive):
    for may, related in [(False, []), (True, [{"type": "has_part", "reference": "B1"}])]:
        sight = Sight(None) if may else nobody()
        answer = replaying.commitment(secretive, "A1", *at(secretive), sight=sight)
        assert answer["related"] == related
        listed = replaying.commitments(
            secretive, Filters(), "reference", *at(secretive), sight=Sight(None) if may else nobody()
        )
        assert listed.page(0, 1) == [answer]


def test_a_list_is_read_page_by_page(ledger):
    for number in range(2, 6):
        ledger.announce(f"A{number}")
    found = replaying.commitments(ledger, Filters(), "-due", *at(ledger), sight=nobody())
    read, first = [], 0
    while page := found.page(first, 2):
        read += references(page)
        first = found.after(found.keys()[first + len(page) - 1])
    assert read == ["A1", "A2", "A3", "A4", "A5"]
    assert len(found) == 5
    with pytest.raises(BadQuestion):
        replaying.commitments(ledger, Filters(), "title", *at(ledger), sight=nobody())


def test_a_history_tells_what_became_of_every_entry(ledger):
    ledger.record("A1", "reviewed", "2023-01-01", rating="limited", independence="peer", reviewer="A. Person")
    ledger.record("A1", "achieved", "2024-06-01")
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2022-05-01", "statement": "It began in May."})
    ledger.record("A1", "retracted", entry=3)
    items = replaying.history(ledger, "A1", *at(ledger), sight=nobody())
    assert [item["version"] for item in items] == [1, 2, 3, 4, 5, 6]
    assert [item["counts"] for item in items] == [True, True, False, False, False, False]
    assert [item["retracted"] for item in items] == [False, False, True, False, False, False]
    assert [item["corrected_by"] for item in items] == [[], [5], [], [], [], []]
    assert [item["status_after"] for item in items] == ["announced", "started", None, None, None, None]
    assert [item["reading"] is None for item in items] == [True, False, True, True, True, True]
    assert items[1]["statement"] == "It was started."
    reading = items[1]["reading"]
    assert (reading["statement"], reading["effective_on"]) == ("It began in May.", "2022-05-01")


def test_a_history_at_a_smaller_log_shows_what_was_known_then(ledger):
    ledger.record("A1", "rectified", entry=2, changes={"occurred_on": "2022-05-01"})
    before = replaying.history(ledger, "A1", *at(ledger, 3), sight=nobody())
    assert [item["version"] for item in before] == [1, 2]
    assert before[1]["reading"] is None
    with pytest.raises(Unknown):
        replaying.history(ledger, "A1", *at(ledger, 1), sight=nobody())


def test_programmes_and_partners_come_with_the_numbers_of_their_commitments(secretive):
    (public,) = replaying.programmes(secretive, *at(secretive), sight=nobody())
    assert (public["code"], public["commitments"], public["visibility"]) == ("pp", 1, "public")
    assert [(each["code"], each["role"], each["commitments"]) for each in public["partners"]] == [
        ("NATO", "partner", 1),
        ("UN", "partner", 0),
        ("EDA", "implementer", 0),
    ]
    assert replaying.partners(secretive, *at(secretive), sight=nobody()) == public["partners"]
    everything = replaying.programmes(secretive, *at(secretive), sight=Sight(None))
    assert [(each["code"], each["commitments"]) for each in everything] == [("pp", 2), ("secret", 1)]
    assert replaying.programme(secretive, "pp", *at(secretive), sight=nobody()) == public


def test_an_internal_programme_is_unknown_to_the_public_and_so_is_its_history(secretive):
    for use_case in (replaying.programme, replaying.programme_history):
        with pytest.raises(Unknown):
            use_case(secretive, "secret", *at(secretive), sight=nobody())
        assert use_case(secretive, "secret", *at(secretive), sight=Sight(None))


def test_the_history_of_a_programme_shows_its_corrections(ledger):
    ledger.amend("pp", "rectified", entry=1, changes={"details": {"title": "A better title"}}, reason="A slip.")
    first, correction = replaying.programme_history(ledger, "pp", *at(ledger), sight=nobody())
    assert (first["counts"], first["corrected_by"], correction["counts"]) == (True, [2], False)
    assert first["details"]["title"] == "Programme pp"
    assert first["reading"]["details"]["title"] == "A better title"
    assert first["status_after"] is None


# The appendix


def appended(ledger, reader=PUBLIC, **asked):
    return status_report(ledger, StatusQuery(**asked), reader, PRESS)["appendix"]


def test_the_appendix_holds_the_history_of_every_commitment_of_the_report_as_it_is_told_alone(secretive):
    secretive.record("A1", "rectified", entry=2, changes={"occurred_on": "2022-05-01", "statement": "Earlier."})
    (own,) = appended(secretive, appendix=True)
    alone = replaying.history(secretive, "A1", *at(secretive), sight=nobody())
    assert own == {"reference": "A1", "items": alone}
    assert [len(each["items"]) for each in appended(secretive, appendix=True, log_size=3)] == [2]
    everything = appended(secretive, AUDITOR, appendix=True, scope=Scope(visibility_all=True))
    assert references(everything) == ["A1", "B1", "C1"]


@pytest.mark.parametrize(
    ("form", "count", "there"),
    [("json", 2, False), ("csv", 2, False), ("html", 2, True), ("pdf", 2, True), ("html", 301, False)],
)
def test_unasked_the_formats_to_be_read_have_an_appendix_up_to_300_commitments(form, count, there):
    ledger = InMemoryLedger()
    ledger.publish()
    for number in range(count):
        ledger.announce(f"A{number}")
    assert (appended(ledger, format=form) is not None) is there
    assert appended(ledger, format=form, appendix=False) is None
    assert len(appended(ledger, format="json", appendix=True)) == count


def test_an_appendix_for_more_than_1000_commitments_is_refused_with_what_would_do():
    ledger = InMemoryLedger()
    ledger.publish()
    for number in range(1_001):
        ledger.announce(f"A{number}", tier="action" if number else "deliverable")
    with pytest.raises(BadQuestion) as refused:
        appended(ledger, appendix=True)
    assert refused.value.parameter == "appendix"
    assert "1000" in refused.value.accepted
    assert len(appended(ledger, appendix=True, scope=Scope(filters=Filters(tier=("deliverable",))))) == 1


def test_the_digest_is_the_same_with_an_appendix_and_without(ledger):
    with_appendix = status_report(ledger, StatusQuery(appendix=True), PUBLIC, PRESS)
    assert with_appendix["digest"] == report(ledger)["digest"]
    assert with_appendix | {"appendix": None} == report(ledger)


# Nothing, and one


def test_a_report_about_nothing_has_sound_figures():
    ledger = InMemoryLedger()
    empty = report(ledger)
    assert empty["programmes"] == empty["by_partner"] == empty["by_theme"] == empty["commitments"] == []
    assert set(empty["totals"]["share_permille"].values()) == {None}
    assert empty["totals"]["slipped"]["moved"] == {"total_days": 0, "median_days": None, "most_days": None}
    assert [point["on"] for point in empty["status_over_time"]["points"]] == ["2024-01-01"]
    assert appended(ledger, appendix=True) == []


def test_a_report_about_one_achieved_commitment_has_sound_figures():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce("A1", due="2023-06-30", partners=["UN"], themes=["cyber"])
    ledger.record("A1", "rebaselined", "2023-01-01", due="2023-09-30", authority="Council")
    ledger.record("A1", "achieved", "2023-09-20")
    one = report(ledger)
    assert one["headline"]["achieved"]["current"]["in_time"] == 1
    assert one["headline"]["achieved"]["original"] == {
        "in_time": 0, "late": 1, "no_date": 0, "total_days_late": 82, "median_days_late": 82, "most_days_late": 82,
    }  # fmt: skip
    assert one["headline"]["slipped"]["moved"] == {"total_days": 92, "median_days": 92, "most_days": 92}
    assert one["headline"]["acceptance"]["achieved_by_best_grade"]["B"] == 1
    assert one["headline"]["share_permille"]["achieved"] == 1000
    (item,) = one["lists"]["achieved"]
    assert (item["best_grade"], item["evidence"][0]["url"]) == ("B", "https://example.org/declaration")
    assert one["by_theme"][0]["theme"] == "cyber"
    assert [(each["code"], each["commitments"], each["last_activity_on"]) for each in one["by_partner"]] == [
        ("NATO", 0, None), ("UN", 1, "2023-09-20"), ("EDA", 0, None),
    ]  # fmt: skip
    assert one["status_over_time"]["points"][-1]["deliverable"]["achieved"] == 1


def test_erasing_the_text_of_evidence_changes_no_digest(ledger):
    position = ledger.record("A1", "achieved", "2022-10-01")
    before = report(ledger)
    ledger.erase(position, "evidence")
    after = report(ledger)
    assert after["lists"]["achieved"][0]["evidence"][0]["title"] == "[erased]"
    assert after["digest"] == before["digest"]
