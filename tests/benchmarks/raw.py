"""The physical limit: callers wait for one thread that inserts what waits, one row an event, and commits."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from tests.benchmarks.interleaved import Sample

Commit = Callable[[list[bytes]], None]


@contextmanager
def raw_commit(url: str) -> Iterator[Commit]:
    """Give what inserts payloads in one transaction, with the database's own driver."""
    where = sa.make_url(url)
    if where.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(where.database or "", isolation_level=None, check_same_thread=False)) as lite:
            yield _sqlite(lite)
    else:
        with psycopg.connect(
            host=str(where.query.get("host") or where.host), port=where.port, user=where.username,
            password=where.password, dbname=where.database, autocommit=True,
        ) as postgresql:  # fmt: skip
            yield _psycopg(postgresql)


def _sqlite(raw: sqlite3.Connection) -> Commit:
    raw.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e (p INTEGER PRIMARY KEY, b BLOB)"
    )

    def commit(payloads: list[bytes]) -> None:
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("INSERT INTO e (b) VALUES (?)", [(each,) for each in payloads])
        raw.execute("COMMIT")

    return commit


def _psycopg(raw: psycopg.Connection[Any]) -> Commit:
    raw.execute("CREATE TABLE e (p bigserial PRIMARY KEY, b bytea)")

    def commit(payloads: list[bytes]) -> None:
        with raw.transaction(), raw.cursor() as cursor, cursor.copy("COPY e (b) FROM STDIN (FORMAT binary)") as rows:
            rows.set_types(["bytea"])
            for each in payloads:
                rows.write_row((each,))

    return commit


def waiting_callers(commit: Commit, payload: bytes, callers: int, count: int) -> Callable[[], Sample]:
    """Give a turn in which callers on an event loop record *count* events, each waiting for one before the next."""
    thread = ThreadPoolExecutor(1)

    async def turn() -> Sample:
        loop, waiting = asyncio.get_running_loop(), list[asyncio.Future[None]]()
        waits: list[float] = []

        async def caller() -> None:
            for _ in range(count // callers):
                asked = time.perf_counter()
                waiting.append(done := loop.create_future())
                await done
                waits.append(time.perf_counter() - asked)

        began = time.perf_counter()
        tasks = [asyncio.create_task(caller()) for _ in range(callers)]
        await asyncio.sleep(0)
        while not all(task.done() for task in tasks):
            batch, waiting[:] = waiting[:], []
            await loop.run_in_executor(thread, commit, [payload] * len(batch))
            for done in batch:
                done.set_result(None)
            await asyncio.sleep(0)
        return Sample(len(waits), time.perf_counter() - began, waits)

    return lambda: asyncio.run(turn())
