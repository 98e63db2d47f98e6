"""A small ledger behind the API, shared by the tests of one file."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.http_ledger import Ledger, filled, made


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    services, tokens = made(tmp_path_factory.mktemp("ledger"))
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        yield filled(client, tokens)
