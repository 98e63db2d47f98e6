"""Recording over HTTP: 32 connections, one process, everything on, against the usual way and the server's ceiling."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import sqlalchemy as sa

from tests.benchmarks.interleaved import Sample, compare
from tests.serving import Server, made_ledger

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
COMMITMENTS: Final = 640
CONNECTIONS: Final = 32
SECONDS: Final = 2.0
BODY: Final = json.dumps(
    {"kind": "progressed", "occurred_on": "2024-03-01", "statement": "Something was done, as agreed."}
)


def _native_settings(peer: str) -> dict[str, str]:
    """Give the library's own settings for a database."""
    url = sa.make_url(peer)
    if url.get_backend_name() == "sqlite":
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": url.database or ""}
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.database or "",
        "POSTGRES_HOST": str(url.query.get("host") or url.host),
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": url.password or "",
    }


def test_recording_over_http(two_urls: tuple[str, str], tmp_path: Path) -> None:
    ours, peer = two_urls
    folder = tmp_path / "data"
    token = made_ledger(folder, COMMITMENTS, database_url=ours)
    program = (sys.executable, "-m", "tests.benchmarks.noop")
    with ExitStack() as stack:
        server = Server(folder, program=program, LEDGER_DATABASE_URL=ours, LEDGER_LOG_LEVEL="info")
        stack.callback(server.stop)
        contenders = {
            "ours": _load(server.port, "/v1/commitments", token),
            "a validated POST that records nothing": _load(server.port, "/noop", token),
            "the library's recorder behind `def`": _load(
                stack.enter_context(_native(_native_settings(peer))), "/v1/commitments", ""
            ),
        }
        before = _recorded(server)
        done = compare(f"recording over HTTP, {sa.make_url(ours).get_backend_name()}", contenders)
        assert _recorded(server) - before == sum(each.count for each in done["ours"])


def _recorded(server: Server) -> int:
    return int(httpx2.get(f"{server.address}/health/ready").json()["position"])


def _load(port: int, way: str, token: str) -> Callable[[], Sample]:
    head = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json"
    requests = [
        f"POST {way}/C-{number}/events {head}\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
        for number in range(COMMITMENTS)
    ]
    job = {"port": port, "seconds": SECONDS, "connections": CONNECTIONS, "requests": requests}

    def turn() -> Sample:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.load"],
            input=json.dumps(job).encode(),
            capture_output=True,
            check=True,
        )
        came: dict[str, Any] = json.loads(done.stdout)
        assert not came["wrong"], came["wrong"][0]
        return Sample(len(came["waits"]), came["seconds"], came["waits"])

    return turn


@contextmanager
def _native(settings: dict[str, str]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [sys.executable, "-m", "tests.benchmarks.native", str(port), str(COMMITMENTS)]
    process = subprocess.Popen(arguments, env=os.environ | settings)
    try:
        while True:
            assert process.poll() is None, "the library's server ended by itself"
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)
