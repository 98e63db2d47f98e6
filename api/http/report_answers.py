"""A report as the answer to a request: which format is asked for, its bytes, and the headers that belong to them."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import anyio
import anyio.to_thread
from fastapi import Request, Response

from api.http.gate import Gate, wants
from api.http.problems import NotAcceptable
from api.http.queries import FormatQuery
from application.access import Sight
from application.ports import View
from infrastructure.wiring import FORMATS, Format, carried, report_bytes

Make = Callable[[View, Sight], dict[str, Any]]
"""Makes a report from a view; is told what may be seen."""

Written = Callable[[View, Sight], tuple[dict[str, Any], bytes]]
"""Makes a report as JSON right away, with what it says beside its commitments."""

_OFFERED: Final = {form.offered: form for form in FORMATS.values()}


def form_of(request: Request, query: FormatQuery) -> Format:
    """Give the format in which a report is asked for: by name, or else by media type."""
    if query.format is not None:
        return FORMATS[query.format]
    media_type = wants(request, _OFFERED)
    if media_type is None:
        raise NotAcceptable(f"accepted: {', '.join(_OFFERED)}; or ?format= with {' | '.join(FORMATS)}")
    return _OFFERED[media_type]


async def as_report(
    request: Request, gate: Gate, form: Format, make: Make, *, appendix_asked: bool, written: Written | None = None
) -> Response:
    """Answer with a report; its bytes are their own strong ETag, and whoever has them gets 304.

    With *appendix_asked* the appendix is part of its data, too. *written* makes it as JSON, if there is a quicker way.
    """
    if form.apart:
        body, headers, head = await _made_apart(request, gate, form, make, appendix_asked=appendix_asked)
    else:

        def read(view: View, sight: Sight) -> tuple[bytes, dict[str, str]]:
            if written is not None and form.name == "json":
                report, body = written(view, sight)
            else:
                report = make(view, sight)
                body = report_bytes(report, form.name)
            return body, form.headers_for(report)

        (body, headers), head = await gate.read(request, read)
    tagged = {"ETag": f'"{sha256(body).hexdigest()}"', "Ledger-Position": str(head), "Vary": "Accept"}
    seen = request.headers.get("if-none-match", "")
    if tagged["ETag"] in seen or seen.strip() == "*":
        return Response(status_code=304, headers=tagged)
    return Response(body, headers={**tagged, **headers})


async def _made_apart(
    request: Request, gate: Gate, form: Format, make: Make, *, appendix_asked: bool
) -> tuple[bytes, dict[str, str], int]:
    """Have a report made in the process for it: one at a time, and only for whoever may ask at all."""

    def read(view: View, sight: Sight) -> tuple[bytes, bytes | None, dict[str, str]]:
        report = make(view, sight)
        return report_bytes(report, "json"), carried(report, appendix_asked=appendix_asked), form.headers_for(report)

    await gate.admit(request)
    with gate.services.renderings.turn(form.name) as render:
        (report, data, headers), head = await gate.read(request, read)
        # Not in the pool of readers: this thread only waits, and others shall read meanwhile.
        body = await anyio.to_thread.run_sync(render, report, data, limiter=anyio.CapacityLimiter(1))
    return body, headers, head
