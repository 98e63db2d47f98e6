"""Give and take rights; both are entries of the ledger's own stream."""

from collections.abc import Mapping
from typing import Any

from application.access import Caller
from application.errors import Unknown
from application.noting import note
from application.ports import Command, Token, Unit


def create_token(caller: Caller, token: Token) -> Command:
    """Let *token* act for its actor in its role."""

    def command(unit: Unit) -> Mapping[str, Any]:
        note(unit, caller, "token_created", {"token": token.id, "actor": token.actor, "granted_role": token.role})
        unit.keep_token(token)
        return {"token": token.id}

    return command


def revoke_token(caller: Caller, token: Token | None, token_id: str) -> Command:
    """Let a token be good for nothing from now on; *token* is what is known of it."""

    def command(unit: Unit) -> Mapping[str, Any]:
        if token is None or token.revoked_at is not None:
            raise Unknown("valid token", token_id)
        entry = note(unit, caller, "token_revoked", {"token": token.id, "actor": token.actor})
        unit.revoke_token(token.id, entry.recorded_at)
        return {"token": token.id}

    return command
