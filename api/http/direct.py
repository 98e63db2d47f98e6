"""The short way to a route: past FastAPI's solving of parameters, which takes longer than all that recording does.

It is for routes that take a request, texts of the address and no query. FastAPI describes them and still answers what
does not fit: a request with a query, or with another method.
"""

from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Scope

from api.http.queries import Nothing

_NOTHING: Final = Nothing()


class Direct(Route):
    """A route of FastAPI, gone to directly if a request has no query."""

    def __init__(self, described: APIRoute) -> None:
        async def endpoint(request: Request) -> Response:
            answer: Response = await described.endpoint(request, **request.path_params, _=_NOTHING)
            return answer

        super().__init__(described.path, endpoint, methods=described.methods, include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Fit a request without a query; nothing fits in part."""
        if scope["type"] != "http" or scope["method"] not in (self.methods or ()) or scope["query_string"]:
            return Match.NONE, {}
        match, found = super().matches(scope)
        return match, {**found, "route": self}


def shorten(app: FastAPI, *routers: APIRouter) -> None:
    """Let the requests that record, by POST, go directly to the endpoints of these routers."""
    ways = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    app.router.routes[:0] = [Direct(route) for route in ways if "POST" in (route.methods or ())]
