"""Whether a database can be used as a ledger, and making it so."""

from collections.abc import Callable

import sqlalchemy as sa

from infrastructure.database import Database, NotOwnerError, why_away
from infrastructure.database_urls import database_url
from infrastructure.key_file import KeyFile
from infrastructure.log_reading import FIRST_KEY
from infrastructure.openid.people import PEOPLE, new_secret
from infrastructure.replaying import read_models_are_missing, rebuild
from infrastructure.settings import Settings
from infrastructure.signed_state import STATE
from infrastructure.tables import fixed, head


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


def check_source(source: Database, settings: Settings) -> None:
    """Raise NotReadyError unless a ledger can be copied where *settings* say, to its keys and what it has signed."""
    if source.url == database_url(settings.database()):
        raise NotReadyError("a ledger cannot be copied into itself; LEDGER_DATABASE_URL says where to")
    try:
        current = source.is_current()
    except sa.exc.SQLAlchemyError as broken:
        raise UnreachableError(why_away(broken)) from broken
    if not current:
        raise NotReadyError("the source is no ledger of this version; run `ledger migrate` on it first")
    with source.reading() as connection:
        said = {row.name: row.value for row in connection.execute(sa.select(fixed))}
    if said["log_origin"] != settings.log_origin:
        raise NotReadyError(f"the log origin of the source is {said['log_origin']}; set LEDGER_LOG_ORIGIN to it")
    keys = KeyFile(settings.key_folder())
    signed = FIRST_KEY not in said or (keys.exists and said[FIRST_KEY] in map(str, keys.read().verifiers()))
    if not signed or not (settings.log_folder() / STATE).exists():
        raise NotReadyError(
            f"the key and what the source has signed are not in {settings.data_dir}; use the data directory of the "
            "source, or copy its log-keys.json and its folder log first"
        )
