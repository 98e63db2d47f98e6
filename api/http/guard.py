"""What every request passes first and every answer passes last: limits, and the headers that browsers obey.

It wraps the whole application, answers to unexpected errors included, and is plain ASGI: it costs microseconds.
"""

import asyncio
import time
from hashlib import sha256
from typing import Final

from fastapi import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.client_address import ClientAddresses
from api.http.guessing import MightBeValid
from api.http.problems import problem
from api.http.rate_limits import Allowance
from infrastructure.wiring import Settings

MOST_HEADERS: Final = 100
MOST_ADDRESS_BYTES: Final = 8_192
MOST_PARAMETERS: Final = 200
DALLY_SECONDS: Final = 1.0
_MOST_DALLYING: Final = 2_000
_OPEN: Final = ("/health/live", "/health/ready")
_POLICY: Final = b"content-security-policy"
_CACHE: Final = b"cache-control"
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NOTHING_RUNS: Final = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
_PRIVATE: Final = (_CACHE, b"no-store")
_ASK_AGAIN: Final = (_CACHE, b"no-cache")
_Pairs = list[tuple[bytes, bytes]]


class Guard:
    """Refuses what is too long or too often; adds security headers to every answer.

    A refused token is counted for its client's address. Past the limit of an address, tokens that are not among those
    ever made are refused without asking the database, and those that are go on as always: whoever shares an address
    with an attacker is not locked out with him.
    """

    def __init__(self, app: ASGIApp, settings: Settings, might_be_valid: MightBeValid) -> None:
        self._app, self._might_be_valid = app, might_be_valid
        self._most_head = settings.max_head_bytes
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._anonymous = Allowance("anonymous", settings.rate_limit_anonymous)
        self._failures = Allowance("refused-tokens", settings.rate_limit_failures)
        self._each_token = Allowance("token", settings.rate_limit)
        self._dallying = 0
        self._always: _Pairs = list(_ALWAYS)
        if settings.hsts_seconds:
            self._always.append((b"strict-transport-security", b"max-age=%d" % settings.hsts_seconds))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secret, cookies, forwarded, size = None, False, [], len(scope["query_string"]) + len(scope["path"])
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"authorization":
                secret = value
            elif name == b"x-forwarded-for":
                forwarded.append(value)
            elif name == b"cookie":
                cookies = True
        client = scope.get("client") or ("", 0)
        asks = _Asks(self._addresses.client(client[0], forwarded), secret, scope["path"], cookies=cookies)
        scope["client_name"] = asks.address
        refusal = self._too_long(scope, size) or await self._too_often(asks)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(message, asks)
            await send(message)

        if asks.refused:
            await self._dally()
        await (refusal or self._app)(scope, receive, sending)

    async def _dally(self) -> None:
        """Let whoever is past a limit wait, so that they ask once a second on a connection and not a thousand times."""
        if self._dallying < _MOST_DALLYING:
            # Not all the same time, or all would ask again in the same moment.
            seconds = DALLY_SECONDS * (1 + self._dallying % 10 / 10)
            self._dallying += 1
            try:
                await asyncio.sleep(seconds)
            finally:
                self._dallying -= 1

    def _complete(self, message: Message, asks: "_Asks") -> None:
        headers: _Pairs = [*message.get("headers", ())]
        names = {name for name, _ in headers}
        headers += [each for each in self._always if each[0] not in names]
        if _POLICY not in names:
            headers.append(_NOTHING_RUNS)
        if _CACHE not in names:
            headers.append(_PRIVATE if asks.secret is not None or asks.cookies else _ASK_AGAIN)
        limit = self._count(message["status"], asks)
        if limit is not None:
            headers += limit.headers(self._key(limit, asks), time.monotonic())
        message["headers"] = headers

    def _too_long(self, scope: Scope, size: int) -> Response | None:
        count, address = len(scope["headers"]), len(scope["query_string"]) + len(scope.get("raw_path") or b"")
        if count > MOST_HEADERS:
            return problem("head-too-long", f"the head has {count} headers; accepted: up to {MOST_HEADERS}")
        if size > self._most_head:
            return problem("head-too-long", f"the head has {size} bytes; accepted: up to {self._most_head}")
        if address > MOST_ADDRESS_BYTES:
            return problem("address-too-long", f"it has {address} bytes; accepted: up to {MOST_ADDRESS_BYTES}")
        parameters = scope["query_string"].count(b"&") + 1
        if parameters > MOST_PARAMETERS:
            said, most = f"there are {parameters} parameters", f"up to {MOST_PARAMETERS}"
            fault = {"parameter": "query", "message": said, "accepted": most}
            return problem("invalid", f"query: {said}; accepted: {most}", faults=[fault])
        return None

    async def _too_often(self, asks: "_Asks") -> Response | None:
        now = time.monotonic()
        if asks.secret is None:
            if self._anonymous.quota and asks.path not in _OPEN:
                asks.limit = self._anonymous
                if not self._anonymous.left(asks.address, now):
                    return self._wait(asks, "requests without a token from this address", now)
                self._anonymous.spend(asks.address, now)
            return None
        if self._failures.quota and not self._failures.left(asks.address, now):
            _, _, secret = asks.secret.decode("latin-1").partition(" ")
            if not await self._might_be_valid(secret.strip()):
                asks.limit = self._failures
                return self._wait(asks, "refused tokens from this address", now)
        if self._each_token.quota and not self._each_token.left(self._key(self._each_token, asks), now):
            asks.limit = self._each_token
            return self._wait(asks, "requests with this token", now)
        return None

    def _wait(self, asks: "_Asks", what: str, now: float) -> Response:
        assert asks.limit is not None
        asks.refused = True
        seconds = asks.limit.seconds_until_one(self._key(asks.limit, asks), now)
        said = f"too many {what}; accepted: {asks.limit.quota} a minute, the next in {seconds} seconds"
        return problem("too-many-requests", said, headers={"Retry-After": str(seconds)})

    def _count(self, status: int, asks: "_Asks") -> Allowance | None:
        """Count what could not be known before it was answered; give the limit that the answer tells of."""
        if asks.secret is None or asks.refused:
            return asks.limit
        limit = self._failures if status == 401 else self._each_token
        if limit.quota:
            limit.spend(self._key(limit, asks), time.monotonic())
            return limit
        return None

    def _key(self, limit: Allowance, asks: "_Asks") -> str | bytes:
        """Give what is counted: a token, never in clear, or a client's address."""
        return sha256(asks.secret or b"").digest() if limit is self._each_token else asks.address


class _Asks:
    """Who asks, and which limit concerns the request."""

    __slots__ = ("address", "cookies", "limit", "path", "refused", "secret")

    def __init__(self, address: str, secret: bytes | None, path: str, *, cookies: bool) -> None:
        self.address, self.secret, self.path, self.cookies = address, secret, path, cookies
        self.limit: Allowance | None = None
        self.refused = False
