"""What recording has in common for every stream: ids, the day of effect, what an entry keeps of a body."""

from datetime import UTC, date, datetime
from uuid import NAMESPACE_URL, uuid5

import pytest

from domain.commitment import Commitment
from domain.errors import Invalid, Refused
from domain.ledger_stream import STREAM, LedgerStream
from domain.programme import Programme
from domain.recording import NAMESPACE, Act
from tests.scenario import announced, announcement

INSTANT = datetime(2022, 7, 1, 22, 30, tzinfo=UTC)


def test_streams_are_named_by_uuids_that_anybody_can_compute():
    namespace = uuid5(NAMESPACE_URL, "urn:implementation-ledger")
    assert str(NAMESPACE) == str(namespace) == "c92d4218-f8f0-510c-a126-ecd720b63dbf"
    assert Commitment.id_of("SC-1") == uuid5(namespace, "commitment:SC-1")
    assert Programme.id_of("compass") == uuid5(namespace, "programme:compass")
    assert uuid5(namespace, "ledger") == STREAM
    assert announced().commitment.id == uuid5(namespace, "commitment:SC-1")


def test_an_entry_carries_who_when_and_where_and_the_facts_of_the_body():
    story = announced("2022-03", recorded_on="2022-07-01", summary=None, partners=[])
    (entry,) = story.commitment.history.entries
    assert (entry.position, entry.version, entry.kind) == (story.log_size(), 1, "announced")
    assert (entry.recorded_by, entry.role) == ("recorder-1", "recorder")
    assert entry.recorded_at.date() == date(2022, 7, 1)
    assert entry.facts == {
        "occurred_on": "2022-03",
        "effective_on": "2022-03-31",
        "language": "en",
        "commitment": announcement()["commitment"],
    }


def test_the_language_is_english_unless_said():
    story = announced().happened("started", language="fr")
    assert story.commitment.history.entries[1].facts["language"] == "fr"


def test_the_day_of_recording_is_that_of_the_ledgers_time_zone():
    tomorrow = Act(1, INSTANT, date(2022, 7, 2), "recorder-1", "recorder")
    commitment = Commitment.announce(announcement("2022"), tomorrow, frozenset())
    assert commitment.history.entries[0].effective_on == date(2022, 7, 2)
    commitment.record("started", {"occurred_on": "2022-07-02", "statement": "s"}, tomorrow, frozenset())
    assert commitment.history.state.status == "started"


def token_created(**fields):
    return {"token": "t-1", "actor": "recorder-1", "granted_role": "recorder", **fields}


def test_the_ledgers_own_entries_are_dated_on_the_day_of_recording():
    stream = LedgerStream.open(
        "token_created", token_created(), Act(1, INSTANT, INSTANT.date(), "local", "administrator")
    )
    stream.record(
        "token_revoked",
        {"token": "t-1", "actor": "recorder-1"},
        Act(2, INSTANT, INSTANT.date(), "local", "administrator"),
    )
    opened, revoked = (event.entry for event in stream.pending_events)
    assert (stream.id, stream.version) == (STREAM, 2)
    assert [(entry.version, entry.kind, entry.facts["effective_on"]) for entry in (opened, revoked)] == [
        (1, "token_created", "2022-07-01"),
        (2, "token_revoked", "2022-07-01"),
    ]


@pytest.mark.parametrize("fields", [{"granted_role": "king"}, {"actor": "Some Body"}, {"token": None}, {"secret": "x"}])
def test_the_ledgers_own_entries_have_their_form(fields):
    with pytest.raises(Invalid):
        LedgerStream.open(
            "token_created", token_created(**fields), Act(1, INSTANT, INSTANT.date(), "local", "administrator")
        )


def test_the_ledgers_own_entries_are_not_in_the_future():
    with pytest.raises(Refused, match="not-in-the-future"):
        LedgerStream.open(
            "token_created",
            token_created(occurred_on="2022-07-02"),
            Act(1, INSTANT, INSTANT.date(), "local", "administrator"),
        )
