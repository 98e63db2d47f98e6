"""Status reports, and what changed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer, wants
from api.http.problems import NotAcceptable
from api.http.queries import ChangesQuery, FormatQuery, StatusQuery
from application import reporting
from application.ports import View
from domain.report import Scope
from infrastructure.wiring import FORMATS, Format, Services

_OFFERED: Final = {form.offered: form for form in FORMATS.values()}


def routes(gate: Gate) -> APIRouter:
    """Give the routes of reports."""
    router = APIRouter(prefix="/v1/reports", tags=["reports"])
    services = gate.services

    @router.get("/status", **openapi.status_report())
    async def status(request: Request, query: Annotated[StatusQuery, Query()]) -> Response:
        form = form_of(request, query)

        def read(view: View, internal: bool) -> tuple[bytes, str]:  # noqa: FBT001 -- the gate's callback
            reader = reader_of(services, internal=internal)
            report = reporting.status_report(view, _asked(query, form.name), reader, services.press())
            return b"".join(form.render(report)), report["as_of"]

        (body, as_of), head = await gate.read(request, read)
        return as_report(request, body, head, form.headers_for(as_of))

    @router.get("/changes", **openapi.reading("What changed", "Changes"))
    async def changes(request: Request, query: Annotated[ChangesQuery, Query()]) -> Response:
        def read(view: View, internal: bool) -> dict[str, Any]:  # noqa: FBT001 -- the gate's callback
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


def reader_of(services: Services, *, internal: bool) -> reporting.Reader:
    """Give who asks, today."""
    return reporting.Reader(may_read_internal=internal, today=services.today(), now=services.now())


def form_of(request: Request, query: FormatQuery) -> Format:
    """Give the format in which a report is asked for: by name, or else by media type."""
    if query.format is not None:
        return FORMATS[query.format]
    media_type = wants(request, _OFFERED)
    if media_type is None:
        raise NotAcceptable(f"accepted: {', '.join(_OFFERED)}; or ?format= with {' | '.join(FORMATS)}")
    return _OFFERED[media_type]


def as_report(request: Request, body: bytes, head: int, headers: Mapping[str, str]) -> Response:
    """Answer with the bytes of a report, which are their own strong ETag; 304 to whoever has them."""
    tagged = {"ETag": f'"{sha256(body).hexdigest()}"', "Ledger-Position": str(head), "Vary": "Accept"}
    seen = request.headers.get("if-none-match", "")
    if tagged["ETag"] in seen or seen.strip() == "*":
        return Response(status_code=304, headers=tagged)
    return Response(body, headers={**tagged, **headers})
