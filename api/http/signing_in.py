"""Signing in and out with a browser, and who one is."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.http import openapi
from api.http.bodies import read_bytes
from api.http.callers import FORM_TOKEN, NOBODY, refuse_foreign_page
from api.http.cookies import SESSION, SIGN_IN, Cookies
from api.http.gate import Gate
from api.http.problems import Unauthorised
from api.http.queries import Nothing
from api.http.sign_in_pages import link, page, sign_out_form
from application.errors import BadQuestion, NotPermitted
from domain.answers import instant
from infrastructure.wiring import (
    SIGN_IN_SECONDS,
    Attempt,
    ProviderSilentError,
    SignIn,
    SignInError,
    StaleSignInError,
    form_token,
)

_START: Final = "/v1/reports/status"
_MOST_FORM_BYTES: Final = 4_096
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""A path of this server, with query: what a browser cannot take for another host."""


def routes(gate: Gate, sign_in: SignIn) -> APIRouter:
    """Give the routes of signing in."""
    router = APIRouter(prefix="/auth", tags=["signing in"])
    cookies = Cookies(gate.services.settings.public_url)

    @router.get("/login", include_in_schema=False)
    async def login(next: str = _START) -> Response:
        if not _OWN_PATH.fullmatch(next):
            raise BadQuestion("next", "this is no path of this server", "a path such as /v1/reports/status")
        try:
            attempt, address = await sign_in.begin(next)
        except ProviderSilentError:
            return _provider_is_silent(next)
        answer = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        cookies.keep(answer, SIGN_IN, attempt.cookie(), SIGN_IN_SECONDS)
        return answer

    @router.get("/callback", include_in_schema=False)
    async def callback(request: Request) -> Response:
        attempt = Attempt.read(cookies.read(request, SIGN_IN) or "")
        following = attempt.following if attempt is not None else _START
        try:
            session = await sign_in.finish(attempt, dict(request.query_params))
        except (SignInError, NotPermitted, ProviderSilentError) as refused:
            answer = _refusal(refused, following)
        else:
            before = cookies.read(request, SESSION)
            if before is not None:
                await gate.in_thread(lambda: sign_in.sessions.end(before))
            answer = RedirectResponse(following, 303, {"Cache-Control": "no-store"})
            cookies.keep(answer, SESSION, session)
        cookies.drop(answer, SIGN_IN)
        return answer

    _who(router, gate, sign_in, cookies)
    _signing_out(router, gate, sign_in, cookies)
    return router


def _who(router: APIRouter, gate: Gate, sign_in: SignIn, cookies: Cookies) -> None:
    @router.get("/me", **openapi.myself())
    async def me(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        caller = await gate.caller(request)
        secret = cookies.read(request, SESSION)
        body: dict[str, Any] = {"actor": caller.actor, "role": caller.role, "csrf_token": None, "ends_at": None}
        if secret is not None and "authorization" not in request.headers:
            session = await gate.in_thread(lambda: sign_in.sessions.find(secret))
            if session is None:
                raise Unauthorised(NOBODY)
            body |= {"csrf_token": form_token(secret), "ends_at": instant(session.ends_at(sign_in.lifetime))}
        return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})


def _signing_out(router: APIRouter, gate: Gate, sign_in: SignIn, cookies: Cookies) -> None:
    async def open_session(request: Request) -> str | None:
        secret = cookies.read(request, SESSION)
        found = None if secret is None else await gate.in_thread(lambda: sign_in.sessions.find(secret))
        return None if found is None else secret

    async def provider_too() -> str | None:
        try:
            return await sign_in.ended()
        except ProviderSilentError:
            return None  # it is told nothing; here the session ends all the same

    @router.get("/logout", include_in_schema=False)
    async def leaving(request: Request) -> Response:
        secret = await open_session(request)
        if secret is None:
            return page("You are signed out", more=link("/auth/login", "Sign in again"))
        origin = _origin(await provider_too())
        return page("Sign out of the ledger?", more=sign_out_form(form_token(secret)), leads_to=origin)

    @router.post("/logout", include_in_schema=False)
    async def logout(request: Request) -> Response:
        form = parse_qs((await read_bytes(request, _MOST_FORM_BYTES)).decode("latin-1"))
        secret = await open_session(request)
        if secret is not None:
            given = request.headers.get(FORM_TOKEN) or form.get("csrf_token", [""])[0]
            refuse_foreign_page(request, gate.services.settings.public_url, secret, given)
            await gate.in_thread(lambda: sign_in.sessions.end(secret))
        answer = RedirectResponse(await provider_too() or "/auth/logout", 303, {"Cache-Control": "no-store"})
        cookies.drop(answer, SESSION)
        return answer


def _origin(address: str | None) -> str:
    parts = urlsplit(address or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


Handler = Callable[[Request, Exception], Awaitable[Response]]


def sends_to_sign_in(otherwise: Handler) -> Handler:
    """Let people who open a page be sent to sign in; programs go on being told that a token is needed."""

    async def answer(request: Request, error: Exception) -> Response:
        opens_a_page = request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if not opens_a_page or "authorization" in request.headers or not _OWN_PATH.fullmatch(path):
            return await otherwise(request, error)
        address = f"/auth/login?{urlencode({'next': path})}"
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})

    return answer


def _refusal(refused: Exception, following: str) -> Response:
    again = link(f"/auth/login?{urlencode({'next': following})}", "Start again")
    match refused:
        case NotPermitted():
            return page(
                "You have no role here",
                f"You signed in, but {refused.message}.",
                f"What you need: {refused.accepted}. Whoever keeps this ledger can tell you how to get it.",
                more=again,
                status=403,
            )
        case ProviderSilentError():
            return _provider_is_silent(following)
        case StaleSignInError():
            return page("This sign-in is no longer good", f"Nobody was signed in: {refused}.", more=again, status=400)
        case _:
            return page("You were not signed in", f"Nobody was signed in: {refused}.", more=again, status=403)


def _provider_is_silent(following: str) -> Response:
    again = link(f"/auth/login?{urlencode({'next': following})}", "Try again")
    said = "Where you would sign in cannot be reached now. API tokens go on being good."
    return page("Signing in is not possible now", said, more=again, status=503)
