"""Answers that go on for long: so many at once in a process, and so many for one caller."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.problems import problem

_SOON: Final = {"Retry-After": "5"}


class Streams:
    """Counts the streams that are under way."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most, self._most_each = most, most_each
        self._under_way: Counter[bytes] = Counter()

    def answer(
        self, request: Request, lines: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str]
    ) -> Response:
        """Give the answer that streams, or says that there are too many streams."""
        return _Stream(self, _caller(request), lines, media_type, headers)

    def refusal(self, caller: bytes) -> Response | None:
        """Say why there cannot be another stream now."""
        if self._under_way[caller] >= self._most_each:
            said = f"you have {self._most_each} streams; accepted: another when one of them has ended"
        elif self._under_way.total() >= self._most:
            said = f"{self._most} streams are under way; accepted: another when one of them has ended, or pages"
        else:
            return None
        return problem("too-many-requests", said, headers=_SOON)

    def begin(self, caller: bytes) -> None:
        self._under_way[caller] += 1

    def end(self, caller: bytes) -> None:
        self._under_way[caller] -= 1
        if not self._under_way[caller]:
            del self._under_way[caller]


class _Stream(StreamingResponse):
    def __init__(
        self, streams: Streams, caller: bytes, lines: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(lines, media_type=media_type, headers=headers)
        self._streams, self._caller = streams, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream; counted from here to the end, whatever ends it."""
        refusal = self._streams.refusal(self._caller)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._streams.begin(self._caller)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.end(self._caller)


def _caller(request: Request) -> bytes:
    """Give whose stream it is: a token's, or else a client's address."""
    name: str = request.headers.get("authorization") or request.scope["client_name"]
    return sha256(name.encode()).digest()
