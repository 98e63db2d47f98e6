"""API tokens: made, recognised by their digest, never kept in clear."""

import secrets
import zlib
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa

from application.access import Caller
from application.ports import Token
from infrastructure import clock
from infrastructure.database import Database
from infrastructure.tables import tokens

PREFIX: Final = "ldg_"
_SECRET_BYTES: Final = 32
_CHECKSUM_DIGITS: Final = 8


def new_token(actor: str, role: str, now: datetime) -> tuple[str, Token]:
    """Make a token: `ldg_`, 256 random bits, a CRC-32 by which scanners recognise leaks."""
    body = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    secret = f"{body}{zlib.crc32(body.encode()):0{_CHECKSUM_DIGITS}x}"
    return secret, Token(secrets.token_hex(8), _digest(secret), actor, role, now)


class Identities:
    """Who a token belongs to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def caller(self, secret: str) -> Caller | None:
        """Give the actor and role of a token that is valid now."""
        with self._database.reading() as connection:
            row = connection.execute(
                sa.select(tokens.c.actor, tokens.c.role, tokens.c.revoked_at).where(tokens.c.digest == _digest(secret))
            ).one_or_none()
        return None if row is None or row.revoked_at is not None else Caller(row.actor, row.role)

    def tokens(self) -> list[Token]:
        """Give every token there ever was, by time of creation."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(tokens).order_by(tokens.c.created_at)).all()
        return [_token(row) for row in rows]


def _token(row: Any) -> Token:
    revoked_at = None if row.revoked_at is None else clock.from_micros(row.revoked_at)
    return Token(row.id, row.digest, row.actor, row.role, clock.from_micros(row.created_at), revoked_at)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
