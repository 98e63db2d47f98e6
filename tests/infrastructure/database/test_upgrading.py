"""A ledger that an earlier version wrote is used on after `ledger migrate`, with nothing lost."""

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from application.access import Caller
from application.reporting import Reader, StatusQuery, status_report
from infrastructure.callers.identity import mint
from infrastructure.settings import Settings
from infrastructure.wiring import NotReadyError, Services, build

GOLDEN = Path(__file__).parents[2] / "golden"
NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(params=["ledger-0.1.0.sql"])
def services(request, tmp_path):
    """The ledger of an earlier version, as SQLite wrote it out."""
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.executescript((GOLDEN / request.param).read_text())
    connection.close()
    services = build(Settings(data_dir=tmp_path, log_level="error"), lambda: NOW)
    yield services
    services.close()


def report(services: Services):
    with services.view() as view:
        reader = Reader(may_read_internal=False, today=date(2026, 2, 1), now=NOW)
        return status_report(view, StatusQuery(), reader, services.press())


def test_the_tables_of_an_earlier_version_are_refused_with_what_to_do(services):
    with pytest.raises(NotReadyError, match="run `ledger migrate`"):
        services.ready()


def test_migrating_makes_the_read_models_anew_so_that_reports_say_what_this_version_says(services):
    told = []
    assert services.migrate(lambda done, total: told.append((done, total))) is True
    assert told[-1][0] == told[-1][1] > 0
    (item,) = report(services)["lists"]["achieved"]
    assert [(each["grade"], each["title"]) for each in item["evidence"]] == [("A", "Minutes"), ("D", "A newspaper")]
    assert services.replay(check=True, until=None, progress=lambda _done, _all: None).first is None
    assert services.migrate() is False


def test_a_ledger_whose_read_models_were_not_made_yet_is_not_ready(services):
    services.migrate()
    with services._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM entry_facts")
    with pytest.raises(NotReadyError, match="run `ledger migrate`"):
        services.ready()
    assert services.migrate() is True
    services.ready()


def test_a_token_of_an_earlier_version_goes_on_acting_for_all_programmes(services, tmp_path):
    secret, made = mint(NOW)
    connection = sqlite3.connect(tmp_path / "ledger.db")
    row = (made.id, made.digest, "clerk-7", "recorder", 1_700_000_000_000_000, None)
    connection.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    services.migrate()
    assert services.caller(secret) == Caller("clerk-7", "recorder", None, made.id)
