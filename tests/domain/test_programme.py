"""A programme and its register of partners, which only ever grows."""

from copy import deepcopy
from datetime import UTC, date, datetime, time

import pytest

from domain.errors import Invalid, Refused
from domain.programme import EVENTS, Programme, fold_programme, programme_at
from domain.recording import Act
from domain.replay import known
from domain.vocabulary import PROGRAMME_KINDS

EU = {"code": "EU", "name": "European Union", "type": "organisation", "role": "implementer"}
NATO = {"code": "NATO", "name": "North Atlantic Treaty Organization", "type": "organisation"}
UN = {"code": "UN", "name": "United Nations", "type": "organisation"}


def act(position, recorded_on="2030-01-01"):
    day = date.fromisoformat(recorded_on)
    return Act(position, datetime.combine(day, time(9), UTC), day, "recorder-1", "recorder")


def details(**members):
    return {"code": "compass", "title": "Strategic Compass", "adopted_on": "2022-03-21", **members}


def published(*partners, on="2022-03-21", recorded_on="2030-01-01", **members):
    body = {"occurred_on": on, "details": details(partners=list(partners), **members)}
    return Programme.publish(body, act(5, recorded_on))


def record(programme, kind, on=None, recorded_on="2030-01-01", **fields):
    body = {"reason": "The text says otherwise"} if kind in ("rectified", "retracted") else {"statement": "Adopted."}
    body |= ({"occurred_on": on or "2023-01-01"} if "statement" in body or on else {}) | fields
    programme.record(kind, body, act(5 + 2 * programme.version, recorded_on))
    return programme


def refusal(programme, kind, error=Refused, **fields):
    """Give the refusal; nothing may have changed."""

    def picture():
        return programme.version, list(programme.entries), deepcopy(programme.now), len(programme.pending_events)

    before = picture()
    with pytest.raises(error) as refused:
        record(programme, kind, **fields)
    assert picture() == before
    return refused.value


def codes(programme):
    return list(programme.now.partners)


def test_a_programme_begins_with_what_was_published_and_its_register():
    now = published(EU, NATO, publisher="Council of the European Union").now
    assert (now.code, now.details["title"], now.details["publisher"]) == (
        "compass",
        "Strategic Compass",
        "Council of the European Union",
    )
    assert now.published_on.isoformat() == "2022-03-21"
    assert now.partners == {"EU": EU, "NATO": NATO}
    assert now.closed_on is None


def test_a_programme_may_begin_without_partners():
    assert codes(Programme.publish({"occurred_on": "2022-03-21", "details": details()}, act(5))) == []


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"code": "Compass"}, "/details/code"),
        ({"title": None}, "/details/title"),
        ({"adopted_on": "in spring"}, "/details/adopted_on"),
        ({"partners": [EU, NATO, EU]}, "/details/partners/2/code"),
        ({"partners": [EU | {"type": "planet"}]}, "/details/partners/0/type"),
        ({"partners": [EU | {"role": "friend"}]}, "/details/partners/0/role"),
        ({"partners": [EU | {"code": "eu"}]}, "/details/partners/0/code"),
        ({"commitments": []}, "/details/commitments"),
    ],
)
def test_a_programme_refuses_what_it_must_not_say(members, pointer):
    body = {"occurred_on": "2022-03-21", "details": details(**members)}
    with pytest.raises(Invalid) as invalid:
        Programme.publish(body, act(5))
    assert [fault.pointer for fault in invalid.value.faults] == [pointer]


def test_a_programme_is_not_published_in_the_future():
    with pytest.raises(Refused) as refused:
        published(on="2022-03-21", recorded_on="2022-03-20")
    assert (refused.value.rule, refused.value.version) == ("not-in-the-future", 1)


def test_the_parent_of_a_partner_stands_in_the_same_register():
    mission = {"code": "EUMAM", "name": "EU Military Assistance Mission", "type": "body", "parent": "EU"}
    assert codes(published(mission, EU)) == ["EUMAM", "EU"]
    with pytest.raises(Refused) as refused:
        published(mission)
    assert (refused.value.rule, refused.value.version) == ("parent-known", 1)
    refused = refusal(published(), "programme_amended", add_partners=[mission])
    assert (refused.rule, refused.version) == ("parent-known", 2)


@pytest.mark.parametrize("name", ["parent", "role", "short_name", "note"])
def test_what_a_partner_does_not_have_may_be_null(name):
    assert codes(published(NATO | {name: None})) == ["NATO"]
    programme = record(published(EU), "programme_amended", add_partners=[NATO | {name: None}])
    record(programme, "programme_amended", change_partners=[EU | {name: None}])
    assert codes(programme) == ["EU", "NATO"]


def test_an_amendment_changes_the_programme_and_extends_the_register():
    programme = published(EU, NATO, publisher="Council")
    renamed = NATO | {"short_name": "the Alliance"}
    record(programme, "programme_amended", changes={"title": "Compass", "publisher": None}, change_partners=[renamed])
    record(programme, "programme_amended", "2023-02-01", add_partners=[UN])
    assert programme.now.details == {"code": "compass", "title": "Compass", "adopted_on": "2022-03-21"}
    assert programme.now.partners == {"EU": EU, "NATO": renamed, "UN": UN}


def test_a_partner_is_added_once_and_changed_only_if_it_is_there():
    programme = published(EU)
    refused = refusal(programme, "programme_amended", add_partners=[EU])
    assert (refused.rule, refused.version, refused.accepted) == ("partner-new", 2, "change_partners")
    refused = refusal(programme, "programme_amended", change_partners=[UN])
    assert (refused.rule, refused.version, refused.accepted) == ("partner-known", 2, "add_partners")
    invalid = refusal(programme, "programme_amended", Invalid, add_partners=[UN], change_partners=[UN])
    assert [fault.pointer for fault in invalid.faults] == ["/change_partners/0/code"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, ""),
        ({"changes": {}}, ""),
        ({"changes": {"code": "other"}}, "/changes/code"),
        ({"changes": {"adopted_on": "2022"}}, "/changes/adopted_on"),
        ({"changes": {"title": None}}, "/changes/title"),
        ({"changes": {"title": "T"}, "remove_partners": ["EU"]}, "/remove_partners"),
        ({"changes": {"title": "T"}, "statement": None}, "/statement"),
    ],
)
def test_an_amendment_amends_something_and_nothing_else(fields, pointer):
    invalid = refusal(published(EU), "programme_amended", Invalid, **fields)
    assert [fault.pointer for fault in invalid.faults] == [pointer]


def test_after_the_close_only_corrections_follow():
    programme = record(published(EU), "programme_closed", "2025-12-31")
    assert programme.now.closed_on == date(2025, 12, 31)
    for kind, fields in (("programme_closed", {}), ("programme_amended", {"add_partners": [UN]})):
        refused = refusal(programme, kind, on="2026-01-01", **fields)
        assert (refused.rule, refused.version, refused.accepted) == ("programme-open", 3, "a correction")
    record(programme, "programme_amended", "2025-06-01", add_partners=[UN])
    assert codes(programme) == ["EU", "UN"]
    record(programme, "rectified", entry=1, changes={"details": {"title": "Compass"}})
    assert programme.now.details["title"] == "Compass"
    assert record(programme, "retracted", entry=2).now.closed_on is None


def test_nothing_takes_effect_before_the_publication():
    programme = published(EU)
    refused = refusal(programme, "programme_amended", on="2022-03-20", add_partners=[UN])
    assert (refused.rule, refused.version, refused.accepted) == (
        "not-before-publication",
        2,
        "a date on or after 2022-03-21",
    )
    record(programme, "programme_amended", "2022-04-01", add_partners=[UN])
    refused = refusal(programme, "rectified", entry=1, changes={"occurred_on": "2022-04-02"})
    assert (refused.rule, refused.version) == ("not-before-publication", 2)


def test_the_programme_is_asked_at_two_times():
    programme = published(EU)
    record(programme, "programme_amended", "2023-06-01", add_partners=[NATO])
    record(programme, "programme_closed", "2025-12-31")
    first, second, third = (entry.position for entry in programme.entries)

    def at(as_of, log_size):
        found = programme_at(programme.entries, date.fromisoformat(as_of), log_size)
        return found and (list(found.partners), found.closed_on is not None)

    assert at("2022-03-20", third) is None
    assert at("2030-01-01", first - 1) is None
    assert at("2030-01-01", first) == (["EU"], False)
    assert at("2023-05-31", second) == (["EU"], False)
    assert at("2023-06-01", second) == (["EU", "NATO"], False)
    assert at("2025-12-30", third) == (["EU", "NATO"], False)
    assert at("2025-12-31", third) == (["EU", "NATO"], True)
    assert at("2025-12-31", second) == (["EU", "NATO"], False)
    assert programme_at(programme.entries, None, third) == programme.now


def test_what_was_published_is_rectified_member_by_member():
    programme = published(EU, publisher="Council")
    record(programme, "rectified", entry=1, changes={"details": {"publisher": None, "partners": [EU, UN]}})
    assert programme.now.details == {"code": "compass", "title": "Strategic Compass", "adopted_on": "2022-03-21"}
    assert codes(programme) == ["EU", "UN"]
    assert list(programme_at(programme.entries, None, programme.entries[0].position).partners) == ["EU"]


def test_no_code_ever_leaves_the_register():
    programme = record(published(EU, NATO), "programme_amended", add_partners=[UN])
    for kind, fields in (
        ("rectified", {"entry": 1, "changes": {"details": {"partners": [EU]}}}),
        ("rectified", {"entry": 2, "changes": {"add_partners": [], "changes": {"title": "T"}}}),
        ("retracted", {"entry": 2}),
    ):
        refused = refusal(programme, kind, **fields)
        assert (refused.rule, refused.version) == ("register-only-grows", 3)
        assert "change_partners" in refused.accepted
    record(programme, "rectified", entry=1, changes={"details": {"partners": [EU, NATO | {"role": "forum"}]}})
    assert programme.now.partners["NATO"]["role"] == "forum"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"details": {"code": "other"}}, "/changes/details/code"),
        ({"details": {"visibility": "internal"}}, "/changes/details/visibility"),
        ({"details": {"title": None}}, "/changes/details/title"),
        ({"details": {"partners": [EU, EU]}}, "/changes/details/partners/1/code"),
        ({"occurred_on": None}, "/changes/occurred_on"),
        ({}, "/changes"),
    ],
)
def test_what_was_published_would_still_have_to_be_a_programme(changes, pointer):
    invalid = refusal(published(EU), "rectified", Invalid, entry=1, changes=changes)
    assert [fault.pointer for fault in invalid.faults] == [pointer]


def test_the_publication_cannot_be_retracted():
    refused = refusal(published(EU), "retracted", entry=1)
    assert (refused.rule, refused.version) == ("first-entry-stays", 1)


def test_a_correction_that_would_break_a_later_entry_names_it():
    programme = record(published(EU), "programme_amended", "2023-01-01", add_partners=[UN])
    record(programme, "programme_closed", "2025-12-31")
    refused = refusal(programme, "rectified", entry=3, changes={"occurred_on": "2022-12-31"})
    assert (refused.rule, refused.version) == ("programme-open", 2)
    refused = refusal(programme, "rectified", entry=1, changes={"details": {"partners": [EU, UN]}})
    assert (refused.rule, refused.version) == ("partner-new", 2)


def test_an_external_id_stands_once():
    programme = record(published(EU), "programme_amended", add_partners=[UN], external_id="cat:1")
    assert refusal(programme, "programme_closed", external_id="cat:1").rule == "external-id-once"


@pytest.mark.parametrize("kind", ["programme_published", "started", "finished"])
def test_a_programme_takes_the_kinds_of_a_programme(kind):
    assert EVENTS.keys() == set(PROGRAMME_KINDS)
    (fault,) = refusal(published(), kind, Invalid).faults
    assert fault.pointer == "/kind"
    assert set(fault.accepted.split(" | ")) == set(PROGRAMME_KINDS) - {"programme_published"}


def test_a_programme_made_again_from_its_events_is_the_same():
    programme = record(published(EU), "programme_amended", add_partners=[UN])
    again = None
    for event in programme.pending_events:
        again = event.mutate(again)
    assert again.entries == programme.entries
    assert again.now == programme.now == fold_programme(known(programme.entries).in_order())


def test_an_amendment_may_say_which_partners_it_speaks_of_like_every_other_entry():
    programme = published(EU, NATO)
    record(programme, "programme_amended", partners=["EU", "UN"], add_partners=[UN])
    assert programme.entries[-1].facts["partners"] == ["EU", "UN"]
    assert codes(programme) == ["EU", "NATO", "UN"]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("add_partners", {"add_partners": [UN, UN]}),
        ("change_partners", {"add_partners": [UN], "change_partners": [UN]}),
    ],
)
def test_a_partner_stands_once_in_an_amendment_of_the_register(name, fields):
    refused = refusal(published(EU), "programme_amended", Invalid, **fields)
    assert [fault.pointer.split("/")[1] for fault in refused.faults] == [name]
