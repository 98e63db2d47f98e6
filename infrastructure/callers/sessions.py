"""Sessions of browsers: begun by signing in, found by the digest of an id that only the browser has, ended for all.

With a key that is not in the database the id vouches for its row: whoever writes rows makes no session, nor changes
whose one is. When it was used last and ended stands in the row alone.
"""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac
from typing import Any, Final

import sqlalchemy as sa
from structlog import get_logger

from application.access import Caller
from application.sessions import Lifetime, Session
from infrastructure import clock
from infrastructure.callers.rights_rows import read_scope, written_scope
from infrastructure.database.engines import Database
from infrastructure.database.tables import sessions

_SECRET_BYTES: Final = 32
_RANDOM_SIGNS: Final = 43
"""How long they are in an id, as base64."""
_USE_NOTED_AFTER: Final = timedelta(minutes=1)
"""How exactly it is kept when a session was used last: reading shall not write every time."""
_log = get_logger()


class SignInUsedError(Exception):
    """This sign-in has begun a session before."""


class Sessions:
    """Every session of this ledger, in whichever process it began."""

    def __init__(self, database: Database, lifetime: Lifetime, now: Callable[[], datetime], key: str = "") -> None:
        self._database, self.lifetime, self._now, self._key = database, lifetime, now, key.encode()
        self._noting: set[bytes] = set()
        self._notes = ThreadPoolExecutor(1, "sessions")

    def begin(self, caller: Caller, sign_in: bytes) -> str:
        """Give the id of a new session. A sign-in begins one session only; SignInUsedError when it comes again."""
        now = clock.to_micros(self._now())
        past = sessions.c.began_at < now - self.lifetime.longest // timedelta(microseconds=1)
        said = (caller.actor, caller.role, written_scope(caller.scope), now)
        random = secrets.token_urlsafe(_SECRET_BYTES)
        secret = random + self._vouching(random, *said)
        row = {
            "digest": _digest(secret),
            "sign_in": sign_in,
            **dict(zip(("actor", "role", "programmes", "began_at"), said, strict=True)),
            "used_at": now,
        }
        try:
            with self._database.writing() as connection:
                connection.execute(sa.delete(sessions).where(past))
                connection.execute(sa.insert(sessions).values(row))
        except sa.exc.IntegrityError as used:
            raise SignInUsedError from used
        return secret

    def was_used(self, sign_in: bytes) -> bool:
        """Whether a sign-in has begun a session."""
        with self._database.reading() as connection:
            found = sa.select(sessions.c.actor).where(sessions.c.sign_in == sign_in)
            return connection.execute(found).first() is not None

    def find(self, secret: str) -> Session | None:
        """Give the session of that id if it is open; it counts as used."""
        digest = _digest(secret)
        with self._database.reading() as connection:
            row = connection.execute(sa.select(sessions).where(sessions.c.digest == digest)).one_or_none()
        if row is None or not self._vouches(secret, row):
            return None
        session, now = _session(row), self._now()
        if not session.is_open(self.lifetime, now):
            return None
        if now - session.used_at >= _USE_NOTED_AFTER and digest not in self._noting:
            # Nobody waits for it: recording may hold the lock, and a copy that is only read cannot keep it at all.
            self._noting.add(digest)
            self._notes.submit(self._note_use, digest, now)
        return session

    def _vouches(self, secret: str, row: Any) -> bool:
        """Whether the row says what it said when the id was made."""
        random, tail = secret[:_RANDOM_SIGNS], secret[_RANDOM_SIGNS:]
        expected = self._vouching(random, row.actor, row.role, row.programmes, row.began_at)
        return compare_digest(tail.encode(), expected.encode())

    def _vouching(self, *said: str | int | None) -> str:
        """Give what an id ends with; nothing without a key."""
        return hmac(self._key, json.dumps(said).encode(), "sha256").hex() if self._key else ""

    def _note_use(self, digest: bytes, at: datetime) -> None:
        try:
            with self._database.writing() as connection:
                used = sa.update(sessions).where(sessions.c.digest == digest)
                connection.execute(used.values(used_at=clock.to_micros(at)))
        except sa.exc.SQLAlchemyError as failed:
            _log.warning("the use of a session could not be noted", error=type(failed).__name__)
        finally:
            self._noting.discard(digest)

    def end(self, secret: str) -> None:
        """Let a session be good for nothing from now on, in every process."""
        self._end(sessions.c.digest == _digest(secret))

    def end_all(self, actor: str | None) -> int:
        """End the sessions of an actor, or of everybody; give how many there were."""
        return self._end(sa.true() if actor is None else sessions.c.actor == actor)

    def _end(self, which: sa.ColumnElement[bool]) -> int:
        ended = sa.update(sessions).where(which, sessions.c.ended_at.is_(None))
        with self._database.writing() as connection:
            return connection.execute(ended.values(ended_at=clock.to_micros(self._now()))).rowcount

    def open_ones(self) -> list[Session]:
        """Give the sessions that are open, by when they began."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(sessions).order_by(sessions.c.began_at)).all()
        found, now = map(_session, rows), self._now()
        return [session for session in found if session.is_open(self.lifetime, now)]

    def close(self) -> None:
        """Note the last uses."""
        self._notes.shutdown()


def form_token(secret: str) -> str:
    """Give what a page of the session shows to prove that a request comes from it, and not from another site."""
    return hmac(secret.encode(), b"form", "sha256").hex()


def is_form_token(given: str, secret: str) -> bool:
    """Whether this is the session's own."""
    return compare_digest(given.encode(), form_token(secret).encode())


def _session(row: Any) -> Session:
    ended_at = None if row.ended_at is None else clock.from_micros(row.ended_at)
    began_at, used_at = clock.from_micros(row.began_at), clock.from_micros(row.used_at)
    return Session(Caller(row.actor, row.role, read_scope(row.programmes)), began_at, used_at, ended_at)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
