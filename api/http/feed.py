"""The whole ledger by position: in pages, as a stream, and one entry at a time."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer, as_page, wants
from api.http.paging import Cursor, page
from api.http.problems import NotAcceptable
from api.http.queries import EntryPosition, FeedQuery, Nothing
from api.http.streams import Streams
from api.http.times import Times, moment_known
from application import erasing
from application.access import Sight
from application.errors import BadQuestion, Unknown
from application.ports import View
from application.two_times import moment_of
from domain.answers import Moment, entry_answer

NDJSON = "application/x-ndjson"
_CHUNK = 500


def routes(gate: Gate) -> APIRouter:
    """Give the routes of the feed."""
    router = APIRouter(prefix="/v1/events", tags=["events"])
    services = gate.services
    streams = Streams(services.settings.max_streams, services.settings.max_streams_each)

    @router.get("", **openapi.feed())
    async def events(request: Request, query: Annotated[FeedQuery, Query()]) -> Response:
        media_type = wants(request, ("application/json", NDJSON))
        if media_type is None:
            raise NotAcceptable(f"accepted: application/json or {NDJSON}")

        def read(view: View, sight: Sight) -> tuple[dict[str, Any], Sight]:
            if media_type == NDJSON:
                return {"up_to": moment_known(query, view, services).log_size}, sight
            return _page(view, query, moment_known(query, view, services), sight=sight), sight

        (body, sight), head = await gate.read(request, read)
        if media_type == NDJSON:
            lines = _lines(gate, request, query.after, body["up_to"], sight=sight)
            return streams.answer(request, lines, NDJSON, {"Ledger-Position": str(head)})
        return as_page(request, body, head)

    @router.get("/{position}", **openapi.reading("One entry", "Entry"))
    async def entry(
        request: Request, position: Annotated[EntryPosition, Path()], _: Annotated[Nothing, Query()]
    ) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            for found in view.recorded(after=position - 1, up_to=position):
                if sight.sees(found.programme, internal=found.is_internal(view.head.log_size)):
                    return entry_answer(found)
            raise Unknown("entry", str(position))

        body, head = await gate.read(request, read)
        return as_answer(body, head)

    _erasing(router, gate)
    return router


def _erasing(router: APIRouter, gate: Gate) -> None:
    @router.post("/{position}/erasure", status_code=201, **openapi.erase())
    async def erase(
        request: Request, position: Annotated[EntryPosition, Path()], _: Annotated[Nothing, Query()]
    ) -> Response:
        answer, headers = await gate.record(request, lambda asked: erasing.erase(asked, position))
        headers["Location"] = f"/v1/events/{answer['position']}"
        return as_answer(answer, answer["position"], status=201, headers=headers)


def _page(view: View, query: FeedQuery, moment: Moment, *, sight: Sight) -> dict[str, Any]:
    after = query.after
    if query.cursor is not None:
        cursor = Cursor.read(query.cursor)
        if not cursor.after.isdecimal() or (query.log_size not in (None, cursor.log_size)):
            raise BadQuestion("cursor", "it belongs to another list", "`next` of this list's page before")
        after, moment = int(cursor.after), moment_of(view, "cursor", cursor.log_size)
    items: list[dict[str, Any]] = []
    for found in view.recorded(after=after, up_to=moment.log_size):
        if sight.sees(found.programme, internal=found.is_internal(moment.log_size)):
            if len(items) == query.limit:
                break
            items.append(entry_answer(found))
    else:
        return page(items, None, log_size=moment.log_size, known_at=Times.known_at(moment))
    following = Cursor(str(items[-1]["position"]), "", moment.log_size).text()
    return page(items, following, log_size=moment.log_size, known_at=Times.known_at(moment))


async def _lines(gate: Gate, request: Request, after: int, up_to: int, *, sight: Sight) -> AsyncIterator[bytes]:
    """Give an entry a line. A view a chunk: entries never change, and no snapshot is held for a slow reader."""
    feed = gate.services.feed(sight, up_to)

    def lines(after: int, last: int) -> bytes:
        chunk = feed(after, last)
        gate.write_down(request, sight)  # if that fails, the stream breaks off before anything restricted is sent
        return chunk

    while after < up_to:
        last = min(after + _CHUNK, up_to)
        if chunk := await gate.in_thread(partial(lines, after, last)):
            yield chunk
        after = last
