"""`ledger verify` compares who may do what with what the entries say: a right that nobody gave is found and named."""

from collections.abc import Mapping
from datetime import UTC
from hashlib import sha256
from typing import Any

import pytest

from application.access import Caller
from application.actors import erase_actor, register_actor
from application.ports import Token
from application.recording import Request
from application.roles import grant_role, revoke_role
from application.tokens import create_token, revoke_token, rotate_token
from domain.ledger_stream import LedgerStream
from infrastructure.callers.identity import mint
from infrastructure.verifying.log_sources import DatabaseSource
from tests.stores import PROGRAMME, Store, published
from tests.verified import POLICY, judged, signed, verified


def asked(**body: Any) -> Request:
    return Request(Caller("adm-1", "administrator"), body)


@pytest.fixture
def ids(store: Store) -> dict[str, str]:
    """Give rights and take some away again; the ids of tokens by what became of them."""
    store.writer.record(published(reference_prefix="A-"))
    store.writer.record(grant_role(asked(actor="clerk-7", role="recorder", programmes=[PROGRAMME])))
    store.writer.record(register_actor(asked(id="clerk-7", name="J. Doe", organisation="EU")))
    store.writer.record(register_actor(asked(id="clerk-8", name="J. Roe")))
    store.writer.record(erase_actor(asked(), "clerk-8"))
    made = {name: mint(store.clock())[1] for name in ("good", "revoked", "rotated", "in its place", "of no role")}
    body = {"actor": "clerk-7", "role": "recorder", "programmes": [PROGRAMME], "expires": "30d"}
    for name in ("good", "revoked", "rotated"):
        store.writer.record(create_token(asked(**body), made[name], UTC))
    store.writer.record(create_token(asked(actor="clerk-8", role="auditor"), made["of no role"], UTC))
    store.writer.record(revoke_token(asked(), made["revoked"].id))
    store.writer.record(rotate_token(asked(overlap="2d"), made["rotated"].id, made["in its place"], UTC))
    store.writer.record(revoke_role(asked(), "clerk-8", "auditor"))
    return {name: each.id for name, each in made.items()}


def faults(store: Store) -> list[tuple[int | None, str]]:
    return [(each.position, each.what) for each in verified(store, signed(store)).findings.faults]


def test_rights_that_were_given_and_taken_by_entries_are_accepted(store: Store, ids: Mapping[str, str]) -> None:
    outcome = verified(store, signed(store))
    assert (outcome.findings.faults, outcome.findings.unseen) == ([], [])
    assert outcome.checked["rights"] == len(ids) + 1 + 2


TAMPERED = {
    "a role nobody gave": (
        "INSERT INTO held_roles VALUES ('mallory', 'administrator', NULL)", None, "administrator of mallory is in the"),
    "a wider role": ("UPDATE held_roles SET programmes = NULL", 2, "programmes is all, entries say tiny"),
    "a role that is gone": ("DELETE FROM held_roles", 2, "recorder of clerk-7 is not in the database"),
    "a token nobody made": (
        "INSERT INTO tokens VALUES ('ff', x'00', 'mallory', 'administrator', 1, NULL, NULL, NULL)", None,
        "token ff is in the database, but no entry"),
    "a token that is gone": ("DELETE FROM tokens WHERE id = '{good}'", 6, "{good} is not in the database"),
    "a revoked token that is good again": (
        "UPDATE tokens SET revoked_at = NULL WHERE id = '{revoked}'", 11, "revoked_at is None, entries say 2024-01"),
    "a token of a revoked role that is good again": (
        "UPDATE tokens SET revoked_at = NULL WHERE id = '{of no role}'", 14, "revoked_at is None"),
    "a later end": (
        "UPDATE tokens SET expires_at = expires_at + 86400000000 WHERE id = '{rotated}'", 13,
        "expires_at is 2024-01-18"),
    "no end": ("UPDATE tokens SET expires_at = NULL WHERE id = '{good}'", 6, "expires_at is None, entries say 2024-02"),
    "another role": ("UPDATE tokens SET role = 'administrator' WHERE id = '{good}'", 6, "role is administrator"),
    "another actor": ("UPDATE tokens SET actor = 'mallory' WHERE id = '{good}'", 6, "actor is mallory"),
    "a wider token": ("UPDATE tokens SET programmes = NULL WHERE id = '{good}'", 6, "programmes is all"),
    "another secret": ("UPDATE tokens SET digest = x'00' WHERE id = '{good}'", 6, "fingerprint is "),
    "another secret of a token that took another's place": (
        "UPDATE tokens SET digest = x'00' WHERE id = '{in its place}'", 12, "fingerprint is "),
    "another organisation": ("UPDATE actors SET organisation = 'NATO' WHERE id = 'clerk-7'", 3, "is NATO"),
    "an erased name": ("UPDATE actors SET name = 'J. Roe' WHERE id = 'clerk-8'", 5, "erased name is still there"),
    "an erased name, as if it was not": (
        "UPDATE actors SET name = 'J. Roe', erased_at = NULL WHERE id = 'clerk-8'", 5, "erased_at is None"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_a_right_that_no_entry_gave_is_found_with_the_entry_that_knows(
    store: Store, ids: Mapping[str, str], what: str
) -> None:
    statement, position, said = TAMPERED[what]
    store.tamper(statement.format_map(ids))
    ((where, found),) = faults(store)
    assert said.format_map(ids) in found
    assert where == position


def test_an_entry_tells_nothing_by_which_a_token_could_be_used_or_guessed(store: Store) -> None:
    secret, made = mint(store.clock())
    store.writer.record(create_token(asked(actor="clerk-7", role="recorder"), made, UTC))
    with store.readings.view() as view:
        told = [each.entry.facts for each in view.recorded(up_to=view.head.log_size)][-1]
    assert told["fingerprint"] == sha256(sha256(secret.encode()).digest()).hexdigest()
    assert secret not in str(told)
    assert made.digest.hex() not in str(told)


def test_tokens_from_before_entries_told_of_secrets_are_compared_in_all_else(store: Store) -> None:
    _, made = mint(store.clock())

    def as_before(unit: Any) -> Mapping[str, Any]:
        caller = Caller("adm-1", "administrator")
        stream = LedgerStream.open(
            "token_created", {"token": made.id, "actor": "clerk-7", "granted_role": "recorder"}, unit.act(caller)
        )
        (event,) = stream.pending_events
        unit.keep_token(Token(made.id, made.digest, "clerk-7", "recorder", event.entry.recorded_at))
        unit.hold_role("clerk-7", "recorder", None)
        unit.keep(stream)
        return {}

    store.writer.record(as_before)
    outcome = verified(store, signed(store))
    assert outcome.findings.faults == []
    assert outcome.findings.unseen == ["whether 1 tokens have the secrets they were made with: no entry tells"]
    store.tamper("UPDATE tokens SET digest = x'00'")
    assert faults(store) == []
    store.tamper("UPDATE tokens SET role = 'administrator'")
    assert "role is administrator" in faults(store)[0][1]


def test_sessions_of_which_no_entry_tells_are_named(store: Store) -> None:
    columns = "digest, sign_in, actor, role, began_at, used_at, ended_at"
    for sign_in, ended in (("01", "NULL"), ("02", "2")):
        store.tamper(
            f"INSERT INTO sessions ({columns}) "  # noqa: S608 -- tampering
            f"VALUES (x'{sign_in}', x'{sign_in}', 'mallory', 'administrator', 1, 1, {ended})"
        )
    unseen = verified(store, signed(store)).findings.unseen
    assert "whether 1 sessions began with a sign-in: no entry tells of sign-ins" in unseen


@pytest.mark.only("postgresql", "SQLite knows no roles")
def test_who_may_not_see_rights_verifies_the_rest_and_is_told(store: Store, ids: Mapping[str, str]) -> None:
    store.tamper("CREATE ROLE verifying_reader", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO verifying_reader")
    try:
        store.tamper("REVOKE ALL ON tokens FROM verifying_reader")
        note = signed(store)
        with store.database.reading() as connection:
            connection.exec_driver_sql("SET ROLE verifying_reader")
            outcome = judged(DatabaseSource(connection, "the ledger", note, POLICY))
    finally:
        store.tamper("DROP OWNED BY verifying_reader", "DROP ROLE verifying_reader")
    assert outcome.findings.faults == []
    assert outcome.findings.unseen == ["who holds which right: this role of the database may not read that"]
