"""Whether a database can be used as a ledger, and making it so."""

from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa

from infrastructure.database.engines import Database, NotOwnerError
from infrastructure.database.failures import Failure, failure_of, why
from infrastructure.database.granting import missing_grants, told_missing
from infrastructure.database.tables import fixed, head
from infrastructure.openid.people import PEOPLE, new_secret
from infrastructure.replaying.replay import read_models_are_missing, rebuild


class NotReadyError(Exception):
    """The ledger cannot be used as it is; the text says what to do, and *why* more for the operator alone."""

    why: str | None = None


class UnreachableError(NotReadyError):
    """The database cannot be asked, for the reason *error*; *why* may name host and user."""

    def __init__(self, error: sa.exc.SQLAlchemyError) -> None:
        self.failure, self.why = failure_of(error) or Failure.AWAY, why(error)
        super().__init__(self.failure.value)


class NotGrantedError(NotReadyError):
    """The role that serves lacks rights to tables: often because an upgrade has made new ones; *why* names them."""

    def __init__(self, role: str | None, missing: Sequence[str]) -> None:
        self.role, self.why = role, told_missing(role, missing)
        super().__init__(f"{Failure.NOT_GRANTED.value}; run `ledger migrate --grant-to ROLE` as the tables' owner")


def make_ready(database: Database, origin: str, progress: Callable[[int, int], None]) -> bool:
    """Bring tables and read models to this version and fix the log's origin; True if tables or read models changed.

    *progress* is told how far read models are that have to be made anew.
    """
    try:
        changed = database.migrate()
    except NotOwnerError as other:
        raise NotReadyError(str(other)) from other
    except sa.exc.OperationalError as broken:
        raise UnreachableError(broken) from broken
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


def check_there(database: Database) -> None:
    """Raise NotReadyError if there is no such file: whoever mistyped its folder should not make an empty ledger."""
    if database.is_sqlite and database.url.database and not Path(database.url.database).exists():
        raise NotReadyError(
            f"there is no ledger at {database.url.database}; LEDGER_DATA_DIR, or LEDGER_DATABASE_URL, "
            "says where it is, and `ledger migrate` makes a new one"
        )


def check_ready(database: Database, origin: str) -> None:
    """Raise NotReadyError unless the tables are of this version and *origin* is the ledger's own."""
    try:
        missing = missing_grants(database)
        current = not missing and database.is_current()
    except sa.exc.SQLAlchemyError as broken:
        raise UnreachableError(broken) from broken
    if missing:
        raise NotGrantedError(database.url.username, missing)
    check_there(database)
    if not current:
        owner = "" if database.is_sqlite else " as their owner, with --grant-to for the role that serves"
        raise NotReadyError(f"the database has other tables than this version needs; run `ledger migrate`{owner}")
    if read_models_are_missing(database):
        raise NotReadyError("the read models have to be made anew; run `ledger migrate`")
    with database.reading() as connection:
        own = connection.execute(sa.select(fixed.c.value).where(fixed.c.name == "log_origin")).scalar()
    if own != origin:
        raise NotReadyError(f"this ledger's log origin is {own} for ever; LEDGER_LOG_ORIGIN says {origin}")
