"""What sealing costs those who record: the same work with it and without, turn by turn in one run."""

import asyncio
import statistics
import time
from pathlib import Path

import pytest

from application.access import Caller
from application.recording import Request, announce, publish_programme, record_event
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
RECORDER = Caller("bench", "recorder")
COMMITMENTS, CALLERS, ROUNDS, COUNT = 200, 32, 15, 1_920


def made(folder: Path) -> Services:
    services = build(Settings(data_dir=folder, log_level="error"))
    services.migrate()
    programme = {"code": "bench", "title": "Bench", "adopted_on": "2020-01-01"}
    services.record(publish_programme(Request(RECORDER, programme)))
    for number in range(COMMITMENTS):
        body = {
            "reference": f"B-{number}", "programme": "bench", "title": "One", "kind": "one_off", "tier": "action",
            "timeframe": {"wording": "in 2025", "due": "2025-12-31"}, "occurred_on": "2020-01-01",
        }  # fmt: skip
        services.record(announce(Request(RECORDER, body)))
        services.record(record_event(event("started"), f"B-{number}", four_eyes=True))
    return services


def event(kind: str) -> Request:
    return Request(RECORDER, {"kind": kind, "occurred_on": "2020-03-01", "statement": "Something was done, as agreed."})


def record(services: Services) -> float:
    """Record from many callers at once; give the seconds it took."""

    async def caller(number: int) -> None:
        for turn in range(COUNT // CALLERS):
            reference = f"B-{(number + turn * CALLERS) % COMMITMENTS}"
            await services.submit(record_event(event("progressed"), reference, four_eyes=True))

    async def callers() -> None:
        await asyncio.gather(*(caller(number) for number in range(CALLERS)))

    began = time.perf_counter()
    asyncio.run(callers())
    return time.perf_counter() - began


def test_recording_with_sealing_against_recording_without(tmp_path: Path) -> None:
    sealed, bare = made(tmp_path / "sealed"), made(tmp_path / "bare")
    bare.writer.after_commit, bare.writer.permit, bare.writer.permit_after = (
        lambda: None, lambda: None, lambda _: None,
    )  # fmt: skip
    sealed.start_sealing()
    ratios, rates = [], []
    for round_ in range(ROUNDS):
        pair = (sealed, bare) if round_ % 2 else (bare, sealed)
        took = {services: record(services) for services in pair}
        ratios.append(took[sealed] / took[bare])
        rates.append(COUNT / took[sealed])
    cost = statistics.median(ratios) - 1
    print(
        f"\nsealing: {statistics.median(rates):,.0f} entries/s with it; it costs {cost:.1%} of recording without"
        f" ({min(ratios) - 1:.1%} to {max(ratios) - 1:.1%} in {ROUNDS} rounds)"
    )
    sealed.log.sealer.seal()
    assert sealed.log.standing()["signed"] == sealed.log.size
    sealed.close()
    bare.close()


def test_proofs_from_a_log_that_nobody_has_read_yet(tmp_path: Path) -> None:
    """The time of one receipt and one proof of growth, each from a connection that is new to the place."""
    services = made(tmp_path)
    for _ in range(5):
        record(services)
    services.log.sealer.seal()
    size, took = services.log.size, []
    for position in range(1, size + 1, max(1, size // 500)):
        began = time.perf_counter()
        services.log.receipt(position)
        services.log.consistency(position, size)
        took.append((time.perf_counter() - began) * 500)  # milliseconds for one of the two
    took.sort()
    print(
        f"\na proof in a log of {size:,}: p50 {took[len(took) // 2]:.2f} ms, p99 {took[len(took) * 99 // 100]:.2f} ms"
    )
    assert took
    services.close()
