"""Databases for measuring: SQLite, and a PostgreSQL server of our own that flushes every commit, as a real one does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import Databases, Server


@pytest.fixture(scope="session")
def durable_postgresql() -> Iterator[Databases]:
    """Databases of a server with PostgreSQL's own settings."""
    server = Server(settings=())
    yield Databases(server.url)
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def two_urls(request, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two empty databases of one kind: ours, and the peer's."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ours.db'}", f"sqlite:///{tmp_path / 'peer.db'}"
        return
    databases: Databases = request.getfixturevalue("durable_postgresql")
    with databases.empty() as ours, databases.empty() as peer:
        yield ours, peer
