"""`ledger serve` with one more address, which does all that recording does but for recording: the server's ceiling.

`POST /noop/{reference}/events` finds out who asks, reads and checks the body against the shape of its kind, and answers
201 with as long an answer as a recorded event has. It neither loads nor writes anything.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.routing import APIRoute

import api.app
from api.cli import app as program
from api.http import gate as passing
from api.http.queries import Nothing
from application.recording import recorded_answer
from domain.entry import Entry
from domain.fields import checked
from domain.shapes import COMMITMENT_EVENTS
from infrastructure.wiring import Services

_create_app = api.app.create_app


def with_noop(services: Services) -> api.app.Application:
    """Make the app with the additional address."""
    app, gate = _create_app(services), passing.Gate(services)

    async def noop(request: Request, reference: str, _: Annotated[Nothing, Query()]) -> Response:
        asked, _rights = await gate._asked(request)
        body: dict[str, Any] = dict(asked.body)
        kind = body.pop("kind")
        checked(COMMITMENT_EVENTS[kind], body)
        facts = {"occurred_on": body["occurred_on"], "effective_on": body["occurred_on"]}
        entry = Entry(1, 1, kind, datetime.now(UTC), asked.caller.actor, asked.caller.role, facts)
        answer = recorded_answer(reference, entry, status="started")
        headers = {"ETag": '"1"', "Location": "/v1/events/1"}
        return passing.as_answer(answer, 1, status=201, headers=headers)

    app.add_api_route("/noop/{reference}/events", noop, methods=["POST"], status_code=201)
    # Gone to directly, as the address that it stands for is.
    route = app.routes[-1]
    assert isinstance(route, APIRoute)
    app.ways.append(route)
    return app


if __name__ == "__main__":
    api.app.create_app = with_noop
    program()
