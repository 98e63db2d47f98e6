"""Give and take rights; each of it is entries of the ledger's own stream.

A token acts for an actor in a role that the actor holds. Making one grants the role, if it is not held yet; revoking
the role revokes all its tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any, Final

from application.access import Caller, Right
from application.errors import Unknown
from application.lifetimes import end_of, span_of
from application.noting import note, rights_in
from application.ports import Command, Token, Unit
from application.recording import Request, body_of, once, recorded_answer
from application.roles import hold_role, names_internal, refuse_unknown_programmes
from domain.answers import instant
from domain.entry import Entry
from domain.errors import Refused
from domain.fields import checked
from domain.ledger_stream import REFERENCE
from domain.right_shapes import NEW_TOKEN, REVOCATION, ROTATION
from domain.rights import HeldToken, Scope, listed, narrowed, scope_of

MOST_OVERLAP_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Minted:
    """What is kept of a secret that was just made."""

    id: str
    digest: bytes
    at: datetime


def create_token(request: Request, made: Minted, zone: tzinfo) -> Command:
    """Let what was *made* act for an actor in a role; the body names both, and how far and how long."""

    def command(unit: Unit) -> Mapping[str, Any]:
        request.caller.require(Right.ADMINISTER)
        return once(unit, request, lambda: _create(unit, request, made, zone))

    return command


def revoke_token(request: Request, token_id: str) -> Command:
    """Let a token be good for nothing from now on."""

    def command(unit: Unit) -> Mapping[str, Any]:
        held = _token(unit, request.caller, token_id)
        return once(unit, request, lambda: _revoke(unit, request, token_id, held))

    return command


def rotate_token(request: Request, token_id: str, made: Minted, zone: tzinfo) -> Command:
    """Put what was *made* in a token's place; the body may say how long both are good, and when the new one ends."""

    def command(unit: Unit) -> Mapping[str, Any]:
        held = _token(unit, request.caller, token_id)
        return once(unit, request, lambda: _rotate(unit, request, token_id, held, made, zone))

    return command


def _token(unit: Unit, caller: Caller, token_id: str) -> HeldToken:
    held = rights_in(unit).tokens.get(token_id)
    if held is None:
        raise Unknown("token", token_id)
    caller.require(Right.ADMINISTER)
    return held


def _create(unit: Unit, request: Request, made: Minted, zone: tzinfo) -> Mapping[str, Any]:
    body = body_of(request.body)
    checked(NEW_TOKEN, body)
    actor, role, scope = body["actor"], body["role"], scope_of(body.get("programmes"))
    refuse_unknown_programmes(unit, scope)
    expires_at = None if body.get("expires") is None else end_of(body["expires"], made.at, zone)
    rights = rights_in(unit)
    if (actor, role) not in rights.roles:
        hold_role(unit, request.caller, actor, role, scope)
    else:
        _refuse_wider(actor, role, scope, rights.roles[actor, role])
    entry = _keep(unit, request.caller, made, HeldToken(actor, role, scope, made.at, expires_at))
    return token_answer(entry)


def _refuse_wider(actor: str, role: str, wanted: Scope, held: Scope) -> None:
    if wanted is not None and narrowed(wanted, held) != wanted:
        raise Refused(
            "within-the-role",
            f"{actor} holds the role {role} for fewer programmes than the token would be for",
            f"programmes among {', '.join(listed(held) or ())}, or grant the role for more first",
        )


def _keep(unit: Unit, caller: Caller, made: Minted, held: HeldToken, replaces: str | None = None) -> Entry:
    facts = {
        "token": made.id,
        "actor": held.actor,
        "granted_role": held.role,
        "programmes": listed(held.scope),
        "expires_at": instant(held.expires_at),
        "replaces": replaces,
        # Of the digest, not of the secret: entries are read by everybody, and rows held against them (`ledger verify`).
        "fingerprint": sha256(made.digest).hexdigest(),
    }
    entry = note(unit, caller, "token_created", facts, closed=names_internal(unit, held.scope))
    token = Token(made.id, made.digest, held.actor, held.role, entry.recorded_at, held.scope, held.expires_at)
    unit.keep_token(token)
    return entry


def _revoke(unit: Unit, request: Request, token_id: str, held: HeldToken) -> Mapping[str, Any]:
    checked(REVOCATION, body_of(request.body))
    if held.revoked:
        raise Refused("revoked-once", f"the token {token_id} was revoked before", "a token that is not revoked")
    facts = {"token": token_id, "actor": held.actor}
    entry = note(unit, request.caller, "token_revoked", facts, closed=names_internal(unit, held.scope))
    unit.revoke_token(token_id, entry.recorded_at)
    return recorded_answer(REFERENCE, entry, token=token_id, actor=held.actor, revoked_at=instant(entry.recorded_at))


def _rotate(
    unit: Unit, request: Request, token_id: str, held: HeldToken, made: Minted, zone: tzinfo
) -> Mapping[str, Any]:
    body = body_of(request.body)
    checked(ROTATION, body)
    if not held.is_valid(made.at):
        raise Refused("rotated-while-valid", f"the token {token_id} has ended", "a new token")
    expires_at = _expiry(body, held, made.at, zone)
    renewed = HeldToken(held.actor, held.role, held.scope, made.at, expires_at)
    entry = _keep(unit, request.caller, made, renewed, replaces=token_id)
    overlap = span_of("/overlap", body.get("overlap") or "0d", MOST_OVERLAP_DAYS)
    until = held.expiring(made.at + overlap).expires_at if overlap else None
    facts = {"token": token_id, "actor": held.actor, "valid_until": instant(until)}
    revoked = note(unit, request.caller, "token_revoked", facts, closed=names_internal(unit, held.scope))
    if until is None:
        unit.revoke_token(token_id, revoked.recorded_at)
    else:
        unit.shorten_token(token_id, until)
    return token_answer(entry) | {"replaces": token_id, "replaced_until": instant(until or revoked.recorded_at)}


def _expiry(body: Mapping[str, Any], held: HeldToken, now: datetime, zone: tzinfo) -> datetime | None:
    if body.get("expires") is not None:
        return end_of(body["expires"], now, zone)
    # As long as the token before was meant to last.
    return None if held.expires_at is None else now + (held.expires_at - held.created_at)


def token_answer(entry: Entry) -> dict[str, Any]:
    """Tell of a token that was recorded; never the secret."""
    facts = entry.facts
    said = {
        "id": facts["token"],
        "actor": facts["actor"],
        "role": facts["granted_role"],
        "programmes": facts.get("programmes"),
        "expires_at": facts.get("expires_at"),
    }
    return recorded_answer(REFERENCE, entry, **said)


def listed_token(token: Token) -> dict[str, Any]:
    """Tell of a token as lists show it."""
    return {
        "id": token.id,
        "actor": token.actor,
        "role": token.role,
        "programmes": listed(token.scope),
        "created_at": instant(token.created_at),
        "expires_at": instant(token.expires_at),
        "revoked_at": instant(token.revoked_at),
        "last_used_at": instant(token.last_used_at),
    }
