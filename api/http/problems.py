"""Errors as RFC 9457 problem details: one table of what can go wrong, the answers, and the pages that explain them."""

import html
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from structlog import get_logger

from application import errors as declined
from application.strict_json import NotJsonError
from domain import errors as domain
from domain.recording import ExternalIdTaken
from infrastructure.wiring import ClockBehindError, NotReadyError, ReadOnlyError, TooBusyError

MEDIA_TYPE: Final = "application/problem+json"
_STYLE: Final = "main{max-width:40rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 system-ui,sans-serif}"
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Problem:
    """A type of problem: its status and title, and the page that explains it."""

    status: int
    title: str
    explanation: str


PROBLEMS: Final[Mapping[str, Problem]] = {
    "bad-json": Problem(
        400,
        "The body is not JSON that can be recorded",
        "A body must be UTF-8 JSON in which every member name stands once in its object, without lone surrogates, "
        "without NaN or Infinity, and with integers up to 2^53 - 1. Send larger or fractional numbers as text.",
    ),
    "unauthorised": Problem(
        401,
        "A valid token is needed",
        "Send `Authorization: Bearer <token>`. Tokens are made with `ledger token create`; one that was revoked is "
        "good for nothing. A ledger with LEDGER_PUBLIC_READ lets everybody read what is public.",
    ),
    "not-permitted": Problem(
        403,
        "The token's role does not allow this",
        "Each token carries one role, and each role may do what the README's table says. While four-eyes is on, "
        "nobody corrects an entry that they recorded themselves.",
    ),
    "unknown": Problem(
        404,
        "There is no such thing here",
        "Nothing of this name exists, or did not yet exist at the two times asked for, or the token may not see it. "
        "The answer does not tell which.",
    ),
    "method-not-allowed": Problem(
        405, "The method does not fit the address", "The documentation at /docs lists what does."
    ),
    "not-acceptable": Problem(
        406, "The answer does not exist in this format", "Name one of the formats listed in the problem's detail."
    ),
    "exists": Problem(
        409,
        "It exists already",
        "A programme's code, a commitment's reference, and an external_id within a history are used once. To change "
        "what is there, record an event or a correction.",
    ),
    "stale-version": Problem(
        412,
        "Something was recorded in between",
        "If-Match names a version that is no longer the last. Read the commitment again, look at what was recorded, "
        "and send the event with the new ETag if it still applies.",
    ),
    "body-too-long": Problem(413, "The body is too long", "A request body may have up to 262,144 bytes."),
    "unsupported-media-type": Problem(
        415, "The body has the wrong type", "Bodies are `Content-Type: application/json` in UTF-8, not compressed."
    ),
    "invalid": Problem(
        422,
        "Something in the request has the wrong form",
        "`faults` names every wrong field by JSON Pointer (or query parameter by name), with what is wrong and what "
        "would be accepted. Nothing was recorded.",
    ),
    "refused": Problem(
        422,
        "A rule of the ledger refuses this",
        "`rule` names the rule, `entry` the version of the entry that would break it – the new one, or a later one "
        "when something is backdated or corrected – and `accepted` what would be accepted. Nothing was recorded.",
    ),
    "entry-too-long": Problem(
        422,
        "The entry does not fit into the log",
        "An entry takes at most 65,535 bytes in the log. Put long documents elsewhere and record their SHA-256 as "
        "evidence.",
    ),
    "repeated-differently": Problem(
        422,
        "The Idempotency-Key was used with another body",
        "A key stands for one request of one actor to one address. Use a new key for a new request.",
    ),
    "too-many-requests": Problem(
        429, "Too many requests", "Wait as long as Retry-After says, then repeat the request."
    ),
    "not-ready": Problem(
        503,
        "The ledger cannot do this now",
        "It is busy, not migrated, or refuses to write because its clock is behind the last entry. The detail says "
        "which; Retry-After says when to try again.",
    ),
    "read-only": Problem(
        503,
        "The ledger answers questions and records nothing",
        "What is stored is not what was signed, or what was signed is not known any more; so nothing is added to it. "
        "`position` is the first entry that is wrong, as far as that is known. Reading goes on. An operator has to "
        "find out why, put a good backup in place, and let the ledger go on with `ledger recover`.",
    ),
    "irreproducible": Problem(
        500,
        "The issued report is not what it was",
        "An issued report is made again whenever it is asked for and held against the digest in the log. Here they do "
        "not fit: what is kept of it, the read models or the entries were changed behind the ledger's back, or another "
        "software makes other reports. `at` names the first place, `kept` what it said there, `now` what it says now. "
        "`ledger replay --check` and `ledger report check` say more.",
    ),
    "internal": Problem(
        500, "Something went wrong here", "The fault is the server's. Nothing of the request was recorded half."
    ),
}


def problem(slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """Make a problem answer; *members* extend it."""
    kind = PROBLEMS[slug]
    body = {"type": f"/problems/{slug}", "title": kind.title, "status": kind.status, "detail": detail, **members}
    return Response(orjson.dumps(body), kind.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


class Unauthorised(Exception):
    """No token, or none that is valid."""


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


def _answer_of_server(error: Exception, retry: Mapping[str, str]) -> Response:
    match error:
        case declined.Irreproducible():
            detail, said = str(error)[:500], {"at": error.place, "kept": error.kept, "now": error.now}
            return problem("irreproducible", detail, headers=None, report=error.report, **said)
        case Unauthorised():
            return problem("unauthorised", str(error), headers={"WWW-Authenticate": "Bearer"})
        case BodyTooLong():
            return problem("body-too-long", str(error))
        case WrongMediaType():
            return problem("unsupported-media-type", str(error))
        case NotAcceptable():
            return problem("not-acceptable", str(error))
        case NotReadyError() | ClockBehindError():
            return problem("not-ready", str(error), headers=retry)
        case ReadOnlyError():
            return problem("read-only", str(error), headers={"Retry-After": "60"}, **error.members)
        case TooBusyError():
            return problem("not-ready", "too many requests wait to be recorded", headers=retry)
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
    ClockBehindError,
    ReadOnlyError,
    TooBusyError,
    Exception,
)


async def _handled(request: Request, error: Exception) -> Response:
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
        return problem("invalid", "; ".join(f"{f['parameter']}: {f['message']}" for f in faults)[:4_000], faults=faults)

    return answer


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
        app.add_exception_handler(kind, _handled)
    app.add_exception_handler(RequestValidationError, _wrong_query(admit))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)

    @app.get("/problems/{slug}", include_in_schema=False)
    async def explain(slug: str) -> Response:
        if slug not in PROBLEMS:
            raise HTTPException(404)
        return Response(_page(slug), media_type="text/html; charset=utf-8")


def _page(slug: str) -> str:
    kind = PROBLEMS[slug]
    said = re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(kind.explanation))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(kind.title)}</title><style>{_STYLE}</style><main><h1>{html.escape(kind.title)}</h1>"
        f"<p>Problem type <code>/problems/{slug}</code>, status {kind.status}.</p><p>{said}</p>"
        '<p><a href="/docs">The documentation of every address</a></p></main></html>'
    )
