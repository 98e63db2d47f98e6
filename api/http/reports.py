"""Status reports, and what changed."""

from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer, wants
from api.http.problems import NotAcceptable
from api.http.queries import ChangesQuery, StatusQuery
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
        form = FORMATS[query.format] if query.format else _accepted(request)

        def read(view: View, internal: bool) -> tuple[bytes, str]:  # noqa: FBT001 -- the gate's callback
            reader = _reader(services, internal=internal)
            report = reporting.status_report(view, _asked(query, form.name), reader, services.press())
            return b"".join(form.render(report)), report["as_of"]

        (body, as_of), head = await gate.read(request, read)
        headers = {"ETag": f'"{sha256(body).hexdigest()}"', "Ledger-Position": str(head), "Vary": "Accept"}
        seen = request.headers.get("if-none-match", "")
        if headers["ETag"] in seen or seen.strip() == "*":
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers | form.headers_for(as_of))

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
            return reporting.changes(view, asked, _reader(services, internal=internal))

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


def _reader(services: Services, *, internal: bool) -> reporting.Reader:
    return reporting.Reader(may_read_internal=internal, today=services.today(), now=services.now())


def _accepted(request: Request) -> Format:
    media_type = wants(request, _OFFERED)
    if media_type is None:
        raise NotAcceptable(f"accepted: {', '.join(_OFFERED)}; or ?format= with {' | '.join(FORMATS)}")
    return _OFFERED[media_type]
