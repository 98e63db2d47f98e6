"""Streams of entries: only so many at once, and only so many for one caller; whoever ends makes room."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.app import create_app
from tests.http_ledger import made


@pytest.fixture(scope="module")
def backend() -> str:
    """Streams are counted outside the database."""
    return "sqlite"


class Reader:
    """One who asks for the stream and takes nothing of it until told to."""

    def __init__(self, app: FastAPI, headers: dict[str, str], address: str = "192.0.2.1") -> None:
        self._takes, self.answered = asyncio.Event(), asyncio.Event()
        self.status, self.headers, self.body = 0, dict[str, str](), b""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/v1/events", "raw_path": b"/v1/events", "query_string": b"", "root_path": "",
            "client": (address, 1), "server": ("127.0.0.1", 80), "state": {},
            "headers": [(b"accept", b"application/x-ndjson"), *((k.encode(), v.encode()) for k, v in headers.items())],
        }  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await asyncio.sleep(3_600)
        raise AssertionError

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self.answered.set()
        if self.status == 200:
            await self._takes.wait()
        self.body += message.get("body", b"")

    async def begun(self) -> int:
        await asyncio.wait_for(self.answered.wait(), 30)
        return self.status

    async def take(self) -> bytes:
        self._takes.set()
        await asyncio.wait_for(self.task, 30)
        return self.body


@pytest.fixture
def app_and_tokens(tmp_path: Path) -> tuple[FastAPI, dict[str, str]]:
    services, tokens = made(tmp_path, public_read=True, max_streams=3, max_streams_each=2)
    return create_app(services), tokens


def test_a_caller_has_few_streams_and_the_process_some_more(app_and_tokens: tuple[FastAPI, dict[str, str]]) -> None:
    app, tokens = app_and_tokens

    async def story() -> None:
        auditor = {"authorization": f"Bearer {tokens['auditor']}"}
        first, second = Reader(app, auditor), Reader(app, auditor)
        assert [await first.begun(), await second.begun()] == [200, 200]
        third = Reader(app, auditor)
        assert await third.begun() == 429
        assert third.headers["retry-after"] == "5"
        assert "you have 2 streams" in json.loads(await third.take())["detail"]
        elsewhere = Reader(app, {})
        assert await elsewhere.begun() == 200
        too_many = Reader(app, {}, "192.0.2.2")
        assert await too_many.begun() == 429
        assert "3 streams are under way" in json.loads(await too_many.take())["detail"]
        # One is read to its end, another is given up in the middle: both make room.
        assert (await first.take()).count(b"token_created") == len(tokens)
        second.task.cancel()
        await asyncio.wait([second.task])
        again = [Reader(app, auditor), Reader(app, auditor)]
        assert [await each.begun() for each in again] == [200, 200]
        for each in (*again, elsewhere):
            assert (await each.take()).count(b"token_created") == len(tokens)

    asyncio.run(story())
