"""API tokens: made, recognised by their digest, never kept in clear."""

import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import sqlalchemy as sa

from application.access import Caller
from application.ports import Actor, Token
from application.tokens import Minted
from domain.rights import Scope, narrowed
from infrastructure import clock
from infrastructure.callers.rights_rows import all_actors, all_roles, all_tokens, read_scope
from infrastructure.database.engines import Database
from infrastructure.database.tables import held_roles, tokens

PREFIX: Final = "ldg_"
_SECRET_BYTES: Final = 32
_FORM: Final = re.compile(rf"({PREFIX}[A-Za-z0-9_-]{{43}})([0-9a-f]{{8}})")


def mint(now: datetime) -> tuple[str, Minted]:
    """Make a secret: `ldg_`, 256 random bits, a CRC-32 by which scanners recognise leaks; and what is kept of it."""
    body = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    secret = f"{body}{_checksum(body)}"
    return secret, Minted(secrets.token_hex(8), _digest(secret), now)


def is_well_formed(secret: str) -> bool:
    """Whether a text has the form of a token, its checksum included: what no mistyped or made-up one has."""
    found = _FORM.fullmatch(secret)
    return found is not None and _checksum(found[1]) == found[2]


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom a token belongs to, and the instant at which it expires, if ever.

    All that can change it before is an entry of the ledger's own stream, in the same transaction.
    """

    caller: Caller
    until: datetime | None

    def at(self, now: datetime) -> Caller | None:
        """Give the caller, unless the token has expired."""
        return self.caller if self.until is None or now < self.until else None


class Identities:
    """Who a token belongs to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def valid(self, secret: str) -> Recognised | None:
        """Give who a token belongs to that is valid until it expires.

        Whatever is wrong with it – made up, mistyped, unknown, revoked, its role gone – takes the same way.
        """
        fits, found = is_well_formed(secret), self.recognised(secret)
        return found if fits else None

    def recognised(self, secret: str) -> Recognised | None:
        """Look a token up, expired or not; None if there is none, it was revoked, or its actor's role is gone."""
        held = held_roles.alias("held")
        role = sa.and_(held.c.actor == tokens.c.actor, held.c.role == tokens.c.role)
        query = (
            sa.select(tokens, held.c.actor.label("holder"), held.c.programmes.label("held"))
            .outerjoin(held, role)
            .where(tokens.c.digest == _digest(secret))
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.holder is None or row.revoked_at is not None:
            return None
        scope = narrowed(read_scope(row.programmes), read_scope(row.held))
        until = None if row.expires_at is None else clock.from_micros(row.expires_at)
        return Recognised(Caller(row.actor, row.role, scope, row.id), until)

    def tokens(self) -> list[Token]:
        """Give every token there ever was, by time of creation."""
        with self._database.reading() as connection:
            return all_tokens(connection)

    def roles(self) -> list[tuple[str, str, Scope]]:
        """Give every role that is held: actor, role, and the programmes."""
        with self._database.reading() as connection:
            return all_roles(connection)

    def actors(self) -> list[Actor]:
        """Give the register of actors, by id."""
        with self._database.reading() as connection:
            return all_actors(connection)


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
