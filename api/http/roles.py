"""Roles that actors hold, and the register of actors."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_page
from api.http.queries import ListQuery, Nothing, RoleName
from api.http.tokens import listed, recorded
from application import actors, roles
from application.access import Sight
from application.ports import View

_GRANT = openapi.changing_rights(
    "Let an actor hold a role", "NewRole", "HeldRole", {"actor": "clerk-7", "role": "recorder"}, 404
)
_REVOKE = openapi.changing_rights("Revoke a role with all tokens for it", "Revocation", "RevokedRole", {})
_REGISTER = openapi.changing_rights(
    "Register an actor", "NewActor", "RegisteredActor", {"id": "clerk-7", "name": "J. Doe", "organisation": "PORT"}, 404
)
_ERASE = openapi.changing_rights("Erase an actor's name", "ActorErasure", "ErasedActor", {})
ActorId = Annotated[str, Path(max_length=64)]


def routes(gate: Gate) -> APIRouter:
    """Give the routes of roles and actors."""
    router = APIRouter(prefix="/v1", tags=["rights"])
    _roles(router, gate)
    _actors(router, gate)
    return router


def _roles(router: APIRouter, gate: Gate) -> None:
    @router.get("/roles", **openapi.reading("Page of roles that are held", "RolePage"))
    async def held(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
        def read(_view: View, _sight: Sight) -> dict[str, Any]:
            items = [roles.listed_role(*each) for each in gate.services.identities.roles()]
            return listed(items, query, lambda item: f"{item['actor']}/{item['role']}")

        body, head = await gate.read(request, read)
        return as_page(request, body, head)

    @router.post("/roles", status_code=201, **_GRANT)
    async def grant(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        return recorded(*await gate.record(request, roles.grant_role))

    @router.post("/roles/{actor}/{role}/revocation", status_code=201, **_REVOKE)
    async def revoke(request: Request, actor: ActorId, role: RoleName, _: Annotated[Nothing, Query()]) -> Response:
        return recorded(*await gate.record(request, lambda asked: roles.revoke_role(asked, actor, role)))


def _actors(router: APIRouter, gate: Gate) -> None:
    @router.get("/actors", **openapi.reading("Page of the register of actors, names included", "ActorPage"))
    async def register(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
        def read(_view: View, _sight: Sight) -> dict[str, Any]:
            return listed([actors.listed_actor(each) for each in gate.services.identities.actors()], query)

        body, head = await gate.read(request, read)
        return as_page(request, body, head)

    @router.post("/actors", status_code=201, **_REGISTER)
    async def enter(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        return recorded(*await gate.record(request, actors.register_actor))

    @router.post("/actors/{id}/erasure", status_code=201, **_ERASE)
    async def erase(request: Request, id: ActorId, _: Annotated[Nothing, Query()]) -> Response:
        return recorded(*await gate.record(request, lambda asked: actors.erase_actor(asked, id)))
