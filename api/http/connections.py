"""Connections that do not wait for ever: how long a client may take to send, how much, and how many there may be.

uvicorn bounds none of this before a request is complete, and no application hears of a request before its head is.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http.problem_types import PROBLEMS

_EVERY_SECONDS: Final = 0.5
_PROGRESS_BYTES: Final = 65_536
_SHORT_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What a client may keep a connection waiting for."""

    request_seconds: int
    """How long a request may take to arrive, head and body, or a first one to begin."""
    taking_seconds: int
    """How long a client may take no more than 64 KiB of an answer that waits for it."""
    head_bytes: int
    connections: int


class Connections:
    """Every connection of this process; makes one when uvicorn asks for a protocol.

    Who is waited for stands in the order in which waiting began, so that those to be cut off stand in front.
    """

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self.sending: OrderedDict[GuardedProtocol, float] = OrderedDict()
        self.taking: dict[GuardedProtocol, tuple[float, int]] = {}
        self._looks = False

    def __call__(self, **made_with: Any) -> "GuardedProtocol":
        """Make a connection."""
        return GuardedProtocol(self, **made_with)

    def wait(self, connection: "GuardedProtocol") -> None:
        """Wait for a client to send, from now on."""
        self.sending[connection] = connection.loop.time()
        self.sending.move_to_end(connection)
        self._look_after(connection.loop)

    def wait_for_taking(self, connection: "GuardedProtocol", unsent: int) -> None:
        """Wait for a client to take what is to be sent, from now on."""
        self.taking[connection] = (connection.loop.time(), unsent)
        self._look_after(connection.loop)

    def forget(self, connection: "GuardedProtocol") -> None:
        """Wait no longer: it is closed."""
        self.sending.pop(connection, None)
        self.taking.pop(connection, None)

    def make_room(self) -> bool:
        """Close the connection that has been waited for longest; False if none is waited for."""
        if not self.sending:
            return False
        self.sending.popitem(last=False)[0].transport.abort()
        return True

    def _look_after(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._looks:
            self._looks = True
            loop.call_later(_EVERY_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looks = False
        now = loop.time()
        while self.sending:
            connection, since = next(iter(self.sending.items()))
            if now - since < self.patience.request_seconds:
                break
            del self.sending[connection]
            connection.cut_off()
        for connection, (since, unsent) in list(self.taking.items()):
            if now - since >= self.patience.taking_seconds:
                connection.end_unless_taking(unsent)
        if self.sending or self.taking:
            self._look_after(loop)


class _Joined:
    """A transport that sends the head of an answer together with its body: the system takes as long for each call.

    A short text is kept until the next one comes, or the loop's next turn.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop, self._kept = transport, loop, b""

    def write(self, data: bytes) -> None:
        if self._kept:
            data, self._kept = self._kept + data, b""
        elif len(data) < _SHORT_BYTES:
            self._kept = data
            self._loop.call_soon(self._send)
            return
        self._transport.write(data)

    def _send(self) -> None:
        if self._kept:
            kept, self._kept = self._kept, b""
            self._transport.write(kept)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class GuardedProtocol(HttpToolsProtocol):
    """A connection that is cut off when the client is too slow or sends too long a head."""

    def __init__(self, connections: Connections, **made_with: Any) -> None:
        super().__init__(**made_with)
        self._all = connections
        self._begun = False
        self._in_head = True
        self._head_bytes = self._arriving = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, in the place of one that is only waited for if there are too many."""
        super().connection_made(cast("asyncio.Transport", _Joined(transport, self.loop)))
        if len(self.connections) > self._all.patience.connections and not self._all.make_room():
            self._refuse("not-ready", "too many requests are under way; try again", b"retry-after: 1\r\n")
            return
        self._all.wait(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and count what belongs to a head that is not complete."""
        self._arriving = len(data)
        super().data_received(data)
        if self._in_head:
            self._head_bytes += self._arriving
            most = self._all.patience.head_bytes
            if self._head_bytes > most:
                self._refuse("head-too-long", f"the head has more than {most} bytes; accepted: up to {most}")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = True
        self._all.wait(self)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._begun, self._in_head = False, True
        self._head_bytes = -self._arriving  # what arrived with the end of this request is no head
        self._all.sending.pop(self, None)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._begun and not self.pipeline and not self.transport.is_closing():
            self._all.wait(self)  # uvicorn ends it sooner when nothing comes; meanwhile it may have to make room

    def pause_writing(self) -> None:
        super().pause_writing()
        self._all.wait_for_taking(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._all.taking.pop(self, None)

    def cut_off(self) -> None:
        """End the connection: a request did not arrive in time."""
        cycle: RequestResponseCycle | None = self.cycle
        answering = cycle is not None and not cycle.response_complete
        if answering and (self._in_head or self.flow.read_paused):
            self._all.wait(self)  # it is we who let the client wait
        elif not self._begun or (not self._in_head and self.cycle.response_started):
            self.transport.close()
        else:
            if answering:  # whoever reads the body hears that nothing more comes
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            seconds = self._all.patience.request_seconds
            self._refuse("request-timeout", f"the request did not arrive within {seconds} seconds")

    def end_unless_taking(self, unsent: int) -> None:
        """End the connection if no more of the answer was taken than a trickle."""
        left = self.transport.get_write_buffer_size()
        if unsent - left >= _PROGRESS_BYTES:
            self._all.wait_for_taking(self, left)
        else:
            self.transport.abort()

    def send_400_response(self, _msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse("bad-request", "this is no HTTP/1.1 request; accepted: a request as RFC 9112 has it")

    def _refuse(self, slug: str, detail: str, header: bytes = b"") -> None:
        """Answer past the application, which knows nothing of this request, and close."""
        if self.transport.is_closing():
            return
        kind = PROBLEMS[slug]
        body = orjson.dumps({"type": f"/problems/{slug}", "title": kind.title, "status": kind.status, "detail": detail})
        self.transport.write(
            b"HTTP/1.1 %d %s\r\n" % (kind.status, HTTPStatus(kind.status).phrase.encode())
            + b"".join(b"%s: %s\r\n" % each for each in self.server_state.default_headers)
            + b"content-type: application/problem+json\r\ncontent-length: %d\r\nx-content-type-options: nosniff\r\n"
            % len(body)
            + header
            + b"connection: close\r\n\r\n"
            + body
        )
        self.transport.close()
