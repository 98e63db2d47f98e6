"""Ratios against a peer, measured turn by turn in one run, because machines are noisy; no time can fail a test."""

import asyncio
import json
import random
import sqlite3
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from application.access import Caller
from application.recording import Request, announce, publish_programme, record_event
from domain.commitment import Commitment
from domain.replay import state_at
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
RECORDER = Caller("bench", "recorder")
COMMITMENTS, CALLERS, ROUNDS = 200, 32, 5


@pytest.fixture
def services(tmp_path: Path) -> Services:
    services = build(Settings(data_dir=tmp_path / "ledger", log_level="error"))
    services.migrate()
    services.record(
        publish_programme(Request(RECORDER, {"code": "bench", "title": "Bench", "adopted_on": "2020-01-01"}))
    )
    for number in range(COMMITMENTS):
        body = {
            "reference": f"B-{number}", "programme": "bench", "title": "One", "kind": "one_off", "tier": "action",
            "timeframe": {"wording": "in 2025", "due": "2025-12-31"}, "occurred_on": "2020-01-01",
        }  # fmt: skip
        services.record(announce(Request(RECORDER, body)))
        services.record(record_event(_event("started", "2020-02-01"), f"B-{number}", four_eyes=True))
    return services


def _event(kind: str, day: str) -> Request:
    return Request(RECORDER, {"kind": kind, "occurred_on": day, "statement": "Something was done, as agreed."})


def test_recording_with_everything_on_against_raw_group_commit(services: Services, tmp_path: Path) -> None:
    count = 960
    raw_batches = _raw_group_commit(tmp_path / "raw.db", count)

    def ledger() -> None:
        async def caller(number: int) -> None:
            for turn in range(count // CALLERS):
                reference = f"B-{(number + turn * CALLERS) % COMMITMENTS}"
                await services.submit(record_event(_event("progressed", "2020-03-01"), reference, four_eyes=True))

        async def callers() -> None:
            await asyncio.gather(*(caller(number) for number in range(CALLERS)))

        asyncio.run(callers())

    _compare("recording, 32 callers", ledger, "raw sqlite3 group commit", raw_batches, count)


def test_a_report_for_two_times_against_folding_every_entry(services: Services) -> None:
    chance = random.Random(1)
    for turn in range(20):
        for number in range(COMMITMENTS):
            day = date(2020, 3, 1) + timedelta(days=turn * 30 + number % 7)
            services.record(record_event(_event("progressed", day.isoformat()), f"B-{number}", four_eyes=True))

    def indexed() -> None:
        with services.view() as view:
            at = date(2020, 1, 1) + timedelta(days=chance.randrange(700)), chance.randrange(400, view.head.log_size)
            view.commitments(*at)

    def folded() -> None:
        with services.view() as view:
            at = date(2020, 1, 1) + timedelta(days=chance.randrange(700)), chance.randrange(400, view.head.log_size)
            for number in range(COMMITMENTS):
                entries = view.entries(Commitment.id_of(f"B-{number}"), at[1])
                if entries:
                    state_at(entries, *at)

    _compare("states at (V, N) from the read models", indexed, "folding every entry", folded, 1)


def _raw_group_commit(path: Path, count: int) -> Callable[[], None]:
    """The physical limit: the same callers wait for one thread that inserts what waits and commits."""
    thread = ThreadPoolExecutor(1)
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    raw.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e (p INTEGER PRIMARY KEY, b BLOB)"
    )
    payload = json.dumps({"text": "x" * 400}).encode()

    def commit(batch: list[asyncio.Future[None]]) -> None:
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("INSERT INTO e (b) VALUES (?)", [(payload,)] * len(batch))
        raw.execute("COMMIT")

    async def raw_callers() -> None:
        loop, waiting = asyncio.get_running_loop(), list[asyncio.Future[None]]()

        async def caller() -> None:
            for _ in range(count // CALLERS):
                waiting.append(done := loop.create_future())
                await done

        async def pump() -> None:
            while not all(task.done() for task in tasks):
                batch, waiting[:] = waiting[:], []
                await loop.run_in_executor(thread, commit, batch)
                for done in batch:
                    done.set_result(None)
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(caller()) for _ in range(CALLERS)]
        await asyncio.sleep(0)
        await pump()

    def raw_batches() -> None:
        asyncio.run(raw_callers())

    return raw_batches


def _compare(name: str, ours: Callable[[], None], peer_name: str, peer: Callable[[], None], count: int) -> None:
    ratios, rates = [], []
    for _ in range(ROUNDS):
        times = []
        for work in (ours, peer):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        ratios.append(times[1] / times[0])
        rates.append(count / times[0])
    print(
        f"\n{name}: {statistics.median(rates):,.0f}/s; {statistics.median(ratios):.2f} times {peer_name}"
        f" ({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds)"
    )
    assert len(ratios) == ROUNDS
