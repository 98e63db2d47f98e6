"""What roles of PostgreSQL may do with the tables. Their owner, who migrates, may do everything."""

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from infrastructure.database.engines import Database
from infrastructure.database.tables import (
    DERIVED,
    actors,
    checkpoints,
    entries,
    fixed,
    head,
    held_roles,
    issued_reports,
    opened,
    prose,
    remembered,
    sessions,
    token_uses,
    tokens,
    tracking,
)

APPLICATION: Final[Mapping[str, str]] = {
    entries.name: "SELECT, INSERT",
    opened.name: "SELECT, INSERT",
    issued_reports.name: "SELECT, INSERT",
    prose.name: "SELECT, INSERT, DELETE",  # texts can be erased
    head.name: "SELECT, UPDATE",
    fixed.name: "SELECT, INSERT",
    tracking.name: "SELECT, INSERT, UPDATE",
    tokens.name: "SELECT, INSERT, UPDATE",
    held_roles.name: "SELECT, INSERT, DELETE",
    actors.name: "SELECT, INSERT, UPDATE, DELETE",  # names can be erased
    token_uses.name: "SELECT, INSERT, UPDATE",
    sessions.name: "SELECT, INSERT, UPDATE, DELETE",
    remembered.name: "SELECT, INSERT, DELETE",
    checkpoints.name: "SELECT, INSERT, UPDATE",
    **{table.name: "SELECT, INSERT, UPDATE, DELETE" for table in DERIVED},
    "alembic_version": "SELECT",
}
"""For whoever serves and records."""

_SECRET: Final = {
    fixed.name,
    tokens.name,
    held_roles.name,
    token_uses.name,
    actors.name,
    sessions.name,
    remembered.name,
}
READERS: Final[Mapping[str, str]] = {name: "SELECT" for name in APPLICATION if name not in _SECRET}
"""For whoever analyses: all that is recorded, internal things included; nothing by which one could act."""


class CannotGrantError(Exception):
    """A role that grants cannot be given to."""


def grant_to_roles(database: Database, privileges: Mapping[str | None, Mapping[str, str]]) -> None:
    """Let each role do this with the tables and nothing else; doing it again changes nothing."""
    if database.is_sqlite:
        raise CannotGrantError("SQLite knows no roles; accepted: a ledger on PostgreSQL")
    with database.writing() as connection:
        for role, listed in privileges.items():
            if role is not None:
                _grant(connection, role, listed)


def _grant(connection: sa.Connection, role: str, privileges: Mapping[str, str]) -> None:
    owner = connection.execute(sa.text("SELECT tableowner FROM pg_tables WHERE tablename = 'entries'")).scalar()
    found = connection.execute(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    if found is None:
        raise CannotGrantError(f"there is no role {role}; accepted: one that CREATE ROLE has made")
    is_owner = sa.text("SELECT pg_has_role(:role, :owner, 'MEMBER')")
    if found or connection.execute(is_owner, {"role": role, "owner": owner}).scalar():
        raise CannotGrantError(
            f"{role} could do everything whatever is granted; accepted: a role that is no superuser and neither "
            f"owns the tables nor is a member of {owner}"
        )
    quoted = connection.dialect.identifier_preparer.quote(role)
    schema = connection.execute(sa.text("SELECT quote_ident(current_schema())")).scalar()
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {quoted}")
    for table, listed in privileges.items():
        connection.exec_driver_sql(f"REVOKE ALL ON {table} FROM {quoted}")
        connection.exec_driver_sql(f"GRANT {listed} ON {table} TO {quoted}")


_LACKING: Final = sa.text(
    "SELECT name, privilege FROM unnest(CAST(:names AS text[]), CAST(:privileges AS text[])) AS need(name, privilege) "
    "WHERE to_regclass(name) IS NOT NULL "
    "AND NOT has_table_privilege(CAST(COALESCE(:role, current_user) AS name), to_regclass(name), privilege)"
)
"""Of tables that are not there yet nothing is lacking: they are made first."""
_MOST_NAMED: Final = 5
_RECORDING: Final = sa.text(
    "SELECT DISTINCT pg_get_userbyid(grantee) FROM pg_class, aclexplode(relacl) "
    "WHERE oid = to_regclass('entries') AND privilege_type = 'INSERT' AND grantee NOT IN (0, relowner) ORDER BY 1"
)


def missing_grants(database: Database) -> list[str]:
    """Say what the role that is connected as may not do with which tables, though it serves: `INSERT on sessions`."""
    if database.is_sqlite:
        return []
    with database.reading() as connection:
        return _missing(connection, None)


def not_granted(database: Database) -> list[tuple[str, str]]:
    """Give the roles that append entries and yet cannot serve, each with what it lacks, for the tables' owner."""
    if database.is_sqlite:
        return []
    with database.reading() as connection:
        found = [(role, _missing(connection, role)) for role in connection.execute(_RECORDING).scalars().all()]
    return [(role, told_missing(role, missing)) for role, missing in found if missing]


def told_missing(role: str | None, missing: Sequence[str]) -> str:
    """Say in one line what a role lacks."""
    left = len(missing) - _MOST_NAMED
    more = f"; and so with {left} more tables" if left > 0 else ""
    return f"the role {role} may not {'; '.join(missing[:_MOST_NAMED])}{more}"


def _missing(connection: sa.Connection, role: str | None) -> list[str]:
    needed = [(table, each) for table, listed in APPLICATION.items() for each in listed.split(", ")]
    names, privileges = map(list, zip(*needed, strict=True))
    lacking: dict[str, list[str]] = {}
    asked = {"names": names, "privileges": privileges, "role": role}
    for table, privilege in connection.execute(_LACKING, asked):
        lacking.setdefault(table, []).append(privilege)
    return [f"{', '.join(each)} on {table}" for table, each in lacking.items()]
