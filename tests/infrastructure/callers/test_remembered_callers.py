"""Whoever records often is recognised without a look-up each time, and not for long after their token was revoked."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from infrastructure.callers import remembered_callers
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = build(Settings(data_dir=tmp_path, log_level="error"))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give seconds that are added to the clock."""
    seconds = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(seconds))
    monkeypatch.setattr(remembered_callers, "time", clock)
    return seconds


def test_of_many_requests_one_looks_up_what_is_outdated(services: Services, later: list[float]) -> None:
    secret = services.create_token("recorder", "recorder", "local")
    assert services.callers.get(secret) is None
    assert services.caller(secret) is not None
    assert services.callers.get(secret) is not None
    later.append(remembered_callers.GOOD_FOR + 0.1)
    assert [services.callers.get(secret) is None for _ in range(4)] == [True, False, False, False]
    later.append(remembered_callers.GOOD_FOR)  # whoever looked it up has not come back
    assert [services.callers.get(secret) is None for _ in range(2)] == [True, False]
    assert services.caller(secret) is not None
    assert [services.callers.get(secret) is None for _ in range(2)] == [False, False]


def test_whose_token_another_process_revoked_is_forgotten_with_the_next_look_up(
    services: Services, later: list[float]
) -> None:
    secret = services.create_token("recorder", "recorder", "local")
    (token,) = services.identities.tokens()
    assert services.caller(secret) is not None
    another = build(services.settings)
    another.revoke_token(token.id, "local")
    another.close()
    later.append(remembered_callers.GOOD_FOR + 0.1)
    assert services.callers.get(secret) is None
    assert services.caller(secret) is None
    assert services.callers.get(secret) is None
