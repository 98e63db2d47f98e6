"""The short way to a route: past FastAPI's layers and its solving of parameters, which take longer than recording does.

It is for routes that take a request, texts of the address and no query. FastAPI describes them and still answers what
does not fit: a request with a query, or with another method. It answers errors, too, so that each is told in one way.
"""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.queries import Nothing

_NOTHING: Final = Nothing()
_FAILURE: Final = "ledger.failure"


def recording(*routers: APIRouter) -> list[APIRoute]:
    """Give the routes that record, by POST."""
    ways = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [route for route in ways if "POST" in (route.methods or ())]


class Direct:
    """Goes to some routes of a FastAPI application directly, if a request has no query, and else to the application."""

    def __init__(self, described: ASGIApp, ways: Iterable[APIRoute]) -> None:
        self._described, self._ways = described, [(route.path_regex.match, route) for route in ways]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        answer = self._described
        if self._finds(scope):
            endpoint, parameters = scope["route"].endpoint, scope["path_params"]
            try:
                answer = await endpoint(Request(scope, receive, send), **parameters, _=_NOTHING)
            except Exception as failure:  # noqa: BLE001 -- whatever it is, `Failure` raises it again
                scope[_FAILURE] = failure
        await answer(scope, receive, send)

    def _finds(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"] or scope.get("root_path"):
            return False
        for match, route in self._ways:
            found = match(scope["path"])
            if found is not None:
                scope["route"], scope["path_params"] = route, found.groupdict()
                return True
        return False


class Failure(BaseRoute):
    """The first route of an application that some requests go past: raises what one of these has met with."""

    def matches(self, scope: Scope) -> tuple[Match, dict[str, Any]]:
        """Fit whatever has failed."""
        return (Match.FULL if _FAILURE in scope else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- given to every route
        """Raise it where the application's handlers answer it."""
        raise scope[_FAILURE]
