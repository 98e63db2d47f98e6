"""The application: every route on one ASGI app, over one set of services."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog import get_logger

from api.http import commitments, feed, health, issued, log, openapi, problems, programmes, reports
from api.http.gate import Gate
from infrastructure.wiring import Services, build

_log = get_logger()
_DESCRIPTION = """
An event-sourced ledger of public commitments. Every step in the life of a commitment is an immutable entry; every
answer names two times: `as_of` (the date asked about) and `log_size` or `known_at` (how much was known).
An answer for both times never changes.
"""


def create_app(services: Services) -> FastAPI:
    """Join the routes. The services are closed when the app shuts down."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        services.ready()
        services.writer.forget_old_answers()
        services.start_sealing()
        yield
        await services.writer.drain()
        services.close()

    app = FastAPI(
        title="Implementation Ledger",
        version=services.version,
        description=_DESCRIPTION,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
    )
    gate, figures = Gate(services), health.Figures()
    for router in (
        programmes.routes(gate),
        commitments.routes(gate),
        feed.routes(gate),
        reports.routes(gate),
        issued.routes(gate),
        log.routes(gate),
        health.routes(gate, figures),
    ):
        app.include_router(router)
    patch_fastapi(app)  # /docs, with what it needs from our own host
    problems.install(app, gate.admit)
    openapi.install(app)
    app.add_middleware(Watched, figures=figures)
    return app


def from_environment() -> FastAPI:
    """Make the app from LEDGER_* variables, for servers that start it by name."""
    return create_app(build())


class Watched:
    """Counts and logs every request: method, route and status, never what was said in it."""

    def __init__(self, app: ASGIApp, figures: health.Figures) -> None:
        self._app, self._figures = app, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            took = time.perf_counter() - started
            route = getattr(scope.get("route"), "path_format", "none")
            self._figures.requests.labels(scope["method"], route, status).inc()
            self._figures.seconds.labels(scope["method"], route).observe(took)
            _log.info("request", method=scope["method"], route=route, status=status, ms=round(took * 1000, 1))
