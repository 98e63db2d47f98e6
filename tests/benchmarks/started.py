"""A ledger with commitments that have started, and what is recorded of them next."""

from pathlib import Path
from typing import Any, Final

from application.access import Caller
from application.ports import Command
from application.recording import Request, announce, publish_programme, record_event
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build

RECORDER: Final = Caller("bench", "recorder")


def started_ledger(folder: Path, commitments: int, **settings: Any) -> Services:
    """Make a ledger in which B-0, B-1 … have started: an entry of a programme, and two for each of them."""
    services = build(Settings(data_dir=folder, log_level="error", **settings))
    services.migrate()
    programme = {"code": "bench", "title": "Bench", "adopted_on": "2020-01-01"}
    services.record(publish_programme(Request(RECORDER, programme)))
    for number in range(commitments):
        body = {
            "reference": f"B-{number}", "programme": "bench", "title": "One", "kind": "one_off", "tier": "action",
            "timeframe": {"wording": "in 2025", "due": "2025-12-31"}, "occurred_on": "2020-01-01",
        }  # fmt: skip
        services.record(announce(Request(RECORDER, body)))
        services.record(step(number, "2020-02-01", "started"))
    return services


def step(number: int, day: str = "2020-03-01", kind: str = "progressed") -> Command:
    """Say that something was done about a commitment."""
    said = {"kind": kind, "occurred_on": day, "statement": "Something was done, as agreed."}
    return record_event(Request(RECORDER, said), f"B-{number}", four_eyes=True)
