"""What sealing costs those who record: the same work with it and without, turn by turn in one run."""

import asyncio
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.merkle import verify_consistency
from domain.receipt import parse_receipt, verify_receipt
from infrastructure.database.tables import entries
from infrastructure.log.signatures import verify
from infrastructure.wiring import Services
from tests.benchmarks.started import started_ledger, step

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
COMMITMENTS, CALLERS, ROUNDS, COUNT = 200, 32, 15, 1_920
BEGINNINGS = 1 + 2 * COMMITMENTS


def record(services: Services) -> float:
    """Record from many callers at once; give the seconds it took."""

    async def caller(number: int) -> None:
        for turn in range(COUNT // CALLERS):
            await services.submit(step((number + turn * CALLERS) % COMMITMENTS))

    async def callers() -> None:
        await asyncio.gather(*(caller(number) for number in range(CALLERS)))

    began = time.perf_counter()
    asyncio.run(callers())
    return time.perf_counter() - began


def _size(services: Services) -> int:
    with services.view() as view:
        return view.head.log_size


def test_recording_with_sealing_against_recording_without(tmp_path: Path) -> None:
    sealed, bare = (started_ledger(tmp_path / name, COMMITMENTS) for name in ("sealed", "bare"))
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
    entries = BEGINNINGS + ROUNDS * COUNT
    assert [_size(sealed), sealed.log.standing()["signed"], _size(bare), bare.log.standing()["signed"]] == [
        entries, entries, entries, 0,
    ]  # fmt: skip
    sealed.close()
    bare.close()


def test_proofs_from_a_log_that_nobody_has_read_yet(tmp_path: Path) -> None:
    """The time of one receipt and one proof of growth, each from a connection that is new to the place."""
    services = started_ledger(tmp_path, COMMITMENTS)
    for _ in range(5):
        record(services)
    services.log.sealer.seal()
    size, took, made = services.log.size, [], []
    assert size == BEGINNINGS + 5 * COUNT
    for position in range(1, size + 1, max(1, size // 500)):
        began = time.perf_counter()
        made.append((position, services.log.receipt(position), services.log.consistency(position, size)))
        took.append((time.perf_counter() - began) * 500)  # milliseconds for one of the two
    took.sort()
    print(
        f"\na proof in a log of {size:,}: p50 {took[len(took) // 2]:.2f} ms, p99 {took[len(took) * 99 // 100]:.2f} ms"
    )
    _hold(services, size, made)
    services.close()


def _hold(services: Services, size: int, made: list[tuple[int, bytes | None, Mapping[str, Any]]]) -> None:
    """Every proof that was timed proves its entry, and that the log has grown only."""
    policy = services.log.policy()
    with services._database.reading() as connection:
        rows = {row.position: row.entry for row in connection.execute(sa.select(entries.c.position, entries.c.entry))}
    for position, receipt, growth in made:
        assert receipt is not None
        head = verify_receipt(parse_receipt(receipt), rows[position], policy, verify).checkpoint
        assert (head.size, head.root.hex()) == (size, growth["to_root"])
        hashes = [bytes.fromhex(each) for each in growth["hashes"]]
        verify_consistency(position, bytes.fromhex(growth["from_root"]), size, head.root, hashes)
