"""What is kept beside the entries to recognise tokens and to name actors, on each database."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from application.access import Caller
from application.actors import erase_actor, register_actor
from application.recording import Request
from application.roles import grant_role, revoke_role
from application.tokens import create_token
from infrastructure.callers.identity import Identities, mint
from infrastructure.callers.token_uses import TokenUses
from tests.stores import PROGRAMME, Store

ADMINISTRATOR = Caller("adm-1", "administrator")


def asked(body: Mapping[str, Any]) -> Request:
    return Request(ADMINISTRATOR, dict(body))


def token(store: Store, **members: Any) -> tuple[str, str]:
    """Make a recorder's token; give its secret and its id."""
    secret, made = mint(store.clock())
    store.writer.record(create_token(asked({"actor": "clerk-7", "role": "recorder", **members}), made, UTC))
    return secret, made.id


def test_the_last_use_is_the_latest_that_any_process_has_seen(store: Store) -> None:
    _, made = token(store)
    first, second = TokenUses(store.database, store.clock), TokenUses(store.database, store.clock)
    first.note(made)
    earlier = store.clock()
    store.clock.move(minutes=3)
    second.note(made)
    second.write()
    first.write()
    (kept,) = Identities(store.database).tokens()
    assert kept.last_used_at == store.clock() > earlier


def test_a_token_is_recognised_as_far_as_its_role_goes_now(store: Store) -> None:
    store.begin()
    secret, _ = token(store)
    identities = Identities(store.database)
    for programmes, scope in ((None, None), ([PROGRAMME], frozenset({PROGRAMME}))):
        if programmes is not None:
            store.writer.record(grant_role(asked({"actor": "clerk-7", "role": "recorder", "programmes": programmes})))
        found = identities.valid(secret)
        assert found is not None
        assert found.caller.scope == scope
    store.writer.record(revoke_role(asked({}), "clerk-7", "recorder"))
    assert identities.valid(secret) is None
    assert identities.roles() == []


def test_of_commands_in_one_transaction_each_sees_the_rights_that_the_others_gave(store: Store) -> None:
    grant = grant_role(asked({"actor": "clerk-7", "role": "recorder"}))
    outcomes = store.writer.write([grant, grant, revoke_role(asked({}), "clerk-7", "recorder"), grant])
    assert [isinstance(each, Exception) for each in outcomes] == [False, True, False, False]
    assert Identities(store.database).roles() == [("clerk-7", "recorder", None)]


def test_a_name_goes_and_the_rest_stays(store: Store) -> None:
    store.writer.record(register_actor(asked({"id": "clerk-7", "name": "J. Doe", "organisation": "EU"})))
    store.writer.record(erase_actor(asked({}), "clerk-7"))
    (actor,) = Identities(store.database).actors()
    assert (actor.id, actor.name, actor.organisation) == ("clerk-7", None, "EU")
    assert actor.erased_at is not None
