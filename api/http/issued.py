"""Issued reports: issue one, find it again in every format, and see whether it would read differently today."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer, as_page
from api.http.paging import Cursor, page
from api.http.queries import EntryPosition, FormatQuery, IssuedQuery, KnownQuery, Nothing
from api.http.report_answers import as_report, form_of
from api.http.reports import reader_of
from api.http.times import Times, moment_known
from application import checking, issuing
from application.access import Sight
from application.errors import BadQuestion
from application.ports import View
from application.two_times import moment_of
from domain.answers import Answer, Moment
from infrastructure.wiring import Services

Number = Annotated[EntryPosition, Path()]


def routes(gate: Gate) -> APIRouter:
    """Give the routes of issued reports."""
    router = APIRouter(prefix="/v1/reports", tags=["reports"])
    _issuing(router, gate)
    _lists(router, gate)
    _single(router, gate)
    return router


def _issuing(router: APIRouter, gate: Gate) -> None:
    services = gate.services

    @router.post("", status_code=201, **openapi.issue_report())
    async def issue(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        answer, headers = await gate.record_from_view(
            request,
            lambda view, asked: issuing.issue(view, asked, reader_of(services), services.press()),
        )
        found = _addressed(answer)
        return as_answer(found, found["id"], status=201, headers={"Location": found["address"], **headers})


def _lists(router: APIRouter, gate: Gate) -> None:
    services = gate.services

    async def paged(
        request: Request,
        query: IssuedQuery,
        items_of: Callable[[View, Moment, Sight, int | None], tuple[list[Answer], bool]],
    ) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            moment, before = _pinned(query, view, services)
            items, more = items_of(view, moment, sight, before)
            after = Cursor(str(items[-1]["id"]), "", moment.log_size).text() if more else None
            known = {"log_size": moment.log_size, "known_at": Times.known_at(moment)}
            return page(list(map(_addressed, items)), after, **known)

        body, head = await gate.read(request, read)
        return as_page(request, body, head)

    @router.get("", **openapi.reading("Page of issued reports, the newest first", "IssuedReportPage"))
    async def listing(request: Request, query: Annotated[IssuedQuery, Query()]) -> Response:
        def items(view: View, moment: Moment, sight: Sight, before: int | None) -> tuple[list[Answer], bool]:
            found = issuing.issued_reports(view, moment, sight, before=before, limit=query.limit + 1)
            return [issuing.listed(view, each) for each in found[: query.limit]], len(found) > query.limit

        return await paged(request, query, items)

    @router.get("/check", **openapi.reading("Which issued reports would read differently today", "ReportCheckPage"))
    async def checks(request: Request, query: Annotated[IssuedQuery, Query()]) -> Response:
        return await paged(
            request,
            query,
            lambda view, moment, sight, before: checking.page_of_checks(
                view, moment, sight, reader_of(services), services.press(), before=before, limit=query.limit
            ),
        )


def _single(router: APIRouter, gate: Gate) -> None:
    services = gate.services

    @router.get("/{id}", **openapi.issued_report())
    async def report(request: Request, id: Number, query: Annotated[FormatQuery, Query()]) -> Response:
        form = form_of(request, query)

        def make(view: View, sight: Sight) -> dict[str, Any]:
            issued = issuing.issued_report(view, id, sight)
            wanted = issuing.Form(format=form.name, appendix=query.appendix)
            return issuing.as_issued(view, issued, reader_of(services), services.press(), wanted)

        return await as_report(request, gate, form, make, appendix_asked=query.appendix is True)

    @router.get("/{id}/check", **openapi.reading("What would read differently today, and why", "ReportCheck"))
    async def check(request: Request, id: Number, query: Annotated[KnownQuery, Query()]) -> Response:
        def read(view: View, sight: Sight) -> Answer:
            issued = issuing.issued_report(view, id, sight)
            moment = moment_known(query, view, services)
            checked = checking.checked(view, issued, moment, reader_of(services), services.press())
            return _addressed(checking.check_answer(view, checked))

        body, head = await gate.read(request, read)
        return as_answer(body, head)


def _addressed(found: Answer) -> Answer:
    return {"id": found["id"], "address": f"/v1/reports/{found['id']}"} | found


def _pinned(query: IssuedQuery, view: View, services: Services) -> tuple[Moment, int | None]:
    """Give how much is known for a page: as its cursor says, if it has one; and the report that it begins below."""
    if query.cursor is None:
        return moment_known(query, view, services), None
    cursor = Cursor.read(query.cursor)
    asked = query.log_size is not None or query.known_at is not None
    if not cursor.after.isdecimal() or (asked and moment_known(query, view, services).log_size != cursor.log_size):
        raise BadQuestion("cursor", "it belongs to another list", "`next` of this list's page before")
    return moment_of(view, "cursor", cursor.log_size), int(cursor.after)
