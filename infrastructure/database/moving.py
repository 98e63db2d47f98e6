"""Where a ledger may be copied from and to, so that its log goes on and never begins again."""

import sqlalchemy as sa

from infrastructure.database.copying import Copied, Told, copy_ledger
from infrastructure.database.engines import Database, NotOwnerError
from infrastructure.database.failures import failure_of
from infrastructure.database.readiness import NotReadyError, UnreachableError
from infrastructure.database.tables import fixed
from infrastructure.database.urls import database_url
from infrastructure.log.key_file import KeyFile
from infrastructure.log.log_reading import FIRST_KEY
from infrastructure.log.signed_state import STATE
from infrastructure.settings import Settings


def copy_from(url: str, settings: Settings, told: Told) -> Copied:
    """Copy another ledger, whole, into the database of *settings*, which has no entries; all of it or nothing.

    Keys and what was signed lie outside databases: they have to be there already.
    """
    source, target = Database(url), Database(settings.database())
    try:
        _check(source, settings)
        target.migrate()
        return copy_ledger(source, target, told)
    except NotOwnerError as other:
        raise NotReadyError(str(other)) from other
    except sa.exc.OperationalError as broken:
        if failure_of(broken) is None:
            raise
        raise UnreachableError(broken) from broken
    finally:
        source.close()
        target.close()


def _check(source: Database, settings: Settings) -> None:
    """Raise NotReadyError unless a ledger can be copied where *settings* say, to its keys and what it has signed."""
    if source.url == database_url(settings.database()):
        raise NotReadyError("a ledger cannot be copied into itself; LEDGER_DATABASE_URL says where to")
    try:
        current = source.is_current()
    except sa.exc.SQLAlchemyError as broken:
        raise UnreachableError(broken) from broken
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
