"""A small ledger behind the API, shared by the tests of one file; and the databases that these run on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.http_ledger import Ledger, filled, made
from tests.stores import BACKENDS


@contextmanager
def _database(backend: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every ledger that is made meanwhile be in a database of this kind: on SQLite a file of its own."""
    if backend == "sqlite":
        yield
        return
    with request.getfixturevalue("postgresql").migrated() as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("LEDGER_DATABASE_URL", url)
        yield


@pytest.fixture(scope="module", params=BACKENDS, autouse=True)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each file runs on each database, unless a `backend` of its own says why it need not.

    A ledger that is shared by the tests of a file has to ask for it, so that there is one for each database.
    """
    with _database(request.param, request):
        yield request.param


@pytest.fixture(autouse=True)
def _fresh_database(backend: str, request: pytest.FixtureRequest) -> Iterator[None]:
    with _database(backend, request):
        yield


@pytest.fixture(scope="module")
def ledger(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    services, tokens = made(tmp_path_factory.mktemp("ledger"))
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        yield filled(client, tokens)
