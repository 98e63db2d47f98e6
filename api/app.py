"""The application: every route on one ASGI app, over one set of services."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog import get_logger

from api.http import (
    commitments,
    direct,
    docs_page,
    feed,
    health,
    issued,
    log,
    openapi,
    problems,
    programmes,
    reports,
    roles,
    signing_in,
    tokens,
)
from api.http.gate import Gate
from api.http.guard import Guard
from api.http.guessing import might_be_valid
from infrastructure.wiring import Services, build

_DESCRIPTION = """
An event-sourced ledger of public commitments. Every step in the life of a commitment is an immutable entry; every
answer names two times: `as_of` (the date asked about) and `log_size` or `known_at` (how much was known).
An answer for both times never changes.
"""


def create_app(services: Services) -> "Application":
    """Join the routes. The services are closed when the app shuts down."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        services.ready()
        services.writer.forget_old_answers()
        services.start_sealing()
        services.note_settings()
        yield
        await services.writer.drain()
        services.close()

    gate, figures = Gate(services), health.Figures()
    app = Application(
        lambda inner: _around(inner, gate, figures),
        title="Implementation Ledger",
        version=services.version,
        description=_DESCRIPTION,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        # Nothing of a request goes anywhere but into our own lines and figures (`Watched`), which name nobody.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    published, announced = programmes.routes(gate), commitments.routes(gate)
    for router in (
        published,
        announced,
        feed.routes(gate),
        reports.routes(gate),
        issued.routes(gate),
        log.routes(gate),
        tokens.routes(gate),
        roles.routes(gate),
        health.routes(gate, figures),
    ):
        app.include_router(router)
    if services.sign_in is not None:
        app.include_router(signing_in.routes(gate, services.sign_in))
    app.ways += direct.recording(announced, published)
    app.router.routes.insert(0, direct.Failure())
    docs_page.install(app)
    problems.install(app, gate.admit)
    if services.sign_in is not None:
        app.add_exception_handler(problems.Unauthorised, signing_in.sends_to_sign_in(problems.answered))
    openapi.install(app, services.settings)
    return app


class Application(FastAPI):
    """FastAPI with something around all of it: what is added as middleware does not see unexpected errors answered."""

    def __init__(self, around: Callable[[ASGIApp], ASGIApp], **described: Any) -> None:
        self._around = around
        self.ways: list[APIRoute] = []
        """Routes that are gone to directly."""
        super().__init__(**described)

    def build_middleware_stack(self) -> ASGIApp:
        return self._around(direct.Direct(super().build_middleware_stack(), self.ways))


def _around(app: ASGIApp, gate: Gate, figures: health.Figures) -> ASGIApp:
    settings = gate.services.settings
    guarded: ASGIApp = Guard(app, settings, might_be_valid(gate.services, gate.in_thread))
    if settings.cors_origins:
        # Neither cookies nor tokens: pages of other origins read what everybody may read.
        guarded = CORSMiddleware(
            guarded,
            allow_origins=settings.cors_origins.split(),
            allow_methods=["GET", "HEAD"],
            allow_headers=["Ledger-At-Least", "If-None-Match"],
            expose_headers=["Ledger-Position", "ETag", "Link", "Retry-After", "RateLimit", "RateLimit-Policy"],
        )
    return Watched(guarded, figures)


def from_environment() -> "Application":
    """Make the app from LEDGER_* variables, for servers that start it by name."""
    return create_app(build())


class Watched:
    """Counts and logs every request: method, route and status, never what was said in it."""

    def __init__(self, app: ASGIApp, figures: health.Figures) -> None:
        self._app, self._figures = app, figures
        self._log = get_logger().bind()  # once: binding takes as long as the line itself

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
            self._figures.count(scope["method"], route, status, took)
            self._log.info("request", method=scope["method"], route=route, status=status, ms=round(took * 1000, 1))
