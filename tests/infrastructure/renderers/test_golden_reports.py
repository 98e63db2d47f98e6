"""The figures of the shipped catalogue, as a reviewer should see them change.

After a change that is meant, `GOLDEN=write pytest tests/infrastructure/renderers/test_golden_reports.py` writes anew.
"""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from application.reporting import Reader, StatusQuery, status_report
from infrastructure.settings import Settings
from infrastructure.wiring import build

GOLDEN = Path(__file__).parents[2] / "golden" / "reports"
NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
CATALOGUE = "strategic-compass-partner"


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    services = build(Settings(data_dir=tmp_path_factory.mktemp("catalogue"), log_level="error"), lambda: NOW)
    services.migrate()
    services.load(CATALOGUE, "catalogue", lambda _done, _all: None)
    yield services
    services.close()


@pytest.mark.parametrize("as_of", ["2022-12-31", "2023-06-30", "2025-12-31"])
def test_the_reports_on_the_shipped_catalogue_are_those_that_were_reviewed(services, as_of):
    with services.view() as view:
        query = StatusQuery(as_of=date.fromisoformat(as_of))
        reader = Reader(may_read_internal=False, today=NOW.date(), now=NOW)
        report = status_report(view, query, reader, services.press())
    figures = {
        "as_of": report["as_of"],
        "commitments": len(report["commitments"]),
        "lists": {name: len(items) for name, items in report["lists"].items()},
        "achieved": [item["reference"] for item in report["lists"]["achieved"]],
        "overdue": [item["reference"] for item in report["lists"]["overdue"]],
        "headline": report["headline"],
        "totals": {name: report["totals"][name] for name in ("by_status", "by_timeliness", "flagged")},
        "partners_with_activity": [each["code"] for each in report["by_partner"] if each["last_activity_on"]],
        "digest": report["digest"],
    }
    written = json.dumps(figures, indent=2, ensure_ascii=False) + "\n"
    kept = GOLDEN / f"{CATALOGUE}-{as_of}.json"
    if os.environ.get("GOLDEN") == "write":
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(written)
    assert written == kept.read_text()
