"""Errors as RFC 9457 problem details: one table of what can go wrong, the answers, and the pages that explain them."""

import html
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from structlog import get_logger

from api.http.problem_types import PROBLEMS
from application import errors as declined
from application.strict_json import NotJsonError
from domain import errors as domain
from domain.recording import ExternalIdTaken
from infrastructure.wiring import (
    ClockBehindError,
    DatabaseFailed,
    Failure,
    NotReadyError,
    NotWrittenDownError,
    PrimaryUnreachableError,
    ReadOnlyError,
    RenderingBusyError,
    RenderingFailedError,
    TooBusyError,
    failure_of,
    why,
)

MEDIA_TYPE: Final = "application/problem+json"
_STYLE: Final = "main{max-width:40rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 system-ui,sans-serif}"
_PAGE_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_AGAIN: Final = "a request that records may be sent again: with the same Idempotency-Key it is recorded once"
_SENT_AGAIN: Final = dict.fromkeys(Failure, _AGAIN) | {Failure.FULL: "nothing of the request was recorded"}
_log = get_logger()


def problem(slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """Make a problem answer; *members* extend it."""
    kind = PROBLEMS[slug]
    body = {"type": f"/problems/{slug}", "title": kind.title, "status": kind.status, "detail": detail, **members}
    return Response(orjson.dumps(body), kind.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


class Unauthorised(Exception):
    """No token, or none that is valid; *sent* tells the latter (RFC 6750, 3)."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        self.challenge = 'Bearer error="invalid_token"' if sent else "Bearer"
        super().__init__(message)


class BodyTooLong(Exception):
    """More bytes than allowed."""


class WrongMediaType(Exception):
    """A body that is no JSON by its own account."""


class NotAcceptable(Exception):
    """A format that the answer does not exist in."""


def _faults(faults: tuple[domain.Fault, ...]) -> Response:
    listed = [{"pointer": each.pointer, "message": each.message, "accepted": each.accepted} for each in faults]
    return problem("invalid", "; ".join(map(str, faults))[:4_000], faults=listed)


def _answer(error: Exception) -> Response:  # noqa: PLR0911 -- a table, one row per error
    retry = {"Retry-After": "1"}
    match error:
        case domain.Invalid():
            return _faults(error.faults)
        case ExternalIdTaken():
            return problem("exists", error.args[0], rule=error.rule, entry=error.taken_by, accepted=error.accepted)
        case domain.Refused():
            return problem("refused", error.args[0], rule=error.rule, entry=error.version, accepted=error.accepted)
        case domain.TooLong():
            return problem("entry-too-long", str(error))
        case declined.BadQuestion():
            fault = {"parameter": error.parameter, "message": error.message, "accepted": error.accepted}
            return problem("invalid", str(error), faults=[fault])
        case declined.Unknown():
            return problem("unknown", str(error)[:500])
        case declined.NotPermitted():
            return problem("not-permitted", error.message, accepted=error.accepted)
        case declined.StaleVersion():
            return problem("stale-version", str(error)[:500], version=error.actual)
        case declined.Exists():
            return problem("exists", str(error))
        case declined.RepeatedDifferently():
            return problem("repeated-differently", str(error))
        case NotJsonError():
            return problem("bad-json", str(error)[:500])
        case _:
            return _answer_of_server(error, retry)


def _answer_of_server(error: Exception, retry: Mapping[str, str]) -> Response:  # noqa: C901, PLR0911, PLR0912 -- the same
    match error:
        case declined.Irreproducible():
            detail, said = str(error)[:500], {"at": error.place, "kept": error.kept, "now": error.now}
            return problem("irreproducible", detail, headers=None, report=error.report, **said)
        case Unauthorised():
            return problem("unauthorised", str(error), headers={"WWW-Authenticate": error.challenge})
        case BodyTooLong():
            return problem("body-too-long", str(error))
        case WrongMediaType():
            return problem("unsupported-media-type", str(error))
        case NotAcceptable():
            return problem("not-acceptable", str(error))
        case NotReadyError() | ClockBehindError() | NotWrittenDownError() | PrimaryUnreachableError():
            if (more := getattr(error, "why", None)) is not None:
                _log.error(str(error), why=more)
            return problem("not-ready", str(error), headers=retry)
        case ReadOnlyError():
            return problem("read-only", str(error), headers={"Retry-After": "60"}, **error.members)
        case RenderingBusyError():
            return problem("too-many-requests", str(error), headers={"Retry-After": str(error.seconds)})
        case RenderingFailedError():
            _log.warning("rendering failed", form=error.form, why=error.why)
            return problem("rendering-failed", str(error), accepted="format=json, csv or html; fewer commitments")
        case TooBusyError():
            return problem("not-ready", "too many requests wait to be recorded", headers=retry)
        case DatabaseFailed() if (failure := failure_of(error)) is not None:
            _log.error(failure.value, error=type(error).__name__, why=why(error))
            return problem("not-ready", f"{failure.value}; {_SENT_AGAIN[failure]}", headers=retry)
        case _:
            _log.error("unexpected error", error=type(error).__name__, exc_info=error)
            return problem("internal", "the server's log says more")


HANDLED: Final = (
    domain.Refusal,
    declined.Declined,
    NotJsonError,
    Unauthorised,
    BodyTooLong,
    WrongMediaType,
    NotAcceptable,
    NotReadyError,
    NotWrittenDownError,
    ClockBehindError,
    PrimaryUnreachableError,
    ReadOnlyError,
    RenderingBusyError,
    RenderingFailedError,
    DatabaseFailed,
    TooBusyError,
    Exception,
)


async def answered(request: Request, error: Exception) -> Response:
    """Answer an error with its problem."""
    answer = _answer(error)
    position = getattr(request.state, "position", None)
    if position is not None:  # the ledger was looked at before the error was found
        answer.headers["Ledger-Position"] = str(position)
    return answer


Admit = Callable[[Request], Awaitable[object]]


def _wrong_query(admit: Admit) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        operation = request.app.openapi()["paths"][request.scope["route"].path_format][request.method.lower()]
        try:
            if "security" in operation:  # who is not known is told so before anything else
                await admit(request)
        except Unauthorised as unknown:
            return _answer(unknown)
        parameters = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
        faults = [_wrong_parameter(each, parameters) for each in error.errors()]
        return problem("invalid", "; ".join(map(_in_words, faults))[:4_000], faults=faults)

    return answer


def _in_words(fault: Mapping[str, str]) -> str:
    return f"{fault['parameter']}: {fault['message']}; accepted: {fault['accepted']}"


def _wrong_parameter(error: Mapping[str, Any], parameters: list[str]) -> dict[str, str]:
    where, name = (*map(str, error["loc"]), "")[:2]
    if error["type"] == "extra_forbidden":
        message, accepted = "the parameter is unknown", " | ".join(parameters) or "no parameters"
    else:
        message, _, accepted = str(error["msg"]).removeprefix("Value error, ").partition("; accepted: ")
    return {"parameter": name[:100] or where, "message": message[:300], "accepted": accepted or "see /docs"}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        return problem("method-not-allowed", f"accepted: {allowed}", headers={"Allow": allowed})
    slug = {404: "unknown", 413: "body-too-long"}.get(error.status_code, "internal")
    return problem(slug, PROBLEMS[slug].explanation, headers=error.headers)


def _methods(request: Request) -> list[str]:
    """Give every method of an address; the router knows only those of the first route that fits."""
    path = request.scope["route"].path_format if "route" in request.scope else request.url.path
    return [method.upper() for method in request.app.openapi()["paths"].get(path, {"get": None})]


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


def install(app: FastAPI, admit: Admit) -> None:
    """Answer every error with a problem, and explain each type at its address; *admit* refuses who is not known."""
    for kind in HANDLED:
        app.add_exception_handler(kind, answered)
    app.add_exception_handler(RequestValidationError, _wrong_query(admit))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)

    @app.get("/problems/{slug}", include_in_schema=False)
    async def explain(slug: str) -> Response:
        if slug not in PROBLEMS:
            raise HTTPException(404)
        policy = {"Content-Security-Policy": _PAGE_POLICY}
        return Response(_page(slug), headers=policy, media_type="text/html; charset=utf-8")


def _page(slug: str) -> str:
    kind = PROBLEMS[slug]
    said = re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(kind.explanation))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(kind.title)}</title><style>{_STYLE}</style><main><h1>{html.escape(kind.title)}</h1>"
        f"<p>Problem type <code>/problems/{slug}</code>, status {kind.status}.</p><p>{said}</p>"
        '<p><a href="/docs">The documentation of every address</a></p></main></html>'
    )
