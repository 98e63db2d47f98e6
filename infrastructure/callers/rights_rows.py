"""The rows by which a token is recognised: what the entries of the ledger's own stream say, with the digests."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from application.checking_rights import RightsRows
from application.ports import Actor, Token
from domain.rights import Scope, listed, scope_of
from infrastructure import clock
from infrastructure.database.tables import actors, held_roles, sessions, token_uses, tokens


def new_token(token: Token) -> sa.Insert:
    """Keep a token's digest."""
    return sa.insert(tokens).values(
        id=token.id,
        digest=token.digest,
        actor=token.actor,
        role=token.role,
        created_at=clock.to_micros(token.created_at),
        programmes=written_scope(token.scope),
        expires_at=None if token.expires_at is None else clock.to_micros(token.expires_at),
        revoked_at=None,
    )


def revoked_token(token_id: str, at: datetime) -> sa.Update:
    """Let a token end now."""
    return sa.update(tokens).where(tokens.c.id == token_id).values(revoked_at=clock.to_micros(at))


def shortened_token(token_id: str, until: datetime) -> sa.Update:
    """Let a token end at *until*."""
    return sa.update(tokens).where(tokens.c.id == token_id).values(expires_at=clock.to_micros(until))


def held_role(actor: str, role: str, scope: Scope) -> Sequence[sa.Executable]:
    """Let an actor hold a role, whatever the scope was before."""
    return dropped_role(actor, role), sa.insert(held_roles).values(
        actor=actor, role=role, programmes=written_scope(scope)
    )


def dropped_role(actor: str, role: str) -> sa.Delete:
    """Let an actor hold a role no longer."""
    return sa.delete(held_roles).where(held_roles.c.actor == actor, held_roles.c.role == role)


def kept_actor(actor: Actor) -> Sequence[sa.Executable]:
    """Keep what the register says of an actor, in place of what it said before."""
    row = {
        "id": actor.id,
        "name": actor.name,
        "organisation": actor.organisation,
        "registered_at": clock.to_micros(actor.registered_at),
        "erased_at": None,
    }
    return sa.delete(actors).where(actors.c.id == actor.id), sa.insert(actors).values(row)


def unnamed_actor(actor: str, at: datetime) -> sa.Update:
    """Delete an actor's name."""
    return sa.update(actors).where(actors.c.id == actor).values(name=None, erased_at=clock.to_micros(at))


def actor_of(row: Any) -> Actor:
    """Read a row of `actors`."""
    erased_at = None if row.erased_at is None else clock.from_micros(row.erased_at)
    return Actor(row.id, row.name, row.organisation, clock.from_micros(row.registered_at), erased_at)


def all_tokens(connection: sa.Connection) -> list[Token]:
    """Read every token there ever was, by time of creation."""
    query = sa.select(tokens, token_uses.c.used_at).outerjoin(token_uses, token_uses.c.token == tokens.c.id)
    return [token_of(row) for row in connection.execute(query.order_by(tokens.c.created_at, tokens.c.id))]


def all_roles(connection: sa.Connection) -> list[tuple[str, str, Scope]]:
    """Read every role that is held: actor, role, and the programmes."""
    query = sa.select(held_roles).order_by(held_roles.c.actor, held_roles.c.role)
    return [(row.actor, row.role, read_scope(row.programmes)) for row in connection.execute(query)]


def all_actors(connection: sa.Connection) -> list[Actor]:
    """Read the register of actors, by id."""
    return [actor_of(row) for row in connection.execute(sa.select(actors).order_by(actors.c.id))]


def count_sessions(connection: sa.Connection) -> int:
    """Count the sessions that nobody has ended."""
    return connection.execute(sa.select(sa.func.count()).where(sessions.c.ended_at.is_(None))).scalar_one()


def may_read_rights(connection: sa.Connection) -> bool:
    """Whether the database lets its user see these rows: on PostgreSQL not every role may."""
    if connection.dialect.name == "sqlite":
        return True
    allowed = sa.func.has_table_privilege
    tables = (each.name for each in (tokens, token_uses, held_roles, actors, sessions))
    return all(connection.execute(sa.select(allowed(table, "SELECT"))).scalar() for table in tables)


def all_rights(connection: sa.Connection) -> RightsRows:
    """Read everything by which callers are recognised."""
    return RightsRows(all_tokens(connection), all_roles(connection), all_actors(connection))


def token_of(row: Any) -> Token:
    """Read a row of `tokens` with its last use."""
    return Token(
        row.id,
        row.digest,
        row.actor,
        row.role,
        clock.from_micros(row.created_at),
        read_scope(row.programmes),
        *(None if at is None else clock.from_micros(at) for at in (row.expires_at, row.revoked_at, row.used_at)),
    )


def written_scope(scope: Scope) -> str | None:
    """Write a scope for a row."""
    return None if scope is None else json.dumps(listed(scope), separators=(",", ":"))


def read_scope(programmes: str | None) -> Scope:
    """Read the programmes of a row."""
    return scope_of(None if programmes is None else json.loads(programmes))
