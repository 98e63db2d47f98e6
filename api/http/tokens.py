"""Tokens: make, list, revoke and rotate them. Nothing here shows a secret but the answer that gives it out."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer, as_page
from api.http.paging import Cursor, page
from api.http.queries import ListQuery, Nothing
from application import tokens as rights
from application.access import Sight
from application.errors import BadQuestion
from application.ports import View

_EXAMPLE = {"actor": "clerk-7", "role": "recorder", "expires": "90d"}
_CREATE = openapi.changing_rights("Make a token", "NewToken", "CreatedToken", _EXAMPLE, 404)
TokenId = Annotated[str, Path(max_length=64)]


def routes(gate: Gate) -> APIRouter:
    """Give the routes of tokens."""
    router = APIRouter(prefix="/v1/tokens", tags=["rights"])
    services = gate.services

    @router.post(
        "", status_code=201, **openapi.changing_rights("Make a token", "NewToken", "CreatedToken", _EXAMPLE, 404)
    )
    async def create(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        secret, made = services.mint()
        answer, headers = await gate.record(request, lambda asked: rights.create_token(asked, made, services.time_zone))
        return _with_secret(answer, headers, secret)

    @router.post(
        "/{id}/rotation",
        status_code=201,
        **openapi.changing_rights("Put a new token in the place of one", "Rotation", "RotatedToken", {"overlap": "7d"}),
    )
    async def rotate(request: Request, id: TokenId, _: Annotated[Nothing, Query()]) -> Response:
        secret, made = services.mint()
        answer, headers = await gate.record(
            request, lambda asked: rights.rotate_token(asked, id, made, services.time_zone)
        )
        return _with_secret(answer, headers, secret)

    @router.post(
        "/{id}/revocation",
        status_code=201,
        **openapi.changing_rights("Revoke a token, for good and at once", "Revocation", "RevokedToken", {}),
    )
    async def revoke(request: Request, id: TokenId, _: Annotated[Nothing, Query()]) -> Response:
        answer, headers = await gate.record(request, lambda asked: rights.revoke_token(asked, id))
        return recorded(answer, headers)

    @router.get("", **openapi.reading("Page of tokens, the oldest first; never their secrets", "TokenPage"))
    async def listing(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
        def read(_view: View, _sight: Sight) -> dict[str, Any]:
            return listed([rights.listed_token(each) for each in services.tokens()], query)

        body, head = await gate.read(request, read)
        return as_page(request, body, head)

    return router


def _with_secret(answer: dict[str, Any], headers: dict[str, str], secret: str) -> Response:
    """Show the secret, unless the request was answered before: what it made then was shown then."""
    shown = None if "Idempotency-Replayed" in headers else secret
    return recorded({**answer, "secret": shown}, {"Cache-Control": "no-store", **headers})


def recorded(answer: dict[str, Any], headers: dict[str, str]) -> Response:
    """Answer with what was recorded."""
    where = {"Location": f"/v1/events/{answer['position']}"}
    return as_answer(answer, answer["position"], status=201, headers=headers | where)


def listed(
    items: list[dict[str, Any]], query: ListQuery, key: Callable[[dict[str, Any]], str] = lambda item: item["id"]
) -> dict[str, Any]:
    """Give a page of items that each have a *key*."""
    keys, first = list(map(key, items)), 0
    if query.cursor is not None:
        after = Cursor.read(query.cursor).after
        if after not in keys:
            raise BadQuestion("cursor", "it belongs to another list", "`next` of this list's page before")
        first = keys.index(after) + 1
    shown = items[first : first + query.limit]
    more = first + query.limit < len(items)
    return page(shown, Cursor(key(shown[-1]), "", 0).text() if more else None)
