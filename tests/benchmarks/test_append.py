"""Recording without HTTP: 32 waiting callers, everything on, against the same callers at the database itself."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from application.access import Caller
from application.recording import Request, announce, publish_programme, record_event
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build
from tests.benchmarks import uma
from tests.benchmarks.interleaved import Sample, compare
from tests.benchmarks.raw import raw_commit, waiting_callers

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
RECORDER: Final = Caller("bench", "recorder")
COMMITMENTS: Final = 192
CALLERS: Final = 32
COUNT: Final = 1_920
PAYLOAD: Final = json.dumps({"text": "x" * 410}).encode()
"""As long as the bytes of one of our entries, which has a text, its salt and rows of read models besides."""


def test_recording_by_waiting_callers(two_urls: tuple[str, str], tmp_path: Path) -> None:
    ours, peer = two_urls
    services = build(Settings(data_dir=tmp_path / "ledger", database_url=ours, log_level="error"))
    services.migrate()
    _begin(services)
    services.start_sealing()
    with ExitStack() as stack:
        stack.callback(services.close)
        database = sa.make_url(ours).get_backend_name()
        commit = stack.enter_context(raw_commit(peer))
        address = stack.enter_context(uma.served(tmp_path))
        contenders = {
            "ours": _waiting(services),
            f"raw {database} group commit": waiting_callers(commit, PAYLOAD, CALLERS, COUNT),
            "UmaDB": uma.waiting_threads(address, PAYLOAD, CALLERS, COUNT),
        }
        compare(f"recording by {CALLERS} waiting callers, {database}", contenders)


def _begin(services: Services) -> None:
    """Publish a programme with commitments that have started."""
    programme = {"code": "bench", "title": "Bench", "adopted_on": "2020-01-01"}
    services.record(publish_programme(Request(RECORDER, programme)))
    for number in range(COMMITMENTS):
        body = {
            "reference": f"B-{number}", "programme": "bench", "title": "One", "kind": "one_off", "tier": "action",
            "timeframe": {"wording": "in 2025", "due": "2025-12-31"}, "occurred_on": "2020-01-01",
        }  # fmt: skip
        services.record(announce(Request(RECORDER, body)))
        services.record(record_event(_event("started", "2020-02-01"), f"B-{number}", four_eyes=True))


def _event(kind: str, day: str) -> Request:
    return Request(RECORDER, {"kind": kind, "occurred_on": day, "statement": "Something was done, as agreed."})


def _waiting(services: Services) -> Callable[[], Sample]:
    async def caller(number: int) -> list[float]:
        waits = []
        for turn in range(COUNT // CALLERS):
            reference = f"B-{(number + turn * CALLERS) % COMMITMENTS}"
            asked = time.perf_counter()
            await services.submit(record_event(_event("progressed", "2020-03-01"), reference, four_eyes=True))
            waits.append(time.perf_counter() - asked)
        return waits

    async def turn() -> Sample:
        began = time.perf_counter()
        waits = await asyncio.gather(*(caller(number) for number in range(CALLERS)))
        return Sample(COUNT, time.perf_counter() - began, [wait for each in waits for wait in each])

    return lambda: asyncio.run(turn())
