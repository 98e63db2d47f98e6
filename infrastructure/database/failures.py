"""What a failure of the database means: whether asking again helps, and what its operator can do."""

from enum import Enum
from typing import Any, Final

import sqlalchemy as sa

_FULL: Final = ("database or disk is full", "No space left on device", "disk I/O error")
_NO_AUTHORIZATION: Final = "28"
"""The class of all codes that refuse a login."""
_NO_SUCH_DATABASE: Final = "3D000"
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_OUT_OF_TIME: Final = ("57014", "55P03", "25P03")
"""A statement was canceled, a lock was not had in time, a transaction was idle for too long."""
# libpq keeps the code of a refused login to itself; these are the server's words, in English as in most installations.
_NOT_LET_IN: Final = (
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    " does not exist",
    "is not permitted to log in",
    "permission denied for database",
    "is not currently accepting connections",
)
_SAID_BY_SERVER: Final = ":  "
"""What libpq puts behind the severity of what a server says, in any language, and nowhere into what it says itself."""


class Failure(Enum):
    """The kinds that are told apart; the value says it in words that name nothing of the installation."""

    FULL = "the disk is full"
    OUT_OF_TIME = "the database stopped this: it took longer than the database allows"
    NOT_GRANTED = "the database does not let this role do that"
    NOT_LET_IN = "the database does not let this server in"
    AWAY = "the database does not answer now"


def failure_of(error: BaseException) -> Failure | None:
    """Tell what kind of failure of the database this is; None for all others, which are faults of this program."""
    said, code = str(getattr(error, "orig", None) or error), getattr(getattr(error, "orig", None), "sqlstate", None)
    if any(words in said for words in _FULL):
        return Failure.FULL
    if code is not None and (told := _told_by_code(code)) is not None:
        return told
    if isinstance(error, sa.exc.TimeoutError) or getattr(error, "connection_invalidated", False):
        return Failure.AWAY
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return None
    if not hasattr(error.orig, "sqlstate"):
        return Failure.AWAY if "database is locked" in said else None
    return Failure.NOT_LET_IN if code is None and _is_refused_login(error.orig, said) else Failure.AWAY


def _told_by_code(code: str) -> Failure | None:
    if code == _INSUFFICIENT_PRIVILEGE:
        return Failure.NOT_GRANTED
    if code in _OUT_OF_TIME:
        return Failure.OUT_OF_TIME
    return Failure.NOT_LET_IN if code.startswith(_NO_AUTHORIZATION) or code == _NO_SUCH_DATABASE else None


def _is_refused_login(failed: Any, said: str) -> bool:
    """Whether a server has answered a login with no, which comes without a code."""
    login = getattr(failed, "pgconn", None)  # there if it failed before there was a connection
    if login is not None and login.needs_password:
        return True
    if login is not None and login.used_password and _SAID_BY_SERVER in said:
        return True  # it asked for the password first: servers that start, stop or are full say so before
    return any(words in said for words in _NOT_LET_IN)


def why(error: BaseException) -> str:
    """Say in one line what the driver says: it may name host, database and user, never a password or a parameter."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return said[0].removeprefix("connection failed: ") if said else type(error).__name__
