"""Status reports, and what changed."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer
from api.http.queries import ChangesQuery, StatusQuery
from api.http.report_answers import as_report, form_of
from application import reporting
from application.access import Sight
from application.ports import View
from domain.report import Scope
from infrastructure.wiring import WRITING, Services


def routes(gate: Gate) -> APIRouter:
    """Give the routes of reports."""
    router = APIRouter(prefix="/v1/reports", tags=["reports"])
    services = gate.services

    @router.get("/status", **openapi.status_report())
    async def status(request: Request, query: Annotated[StatusQuery, Query()]) -> Response:
        form = form_of(request, query)

        def make(view: View, sight: Sight) -> dict[str, Any]:
            reader = reader_of(services, internal=query.visibility == "all" and sight.covers(query.programme))
            return reporting.status_report(view, _asked(query, form.name), reader, services.press())

        def written(view: View, sight: Sight) -> tuple[dict[str, Any], bytes]:
            reader = reader_of(services, internal=query.visibility == "all" and sight.covers(query.programme))
            return reporting.written_report(view, _asked(query, form.name), reader, services.press(), WRITING)

        return await as_report(request, gate, form, make, appendix_asked=query.appendix is True, written=written)

    @router.get("/changes", **openapi.reading("What changed", "Changes"))
    async def changes(request: Request, query: Annotated[ChangesQuery, Query()]) -> Response:
        def read(view: View, sight: Sight) -> dict[str, Any]:
            asked = reporting.ChangesQuery(
                filters=query.filters(),
                visibility_all=query.visibility == "all",
                since=query.since,
                until=query.until,
                from_log_size=query.from_log_size,
                to_log_size=query.to_log_size,
                as_of=query.as_of,
                log_size=query.log_size,
                known_at=query.known_at,
            )
            internal = query.visibility == "all" and sight.covers(query.programme)
            return reporting.changes(view, asked, reader_of(services, internal=internal))

        body, head = await gate.read(request, read)
        return as_answer(body, head)

    return router


def _asked(query: StatusQuery, form: str) -> reporting.StatusQuery:
    return reporting.StatusQuery(
        scope=Scope(filters=query.filters(), visibility_all=query.visibility == "all", compare_to=query.compare_to),
        appendix=query.appendix,
        format=form,
        as_of=query.as_of,
        log_size=query.log_size,
        known_at=query.known_at,
    )


def reader_of(services: Services, *, internal: bool = False) -> reporting.Reader:
    """Give who asks, today, and whether for what is internal."""
    most = services.settings.max_report_commitments
    return reporting.Reader(
        may_read_internal=internal, today=services.today(), now=services.now(), most_commitments=most
    )
