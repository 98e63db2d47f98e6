"""What a failure of the database means: whether asking again helps, and what its operator can do."""

from enum import Enum
from typing import Final

import sqlalchemy as sa

_FULL: Final = ("database or disk is full", "No space left on device", "disk I/O error")
# A server refuses logins before it has told a code; these are its words, in English as in most installations.
_NOT_LET_IN: Final = ("authentication failed", "no password supplied", "pg_hba.conf", " does not exist")
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_OUT_OF_TIME: Final = ("57014", "55P03", "25P03")
"""A statement was canceled, a lock was not had in time, a transaction was idle for too long."""


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
    if code == _INSUFFICIENT_PRIVILEGE:
        return Failure.NOT_GRANTED
    if code in _OUT_OF_TIME:
        return Failure.OUT_OF_TIME
    if isinstance(error, sa.exc.TimeoutError) or getattr(error, "connection_invalidated", False):
        return Failure.AWAY
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return None
    if not hasattr(error.orig, "sqlstate"):
        return Failure.AWAY if "database is locked" in said else None
    refused = code is None and any(words in said for words in _NOT_LET_IN)
    return Failure.NOT_LET_IN if refused else Failure.AWAY


def why(error: BaseException) -> str:
    """Say in one line what the driver says: it may name host, database and user, never a password or a parameter."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return said[0].removeprefix("connection failed: ") if said else type(error).__name__
