"""Whether a database can be used as a ledger, and making it so."""

from collections.abc import Callable

import sqlalchemy as sa

from infrastructure.database.engines import Database, NotOwnerError, why_away
from infrastructure.database.tables import fixed, head
from infrastructure.openid.people import PEOPLE, new_secret
from infrastructure.replaying.replay import read_models_are_missing, rebuild


class NotReadyError(Exception):
    """The ledger cannot be used as it is; the text says what to do."""


class UnreachableError(NotReadyError):
    """The database cannot be reached. *why* may name host and user: for the operator only."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__("the database cannot be reached now")


def make_ready(database: Database, origin: str, progress: Callable[[int, int], None]) -> bool:
    """Bring tables and read models to this version and fix the log's origin; True if tables or read models changed.

    *progress* is told how far read models are that have to be made anew.
    """
    try:
        changed = database.migrate()
    except NotOwnerError as other:
        raise NotReadyError(str(other)) from other
    except sa.exc.OperationalError as broken:
        raise UnreachableError(why_away(broken)) from broken
    with database.writing() as connection:
        connection.execute(sa.select(head).with_for_update())  # another that migrates waits
        there = connection.execute(sa.select(fixed.c.name)).scalars().all()
        for name, value in (("log_origin", origin), (PEOPLE, new_secret())):
            if name not in there:
                connection.execute(sa.insert(fixed).values(name=name, value=value))
    if not read_models_are_missing(database):
        return changed
    made = rebuild(database, progress)
    if not made.replaced:
        raise NotReadyError(f"no read models can be made of entries that are not what was recorded: {made.first}")
    return True


def check_ready(database: Database, origin: str) -> None:
    """Raise NotReadyError unless the tables are of this version and *origin* is the ledger's own."""
    try:
        current = database.is_current()
    except sa.exc.SQLAlchemyError as broken:
        raise UnreachableError(why_away(broken)) from broken
    if not current:
        raise NotReadyError(
            "the database has other tables than this version needs; run `ledger migrate`"
            + ("" if database.is_sqlite else " as their owner")
        )
    if read_models_are_missing(database):
        raise NotReadyError("the read models have to be made anew; run `ledger migrate`")
    with database.reading() as connection:
        own = connection.execute(sa.select(fixed.c.value).where(fixed.c.name == "log_origin")).scalar()
    if own != origin:
        raise NotReadyError(f"this ledger's log origin is {own} for ever; LEDGER_LOG_ORIGIN says {origin}")
