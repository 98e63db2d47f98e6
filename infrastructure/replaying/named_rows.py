"""Rows of the read models by the names of their columns, for comparing a row that is there with one that should be."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from domain.publication import NEVER
from infrastructure.database.tables import FOR_EVER, course, relations, status_courses, streams
from infrastructure.reading.read_models import Row

Named = dict[str, Any]
"""Values of a row by the names of their columns."""


def as_dicts(rows: Mapping[sa.Table, Sequence[Row]]) -> dict[sa.Table, list[Named]]:
    """Name the values of rows of several tables."""
    return {table: [as_dict(table, row) for row in made] for table, made in rows.items()}


def as_dict(table: sa.Table, row: Sequence[Any]) -> Named:
    """Name the values of a row."""
    return dict(zip(table.columns.keys(), row, strict=True))


def clip(table: sa.Table, row: Named, size: int, wanted: Mapping[Any, Named]) -> bool:
    """Make a live row what it was when *size* entries were known; False if it was not there."""
    if table is streams:
        made = wanted.get(key_of(table, row))
        row["version"] = min(row["version"], made["version"]) if made else row["version"]
        row["public_from"] = row["public_from"] if row["public_from"] <= size else NEVER
    elif table is course:
        row["to_position"] = row["to_position"] if row["to_position"] <= size else FOR_EVER
        return bool(row["from_position"] <= size)
    elif table is status_courses:
        return bool(row["from_position"] <= size)
    elif table is relations:
        return key_of(table, row) in wanted  # it does not say since when it is there
    else:
        return bool(row["position"] <= size)
    return True


def key_of(table: sa.Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give a row's primary key."""
    return tuple(row[column.name] for column in table.primary_key)


def shown(table: sa.Table, row: Mapping[str, Any]) -> str:
    """Say which row it is."""
    return ", ".join(f"{column.name} {_value(row[column.name])}" for column in table.primary_key)


def unequal(table: sa.Table, live: Named, made: Named) -> str:
    """Say in what a live row differs from the one that the entries give."""
    name = next(name for name, value in made.items() if live[name] != value)
    return f"{name} is {_value(live[name])}, the entries give {_value(made[name])} ({shown(table, made)})"


def _value(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
