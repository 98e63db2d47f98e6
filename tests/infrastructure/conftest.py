"""The store under test, on each backend there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores import BACKENDS, Store, database_url


@pytest.fixture(params=BACKENDS)
def url(request, tmp_path: Path) -> Iterator[str]:
    with database_url(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()
