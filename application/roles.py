"""Which roles an actor holds, and for which programmes. Whoever is granted one needs a token to act in it."""

from collections.abc import Mapping
from typing import Any

from application.access import Caller, Right
from application.errors import Unknown
from application.noting import note, rights_in
from application.ports import Command, Unit
from application.recording import Request, body_of, once, recorded_answer
from application.visibility import is_internal
from domain.entry import Entry
from domain.errors import Fault, Invalid, Refused
from domain.fields import checked
from domain.ledger_stream import REFERENCE
from domain.right_shapes import NEW_ROLE, REVOCATION
from domain.rights import Scope, listed, scope_of


def grant_role(request: Request) -> Command:
    """Let an actor hold a role; the body says for which programmes, and takes the place of what it said before."""

    def command(unit: Unit) -> Mapping[str, Any]:
        request.caller.require(Right.ADMINISTER)
        return once(unit, request, lambda: _grant(unit, request))

    return command


def revoke_role(request: Request, actor: str, role: str) -> Command:
    """Let an actor hold a role no longer: all tokens for it are good for nothing from now on."""

    def command(unit: Unit) -> Mapping[str, Any]:
        if (actor, role) not in rights_in(unit).roles:
            raise Unknown("role held by the actor", f"{actor}: {role}")
        request.caller.require(Right.ADMINISTER)
        return once(unit, request, lambda: _revoke(unit, request, actor, role))

    return command


def _grant(unit: Unit, request: Request) -> Mapping[str, Any]:
    body = body_of(request.body)
    checked(NEW_ROLE, body)
    actor, role, scope = body["actor"], body["role"], scope_of(body.get("programmes"))
    refuse_unknown_programmes(unit, scope)
    held = rights_in(unit).roles
    if held.get((actor, role), "none") == scope:
        raise Refused("granted-once", f"{actor} holds the role {role} for that already", "other programmes")
    entry = hold_role(unit, request.caller, actor, role, scope)
    return recorded_answer(REFERENCE, entry, actor=actor, role=role, programmes=listed(scope))


def _revoke(unit: Unit, request: Request, actor: str, role: str) -> Mapping[str, Any]:
    checked(REVOCATION, body_of(request.body))
    rights = rights_in(unit)
    tokens, closed = rights.tokens_of(actor, role), names_internal(unit, rights.roles[actor, role])
    facts = {"actor": actor, "revoked_role": role, "tokens": tokens}
    entry = note(unit, request.caller, "role_revoked", facts, closed=closed)
    for token in tokens:
        unit.revoke_token(token, entry.recorded_at)
    unit.drop_role(actor, role)
    return recorded_answer(REFERENCE, entry, actor=actor, role=role, revoked_tokens=tokens)


def hold_role(unit: Unit, caller: Caller, actor: str, role: str, scope: Scope) -> Entry:
    """Let an actor hold a role, and record it."""
    facts = {"actor": actor, "granted_role": role, "programmes": listed(scope)}
    entry = note(unit, caller, "role_granted", facts, closed=names_internal(unit, scope))
    unit.hold_role(actor, role, scope)
    return entry


def names_internal(unit: Unit, scope: Scope) -> bool:
    """Whether an entry about a right with that scope would tell everybody who works on what not everybody may know."""
    named = [unit.programme(code) for code in scope or ()]
    return any(programme is not None and is_internal(unit, programme) for programme in named)


def refuse_unknown_programmes(unit: Unit, scope: Scope) -> None:
    """Refuse a right for a programme that is not there: it would be a right for nothing."""
    faults = [
        Fault("/programmes", f"there is no programme {code}", "the code of a published programme")
        for code in listed(scope) or ()
        if unit.programme(code) is None
    ]
    if faults:
        raise Invalid(faults)


def listed_role(actor: str, role: str, scope: Scope) -> dict[str, Any]:
    """Tell of a role that is held as lists show it."""
    return {"actor": actor, "role": role, "programmes": listed(scope)}
