"""Commitments: announce, record, find, look at, replay."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer, as_page, published
from api.http.paging import Cursor, page
from api.http.queries import CommitmentsQuery, Nothing, Paged, TwoTimes
from api.http.times import Times, pinned
from application import publishing, recording, replaying
from application.access import Sight
from application.errors import BadQuestion
from application.ports import View


def routes(gate: Gate) -> APIRouter:
    """Give the routes of commitments."""
    router = APIRouter(prefix="/v1/commitments", tags=["commitments"])
    _recording(router, gate)
    _reading(router, gate)
    return router


def _recording(router: APIRouter, gate: Gate) -> None:
    services = gate.services

    @router.post("", status_code=201, **openapi.announce())
    async def announce(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        answer, headers = await gate.record(request, recording.announce)
        headers["Location"] = f"/v1/commitments/{answer['reference']}"
        return as_answer(answer, answer["position"], status=201, headers=headers)

    @router.post("/{reference}/events", status_code=201, **openapi.record_event())
    async def record(request: Request, reference: str, _: Annotated[Nothing, Query()]) -> Response:
        four_eyes = services.settings.four_eyes
        answer, headers = await gate.record(
            request, lambda asked: recording.record_event(asked, reference, four_eyes=four_eyes)
        )
        headers["Location"] = f"/v1/events/{answer['position']}"
        return as_answer(answer, answer["position"], status=201, headers=headers)

    @router.post("/{reference}/publication", status_code=201, **openapi.publish_internal("commitment"))
    async def disclose(request: Request, reference: str, _: Annotated[Nothing, Query()]) -> Response:
        four_eyes = services.settings.four_eyes
        return published(
            *await gate.record(
                request, lambda asked: publishing.publish_internal_commitment(asked, reference, four_eyes=four_eyes)
            )
        )


def _reading(router: APIRouter, gate: Gate) -> None:
    services = gate.services

    @router.get("", **openapi.reading("Page of commitments", "CommitmentPage"))
    async def listing(request: Request, query: Annotated[CommitmentsQuery, Query()]) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            times, cursor = pinned(query, view, services)
            return _page(view, query, times, cursor, sight=sight)

        body, head = await gate.read(request, read)
        return as_page(request, body, head)

    @router.get("/{reference}", **openapi.reading("Commitment at two times", "Commitment"))
    async def show(request: Request, reference: str, query: Annotated[TwoTimes, Query()]) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            times = Times.resolved(query, view, services)
            return replaying.commitment(view, reference, times.as_of, times.moment, sight=sight)

        body, head = await gate.read(request, read)
        return as_answer(body, head, headers={"ETag": f'"{body["version"]}"'})

    @router.get("/{reference}/history", **openapi.reading("Every entry known, in order", "History"))
    async def history(request: Request, reference: str, query: Annotated[Paged, Query()]) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            times, cursor = pinned(query, view, services)
            after = 0 if cursor is None else _version(cursor)
            items = replaying.history(
                view, reference, times.as_of, times.moment, sight=sight, after=after, limit=query.limit + 1
            )
            if after and not items:
                raise _foreign()
            shown, there_is_more = items[: query.limit], len(items) > query.limit
            return page(shown, times.cursor(shown[-1]["version"]) if there_is_more else None, **times.echoed())

        body, head = await gate.read(request, read)
        return as_page(request, body, head)


def _version(cursor: Cursor) -> int:
    if not (cursor.after.isascii() and cursor.after.isdecimal() and len(cursor.after) < 17):
        raise _foreign()
    return int(cursor.after)


def _foreign() -> BadQuestion:
    return BadQuestion("cursor", "it belongs to another list", "`next` of this list's page before")


def _page(view: View, query: CommitmentsQuery, times: Times, cursor: Cursor | None, *, sight: Sight) -> dict[str, Any]:
    listing = replaying.commitments(view, query.filters(), query.sort, times.as_of, times.moment, sight=sight)
    keys = listing.keys()
    first = 0
    if cursor is not None:
        key = next((key for key in keys if key[1] == cursor.after), None)
        if key is None:
            raise BadQuestion("cursor", "it belongs to another list", "the filters and order of the page before")
        first = listing.after(key)
    items = listing.page(first, query.limit)
    there_is_more = first + len(items) < len(keys)
    after = times.cursor(keys[first + len(items) - 1][1]) if there_is_more else None
    return page(items, after, total=len(keys), **times.echoed())
