"""The store under test, on each backend there is."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
from structlog.testing import capture_logs

from tests.postgresql import new_database
from tests.stores import BACKENDS, Store


@pytest.fixture(autouse=True)
def logged() -> Iterator[list]:
    """What is logged is kept from the terminal; drawing a traceback with its locals takes a second."""
    with capture_logs() as events:
        yield events


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    """The kind of database."""
    return str(request.param)


@pytest.fixture
def new_url(backend: str, request, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    with new_database(backend, request, tmp_path / "ledger.db") as url:
        yield url


@pytest.fixture
def url(backend: str, request, empty_ledger: Path, tmp_path: Path) -> Iterator[str]:
    """A ledger without entries."""
    if backend == "sqlite":
        copyfile(empty_ledger, tmp_path / "ledger.db")
    with new_database(backend, request, tmp_path / "ledger.db", tables=True) as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()
