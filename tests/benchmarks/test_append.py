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

from infrastructure.wiring import Services
from tests.benchmarks import uma
from tests.benchmarks.interleaved import Sample, compare
from tests.benchmarks.raw import raw_commit, waiting_callers
from tests.benchmarks.started import started_ledger, step

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
COMMITMENTS: Final = 192
CALLERS: Final = 32
COUNT: Final = 1_920
PAYLOAD: Final = json.dumps({"text": "x" * 410}).encode()
"""As long as the bytes of one of our entries, which has a text, its salt and rows of read models besides."""


def test_recording_by_waiting_callers(two_urls: tuple[str, str], tmp_path: Path) -> None:
    ours, peer = two_urls
    services = started_ledger(tmp_path / "ledger", COMMITMENTS, database_url=ours)
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
        done = compare(f"recording by {CALLERS} waiting callers, {database}", contenders)
        with services.view() as view:
            assert view.head.log_size == 1 + 2 * COMMITMENTS + sum(each.count for each in done["ours"])
    assert {each.count for taken in done.values() for each in taken} == {COUNT}


def _waiting(services: Services) -> Callable[[], Sample]:
    async def caller(number: int) -> list[float]:
        waits = []
        for turn in range(COUNT // CALLERS):
            asked = time.perf_counter()
            await services.submit(step((number + turn * CALLERS) % COMMITMENTS))
            waits.append(time.perf_counter() - asked)
        return waits

    async def turn() -> Sample:
        began = time.perf_counter()
        waits = await asyncio.gather(*(caller(number) for number in range(CALLERS)))
        return Sample(COUNT, time.perf_counter() - began, [wait for each in waits for wait in each])

    return lambda: asyncio.run(turn())
