"""Sessions on both databases, as several processes see them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from application.access import Caller
from application.sessions import Lifetime
from infrastructure.callers.sessions import Sessions, SignInUsedError
from tests.stores import Store

LIFETIME = Lifetime(timedelta(minutes=30), timedelta(hours=8))
ADA = Caller("oidc-ada", "recorder", frozenset({"harbour"}))
BOB = Caller("oidc-bob", "auditor")


@pytest.fixture
def here(store: Store) -> Iterator[Sessions]:
    sessions = Sessions(store.database, LIFETIME, store.clock)
    yield sessions
    sessions.close()


@pytest.fixture
def there(store: Store) -> Iterator[Sessions]:
    """The same sessions, as another process has them open."""
    other = store.another()
    sessions = Sessions(other.database, LIFETIME, store.clock)
    yield sessions
    sessions.close()
    other.close()


def test_a_session_is_known_and_ended_in_every_process(here: Sessions, there: Sessions) -> None:
    ada, bob = here.begin(ADA, b"first"), here.begin(BOB, b"second")
    found = there.find(ada)
    assert found is not None
    assert found.caller == ADA
    there.end(ada)
    assert here.find(ada) is None
    assert here.find(bob) is not None
    assert [each.caller for each in here.open_ones()] == [BOB]
    assert there.end_all("oidc-bob") == 1
    assert here.find(bob) is None
    assert there.end_all(None) == 0


def test_a_sign_in_begins_one_session_whatever_process_is_asked(here: Sessions, there: Sessions) -> None:
    assert not there.was_used(b"once")
    here.begin(ADA, b"once")
    assert there.was_used(b"once")
    with pytest.raises(SignInUsedError):
        there.begin(ADA, b"once")


def test_sessions_are_forgotten_when_they_cannot_be_open_any_more(store: Store, here: Sessions) -> None:
    old = here.begin(ADA, b"old")
    here.end(old)
    store.clock.move(hours=7)
    here.begin(BOB, b"later")
    assert here.was_used(b"old")
    store.clock.move(hours=2)
    here.begin(BOB, b"now")
    assert not here.was_used(b"old")
    assert len(here.open_ones()) == 1


def test_an_id_that_nobody_has_is_no_session(here: Sessions) -> None:
    assert here.find("") is None
    assert here.find("made up") is None


@pytest.fixture
def vouched(store: Store) -> Iterator[Sessions]:
    """Sessions under a secret that is not in the database."""
    sessions = Sessions(store.database, LIFETIME, store.clock, "what the provider gave us")
    yield sessions
    sessions.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sessions SET role = 'administrator'",
        "UPDATE sessions SET actor = 'oidc-bob'",
        "UPDATE sessions SET programmes = NULL",
        "UPDATE sessions SET began_at = began_at + 1",
    ],
)
def test_whoever_changes_the_row_of_their_session_is_signed_out(
    store: Store, vouched: Sessions, statement: str
) -> None:
    ada = vouched.begin(ADA, b"first")
    assert vouched.find(ada) is not None
    with store.database.writing() as connection:
        connection.exec_driver_sql(statement)
    assert vouched.find(ada) is None


def test_a_row_that_somebody_made_themselves_is_no_session(here: Sessions, vouched: Sessions) -> None:
    assert vouched.find(here.begin(ADA, b"by hand")) is None
