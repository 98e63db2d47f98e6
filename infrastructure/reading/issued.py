"""Where issued reports are found: their entries in the log, and what is kept beside them."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from domain.issued import KeptReport
from infrastructure.database.tables import entry_facts, issued_reports, opened


def newest_issued(before: int, limit: int, *, internal: bool) -> sa.Select[Any]:
    """Make the query for the positions of issued reports below *before*, the newest first, internal ones if asked."""
    query = sa.select(entry_facts.c.position).where(
        entry_facts.c.kind == "report_issued", entry_facts.c.position < before
    )
    if not internal:
        query = query.where(entry_facts.c.position.not_in(sa.select(opened.c.position)))
    return query.order_by(entry_facts.c.position.desc()).limit(limit)


def kept_report(connection: sa.Connection, position: int) -> KeptReport | None:
    """Give what is kept of the report issued at *position*; None if there is nothing."""
    query = sa.select(issued_reports).where(issued_reports.c.position == position)
    row = connection.execute(query).one_or_none()
    return None if row is None else KeptReport(json.loads(row.parameters), row.facts, row.digest)


def kept_row(position: int, kept: KeptReport, parameters: str) -> dict[str, Any]:
    """Give the row of a report; *parameters* is the RFC 8785 text of its parameters."""
    return {"position": position, "parameters": parameters, "facts": kept.packed, "digest": kept.digest}


def all_kept(connection: sa.Connection, up_to: int | None = None) -> Iterator[tuple[int, KeptReport]]:
    """Give everything that is kept, by position, one report in memory at a time."""
    query, after = sa.select(issued_reports).order_by(issued_reports.c.position).limit(1), 0
    if up_to is not None:
        query = query.where(issued_reports.c.position <= up_to)
    while row := connection.execute(query.where(issued_reports.c.position > after)).one_or_none():
        after = row.position
        yield after, KeptReport(json.loads(row.parameters), row.facts, row.digest)


def closed_reports(connection: sa.Connection) -> set[int]:
    """Give the positions of the reports that count what is internal."""
    query = sa.select(issued_reports.c.position).join(opened, opened.c.position == issued_reports.c.position)
    return set(connection.execute(query).scalars())
