"""How much the properties try: HYPOTHESIS_PROFILE is `gate` (the default) or `soak`. What is for one database only."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.tables import with_tables

pytest_plugins = ["tests.browser", "tests.postgresql"]

# A property is as slow as the machine is busy: no deadline, and slow data is no failure.
settings.register_profile("gate", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", settings.get_profile("gate"), max_examples=2_000, stateful_step_count=80)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory) -> Path:
    """A migrated SQLite database, to be copied."""
    return with_tables(tmp_path_factory.mktemp("empty") / "ledger.db")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a test says is not for a database: `@pytest.mark.only("sqlite", "why")`."""
    elsewhere = [item for item in items if not _is_for_its_database(item)]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in set(elsewhere)]


def _is_for_its_database(item: pytest.Item) -> bool:
    mark, call = item.get_closest_marker("only"), getattr(item, "callspec", None)
    return mark is None or call is None or call.params.get("backend", mark.args[0]) == mark.args[0]
