"""Statements handed to the driver as they are, with little work for each row.

SQLAlchemy's own way looks at the statement and at every parameter of every row each time, which took longer than the
database. Parameters are written `?`; what fails is raised as SQLAlchemy would raise it.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

Row = Sequence[Any]
_POSTGRESQL_TYPES: Final = {sa.BigInteger: "int8", sa.LargeBinary: "bytea", sa.Text: "text"}


def execute(connection: sa.Connection, text: str, row: Row = ()) -> Any:
    """Execute a statement; give the cursor."""
    written = _written(connection.dialect.name, text)
    return _driven(connection, text, lambda driver: driver.execute(written, row))


def execute_many(connection: sa.Connection, text: str, rows: Sequence[Row]) -> None:
    """Execute a statement for each row."""
    if rows:
        written = _written(connection.dialect.name, text)
        _driven(connection, text, lambda driver: driver.cursor().executemany(written, rows))


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Row], if_there: str = "") -> None:
    """Insert rows, each in the order of the columns; PostgreSQL takes all of them in one statement.

    sqlalchemy.exc.IntegrityError if one of them is there already, unless something is to be done *if_there*.
    """
    if rows and connection.dialect.name == "postgresql":
        if if_there:
            execute(connection, f"{_unnesting(table)}{if_there}", [list(column) for column in zip(*rows, strict=True)])
            return
        text, types = _copying(table)
        _driven(connection, text, lambda driver: _copy(driver, text, types, rows))
    else:
        execute_many(connection, f"{_inserting(table)}{if_there}", rows)


@cache
def _written(dialect: str, text: str) -> str:
    return text.replace("?", "%s") if dialect == "postgresql" else text


@cache
def _inserting(table: sa.Table) -> str:
    names = table.columns.keys()
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 -- ours


def _types(table: sa.Table) -> list[str]:
    return [_POSTGRESQL_TYPES[type(column.type)] for column in table.columns]


@cache
def _unnesting(table: sa.Table) -> str:
    columns = ", ".join(f"?::{each}[]" for each in _types(table))
    return f"INSERT INTO {table.name} ({', '.join(table.columns.keys())}) SELECT * FROM unnest({columns})"  # noqa: S608 -- ours


@cache
def _copying(table: sa.Table) -> tuple[str, list[str]]:
    types = _types(table)
    return f"COPY {table.name} ({', '.join(table.columns.keys())}) FROM STDIN (FORMAT binary)", types


def _copy(driver: Any, text: str, types: Sequence[str], rows: Iterable[Row]) -> None:
    with driver.cursor() as cursor, cursor.copy(text) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _driven(connection: sa.Connection, text: str, work: Callable[[Any], Any]) -> Any:
    dialect = connection.dialect
    error: Any = dialect.loaded_dbapi.Error
    try:
        return work(connection.connection.driver_connection)
    except error as failed:
        raise sa.exc.DBAPIError.instance(text, None, failed, error, hide_parameters=True, dialect=dialect) from failed
