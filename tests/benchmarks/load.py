"""A client that costs little: a process that keeps connections busy with requests that are written out beforehand.

Reads a job as JSON from standard input and writes what came of it: `python -m tests.benchmarks.load`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import uvloop

_LENGTH = b"content-length: "


class Connection(asyncio.Protocol):
    """Sends a request, waits for the whole answer, sends the next."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self._requests, self._until = requests, until
        self._answer = bytearray()
        self.waits: list[float] = []
        self.wrong: list[str] = []
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        answer += data
        end = answer.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        at = answer.lower().find(_LENGTH, 0, end) + len(_LENGTH)
        if len(answer) < end + int(answer[at : answer.find(b"\r", at)]):
            return
        now = time.perf_counter()
        self.waits.append(now - self._began)
        if not answer.startswith(b"HTTP/1.1 201"):
            self.wrong.append(answer.decode())
        answer.clear()
        if now < self._until:
            self._send()
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


async def work(job: dict[str, Any]) -> dict[str, Any]:
    """Keep every connection busy for as long as the job says; each takes its turn through requests of its own."""
    requests = [each.encode() for each in job["requests"]]
    count, began = job["connections"], time.perf_counter()
    until = began + job["seconds"]
    connections = [Connection(cycle(requests[number::count]), until) for number in range(count)]
    for each in connections:
        await asyncio.get_running_loop().create_connection(lambda each=each: each, "127.0.0.1", job["port"])
    await asyncio.gather(*(each.done for each in connections))
    return {
        "seconds": time.perf_counter() - began,
        "waits": [wait for each in connections for wait in each.waits],
        "wrong": [answer for each in connections for answer in each.wrong],
    }


if __name__ == "__main__":
    json.dump(uvloop.run(work(json.load(sys.stdin))), sys.stdout)
