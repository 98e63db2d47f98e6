"""`ledger load --from`: a whole ledger, from one database into another, in one transaction.

What is not derived is copied row by row, in constant memory. The copy is then read back and every entry hashed again;
read models are made anew from it. Unless all of it fits and has the source's root, nothing is kept.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from infrastructure.database.engines import Database, NotOwnerError
from infrastructure.database.failures import Failure, failure_of
from infrastructure.database.listening import move_head
from infrastructure.database.tables import APPEND_ONLY, DERIVED, checkpoints, entries, head, metadata
from infrastructure.recording.tail import frontier_at
from infrastructure.replaying.replay import Replay

COPIED: Final = tuple(table for table in metadata.sorted_tables if table not in (*DERIVED, head, checkpoints))
"""What cannot be made anew. What hosts tell each other is told again."""
_PAGE: Final = 1_000
Told = Callable[[int, int, str], None]


class CannotCopyError(Exception):
    """Nothing was copied; the text says why, and what would be accepted."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How many entries were copied, and the root of their tree."""

    entries: int
    root: bytes


def copy_ledger(source: Database, target: Database, told: Told) -> Copied:
    """Copy a ledger into one without entries. *told* hears how much is done, of how much, and of what."""
    try:
        with source.reading() as old, target.writing() as new:
            end = _end(old)
            _make_room(new)
            _copy_rows(old, new, told)
            move_head(new, end.position, end.recorded_at)
            root = _read_back(old, new, end, told)
            with source.reading() as later:
                if _end(later) != end:
                    raise CannotCopyError(
                        "the source was recorded to while it was copied; accepted: a ledger whose servers are stopped"
                    )
    except sa.exc.ProgrammingError as refused:
        if failure_of(refused) is Failure.NOT_GRANTED:
            raise NotOwnerError(target.url.username, "load --from") from refused
        raise
    return Copied(end.position, root)


def _end(connection: sa.Connection) -> Any:
    return connection.execute(sa.select(head.c.position, head.c.recorded_at)).one()


def _make_room(connection: sa.Connection) -> None:
    """Lock the target and see that nothing is in it but what making its tables has put there."""
    connection.execute(sa.select(head).with_for_update())
    there = connection.execute(sa.select(sa.func.max(entries.c.position))).scalar()
    if there:
        raise CannotCopyError(f"there are {there} entries here already; accepted: a database without entries")
    for table in COPIED:
        if table.name not in APPEND_ONLY:
            connection.execute(sa.delete(table))


def _copy_rows(old: sa.Connection, new: sa.Connection, told: Told) -> None:
    counts = {table: old.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in COPIED}
    done, total = 0, sum(counts.values())
    for table in COPIED:
        columns = [table.c[column.name] for column in table.columns]
        found = old.execution_options(yield_per=_PAGE).execute(sa.select(*columns).order_by(*table.primary_key))
        for page in _pages(found):
            _insert(new, table, page)
            done += len(page)
            told(done, total, "Copying")


def _pages(rows: Iterable[sa.Row[Any]]) -> Iterator[list[sa.Row[Any]]]:
    through = iter(rows)
    while page := list(islice(through, _PAGE)):
        yield page


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[sa.Row[Any]]) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(sa.insert(table), [dict(zip(row._fields, row, strict=True)) for row in rows])
        return
    names = ", ".join(column.name for column in table.columns)
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _read_back(old: sa.Connection, new: sa.Connection, end: Any, told: Told) -> bytes:
    """Hash every entry of the copy, make its read models, and give its root."""

    def advance(done: int, total: int) -> None:
        told(done, total, "Hashing again")

    replaying = Replay(new, end.position, advance, passes=2, all_known=True)
    replaying.look_and(replaying.replace, end.recorded_at)
    if not replaying.sound:
        raise CannotCopyError(
            f"the source is not what was recorded: {replaying.first}; `ledger verify` on it says more"
        )
    root, expected = frontier_at(new, end.position).root, frontier_at(old, end.position).root
    if root != expected:
        raise CannotCopyError(f"the copy has the root {root.hex()}, the source {expected.hex()}")
    return root
