"""Programmes and the partners of their registers."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer, as_page, published
from api.http.queries import Nothing, Paged, TwoTimes
from api.http.times import Times, pinned
from application import publishing, recording, replaying
from application.access import Sight
from application.ports import View
from domain.answers import Answer


def routes(gate: Gate) -> APIRouter:
    """Give the routes of programmes and partners."""
    router = APIRouter(prefix="/v1", tags=["programmes"])
    _recording(router, gate)
    _reading(router, gate)
    return router


def _recording(router: APIRouter, gate: Gate) -> None:
    services = gate.services

    @router.post("/programmes", status_code=201, **openapi.publish())
    async def publish(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        answer, headers = await gate.record(request, recording.publish_programme)
        headers["Location"] = f"/v1/programmes/{answer['code']}"
        return as_answer(answer, answer["position"], status=201, headers=headers)

    @router.post("/programmes/{code}/events", status_code=201, **openapi.record_programme_event())
    async def record(request: Request, code: str, _: Annotated[Nothing, Query()]) -> Response:
        answer, headers = await gate.record(
            request,
            lambda asked: recording.record_programme_event(asked, code, four_eyes=services.settings.four_eyes),
        )
        headers["Location"] = f"/v1/events/{answer['position']}"
        return as_answer(answer, answer["position"], status=201, headers=headers)

    @router.post("/programmes/{code}/publication", status_code=201, **openapi.publish_internal("programme"))
    async def disclose(request: Request, code: str, _: Annotated[Nothing, Query()]) -> Response:
        four_eyes = services.settings.four_eyes
        return published(
            *await gate.record(
                request, lambda asked: publishing.publish_internal_programme(asked, code, four_eyes=four_eyes)
            )
        )


def _reading(router: APIRouter, gate: Gate) -> None:
    services = gate.services

    async def paged(
        request: Request,
        query: Paged,
        key: Callable[[Answer], object],
        items: Callable[[View, Times, Sight], list[Answer]],
    ) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            times, cursor = pinned(query, view, services)
            return times.page_of(items(view, times, sight), cursor, query.limit, key=key)

        body, head = await gate.read(request, read)
        return as_page(request, body, head)

    @router.get("/programmes", **openapi.reading("Page of programmes", "ProgrammePage"))
    async def listing(request: Request, query: Annotated[Paged, Query()]) -> Response:
        return await paged(
            request,
            query,
            lambda item: item["code"],
            lambda view, times, sight: replaying.programmes(view, times.as_of, times.moment, sight=sight),
        )

    @router.get("/programmes/{code}", **openapi.reading("Programme at two times", "Programme"))
    async def show(request: Request, code: str, query: Annotated[TwoTimes, Query()]) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            times = Times.resolved(query, view, services)
            return replaying.programme(view, code, times.as_of, times.moment, sight=sight)

        body, head = await gate.read(request, read)
        return as_answer(body, head, headers={"ETag": f'"{body["version"]}"'})

    @router.get("/programmes/{code}/history", **openapi.reading("Every entry known, in order", "History"))
    async def history(request: Request, code: str, query: Annotated[Paged, Query()]) -> Response:
        return await paged(
            request,
            query,
            lambda item: item["version"],
            lambda view, times, sight: replaying.programme_history(view, code, times.as_of, times.moment, sight=sight),
        )

    @router.get("/partners", **openapi.reading("Partners of every register, all roles", "PartnerPage"))
    async def partners(request: Request, query: Annotated[Paged, Query()]) -> Response:
        return await paged(
            request,
            query,
            lambda item: f"{item['programme']}/{item['code']}",
            lambda view, times, sight: replaying.partners(view, times.as_of, times.moment, sight=sight),
        )
