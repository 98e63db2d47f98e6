"""What every request passes: who asks, what they have seen, and the thread in which the ledger is read."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from hmac import digest
from time import monotonic
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread
import orjson
from fastapi import Request, Response

from api.http.bodies import as_json, read_bytes
from api.http.callers import NOBODY, recognise, remembered
from api.http.paging import link_to_next, marked, refuse_foreign_cursor, refuse_repeated
from api.http.problems import Unauthorised
from application import recording
from application.access import Caller, Sight, nobody
from application.doors import ROUTES, SIGNING_IN, Door
from application.errors import BadQuestion, Declined
from application.ports import Command, Once, View
from domain.errors import Refusal
from infrastructure.wiring import Asked, RightsChangedError, Services, canonical

Answered = TypeVar("Answered")
_READERS: Final = 4
_LOOKS: Final = 0.02
"""Seconds between two looks at how far the replica has come."""
_KEY: Final = re.compile(r"[!-~]{1,255}")
_ETAG: Final = re.compile(r'\*|"[^"]*"')


class Gate:
    """The ledger as one request may use it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._readers = anyio.CapacityLimiter(_READERS)
        self._written = 0

    async def in_thread(self, work: Callable[[], Answered]) -> Answered:
        """Do blocking work in the small pool of readers."""
        return await anyio.to_thread.run_sync(work, limiter=self._readers)

    async def caller(self, request: Request) -> Caller:
        """Give who asks; Unauthorised without a valid token."""
        caller = await self.in_thread(await recognise(request, self.services))
        if caller is None:
            raise Unauthorised(NOBODY)
        return caller

    async def admit(self, request: Request) -> None:
        """Raise Unauthorised unless whoever asks may read or record at all."""
        if await self.in_thread(await recognise(request, self.services)) is None:
            self._admit_anybody(door_of(request))

    def _admit_anybody(self, door: Door) -> None:
        if not door.is_public or not self.services.settings.public_read:
            raise Unauthorised(NOBODY)

    def _head(self) -> int:
        with self.services.view() as view:
            return view.head.log_size

    async def read(self, request: Request, work: Callable[[View, Sight], Answered]) -> tuple[Answered, int]:
        """Read from one snapshot; *work* is told what may be seen. Gives the head, too."""
        door, who = door_of(request), await recognise(request, self.services)
        await self._until_replica_has_seen(request)

        def reading() -> tuple[Answered, int]:
            caller = who()
            if caller is None:
                self._admit_anybody(door)
            else:
                door.admit(caller)
            request.state.caller = caller
            at_least = _at_least(request)

            def look(view: View) -> tuple[Answered, int]:
                head = request.state.position = view.head.log_size
                if head < at_least:
                    raise BadQuestion("Ledger-At-Least", f"{at_least} is not reached yet", f"up to {head}")
                refuse_repeated(request)
                refuse_foreign_cursor(request)
                sight = nobody() if caller is None else caller.sight()
                answer = work(view, sight)
                self.write_down(request, sight)
                return answer, head

            return self.services.answer(look, max(at_least, self._written))

        return await self.in_thread(reading)

    def write_down(self, request: Request, sight: Sight) -> None:
        """Write into the access log what is shown beside the public; NotWrittenDownError if it cannot be written."""
        caller, new = request.state.caller, sight.shown - sight.written
        restricted = ["the ledger" if programme is None else programme for programme in new]
        if not door_of(request).is_public:
            restricted.append("rights")
        if restricted:
            parameters = {**request.path_params, **request.query_params}
            asked = Asked(f"{request.method} {request.scope['route'].path_format}", parameters)
            self.services.access_log.write(caller, asked, restricted)
            sight.written |= new

    async def _until_replica_has_seen(self, request: Request) -> None:
        """Wait a while until the replica has come as far as the caller, and this process, has seen."""
        replica = self.services.replica
        if replica is None:
            return
        wanted, until = self._written, monotonic() + replica.patience
        with suppress(BadQuestion):  # it is told after it is known who asks
            wanted = max(wanted, _at_least(request))
        while replica.position < wanted:
            position = await self.in_thread(replica.look)
            if position is None or monotonic() >= until:
                return
            await anyio.sleep(_LOOKS)

    async def record(
        self, request: Request, command: Callable[[recording.Request], Command]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Record the body of a request; give the answer and its headers."""
        asked, rights = await self._asked(request)
        try:
            answer, headers = await self._submit(request, command(asked), rights)
        except RightsChangedError:
            asked = replace(asked, caller=await self.caller(request))
            answer, headers = await self._submit(request, command(asked))
        return answer, {"ETag": f'"{answer["version"]}"', "Ledger-Position": str(answer["position"]), **headers}

    async def record_from_view(
        self, request: Request, prepare: Callable[[View, recording.Request], Command]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Record what is prepared from a snapshot first, so that long work is not done while the ledger is locked."""
        caller = await self.caller(request)
        asked = await self._asked_by(request, caller)

        def prepared() -> Command:
            with self.services.view() as view:
                request.state.position = view.head.log_size
                return prepare(view, asked)

        return await self._submit(request, await self.in_thread(prepared))

    async def _asked(self, request: Request) -> tuple[recording.Request, int | None]:
        """Give what is asked, and the rights under which the caller was recognised if that was remembered."""
        known = remembered(request, self.services)
        caller, rights = known if known is not None else (await self.caller(request), None)
        return await self._asked_by(request, caller), rights

    async def _asked_by(self, request: Request, caller: Caller) -> recording.Request:
        raw = await read_bytes(request, self.services.settings.max_body_bytes)
        body = as_json(request, raw)
        return recording.Request(caller, body, _if_match(request), _once(request, caller, body))

    async def _submit(
        self, request: Request, command: Command, rights: int | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        try:
            answer = dict(await self.services.submit(command, rights))
        except (Declined, Refusal):
            request.state.position = await self.in_thread(self._head)
            raise
        # Whoever recorded here reads it here, whatever the replica knows.
        self._written = max(self._written, answer.get("position", 0))
        return answer, {"Idempotency-Replayed": "true"} if answer.pop(recording.REPLAYED, False) else {}


def door_of(request: Request) -> Door:
    """Give the way in that a request takes."""
    route = f"{request.method} {request.scope['route'].path_format}"
    return ROUTES.get(route) or SIGNING_IN[route]


def as_answer(body: Any, head: int, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON and the position it was made from."""
    return Response(
        orjson.dumps(body),
        status,
        headers={"Ledger-Position": str(head), **(headers or {})},
        media_type="application/json",
    )


def published(answer: dict[str, Any], headers: dict[str, str]) -> Response:
    """Answer that something was published; no ETag, since the entry is not in the stream that was asked about."""
    told = {name: value for name, value in headers.items() if name != "ETag"}
    told["Location"] = f"/v1/events/{answer['position']}"
    return as_answer(answer, answer["position"], status=201, headers=told)


def as_page(request: Request, body: dict[str, Any], head: int) -> Response:
    """Answer with one page of a list and the link to the next."""
    if body["next"] is None:
        return as_answer(body, head)
    cursor = marked(request, body["next"])
    return as_answer(body | {"next": cursor}, head, headers={"Link": link_to_next(request, cursor)})


def _at_least(request: Request) -> int:
    given = request.headers.get("ledger-at-least", "0")
    if not (given.isascii() and given.isdecimal() and len(given) < 17):
        raise BadQuestion("Ledger-At-Least", f"“{given[:40]}” is no position", "a position such as 275")
    return int(given)


def _if_match(request: Request) -> frozenset[str] | None:
    given = request.headers.get("if-match")
    if given is None:
        return None
    tags = _ETAG.findall(given) or [f"“{given[:40]}”, which is no ETag (an ETag has its quotes)"]
    return frozenset(tag.strip('"') for tag in tags)


def _once(request: Request, caller: Caller, body: Any) -> Once | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise BadQuestion("Idempotency-Key", "the key has the wrong form", "1 to 255 visible ASCII characters")
    route = f"{caller.actor}\n{request.method} {request.url.path}\n{key}"
    # The key itself keys the tag: whoever reads the database can guess neither key nor body.
    return Once(sha256(route.encode()).digest(), digest(key.encode(), canonical(body), "sha256"))


def wants(request: Request, offered: Iterable[str]) -> str | None:
    """Give the first of the offered media types that the Accept header allows with the highest weight; None if none."""
    accepted = _accepted(request.headers.get("accept", "*/*"))
    best, weight = None, 0.0
    for media_type in offered:
        fits = [
            (specific, q)
            for pattern, q in accepted
            for specific, wanted in enumerate(("*/*", f"{media_type.split('/')[0]}/*", media_type))
            if pattern == wanted
        ]
        q = max(fits)[1] if fits else 0.0
        if q > weight:
            best, weight = media_type, q
    return best


def _accepted(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header.split(","):
        media_type, _, parameters = part.partition(";")
        weight = re.search(r"q\s*=\s*([01](?:\.\d{0,3})?)", parameters)
        found.append((media_type.strip().lower(), float(weight[1]) if weight else 1.0))
    return found
