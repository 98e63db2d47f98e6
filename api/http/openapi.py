"""What the documentation says of each route: bodies with examples, answers, and every problem they may end in."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.callers import FORM_TOKEN
from api.http.cookies import SESSION, Cookies
from api.http.issued_schemas import ISSUED_COMPONENTS
from api.http.problem_types import PROBLEMS
from api.http.problems import MEDIA_TYPE
from api.http.report_schemas import REPORT_COMPONENTS
from api.http.right_schemas import RIGHT_COMPONENTS
from api.http.schemas import COMPONENTS, catalogue_schema, ref
from infrastructure.wiring import FORMATS, Settings

Route = dict[str, Any]
_READ_PROBLEMS: Final = ("unauthorised", "unknown", "invalid", "not-ready")
_WRITE_PROBLEMS: Final = (
    "bad-json", "unauthorised", "not-permitted", "unknown", "exists", "stale-version", "body-too-long",
    "unsupported-media-type", "invalid", "not-ready",
)  # fmt: skip
_EVERYWHERE: Final = ("request-timeout", "address-too-long", "too-many-requests", "head-too-long")
_SECURITY: Final[list[dict[str, list[str]]]] = [{"token": []}]

NEW_PROGRAMME: Final = {
    "code": "green-port",
    "title": "A green port for everybody",
    "publisher": "Port City",
    "adopted_on": "2024-01-15",
    "partners": [{"code": "PORT", "name": "Port Authority", "type": "organisation", "role": "implementer"}],
}
NEW_COMMITMENT: Final = {
    "reference": "GP-01",
    "programme": "green-port",
    "title": "Shore power at every quay",
    "kind": "one_off",
    "tier": "deliverable",
    "timeframe": {"wording": "by the end of 2025", "due": "2025-12-31"},
    "partners": ["PORT"],
    "occurred_on": "2024-01-15",
}
_EVIDENCE: Final = [{"title": "Minutes of the port council", "url": "https://example.org/minutes", "grade": "B"}]
EVENTS: Final[dict[str, dict[str, Any]]] = {
    "started": {"kind": "started", "occurred_on": "2024-03", "statement": "Work began at the first quay."},
    "achieved": {
        "kind": "achieved",
        "occurred_on": "2025-11-03",
        "statement": "The last quay was connected.",
        "evidence": _EVIDENCE,
    },
    "slipped": {
        "kind": "slipped",
        "occurred_on": "2025-10-01",
        "statement": "The cables come late.",
        "forecast": "2026-06-30",
    },
    "rectified": {
        "kind": "rectified",
        "entry": 2,
        "changes": {"occurred_on": "2024-03-11"},
        "reason": "The minutes name the day.",
    },
    "retracted": {"kind": "retracted", "entry": 2, "reason": "It belonged to another commitment."},
}
NEW_REPORT: Final = {"as_of": "2025-12-31", "compare_to": "2024-12-31", "tier": ["deliverable", "action"]}
AS_KNOWN: Final = {"programme": "green-port", "as_of": "2025-06-30", "log_size": 2}
PROGRAMME_EVENT: Final = {
    "kind": "programme_amended",
    "occurred_on": "2024-05-02",
    "statement": "The ferry company joins.",
    "add_partners": [{"code": "FERRY", "name": "Ferry Company", "type": "organisation"}],
}

PUBLICATION: Final = {"reason": "The council has adopted the plan; what was said in confidence may be read."}
_PUBLISHED: Final = """\
Records `visibility_changed` in the ledger's own stream: what was published, by whom and why, for everybody to read.

From its position on everybody sees the whole history; at a smaller `log_size` everything is as it was. The log stays as
it is: what was recorded before are closed leaves, and `opened` of each entry shows the text and the salt that the leaf
holds the hash of. Entries keep their positions: whoever follows `/v1/events` takes the name from this entry and reads
the history at `/v1/commitments/{reference}/history` or `/v1/programmes/{code}/history`.

What is public stays so. A commitment of an internal programme waits for its programme (rule `programme-first`). While
four-eyes is on nobody publishes a commitment in which they recorded, or a programme that they began.
"""

ERASURE: Final = {"members": ["statement"], "legal_basis": "Regulation (EU) 2018/1725, Article 19(1)(d)"}


def _problems(slugs: tuple[str, ...]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for slug in slugs:
        kind = PROBLEMS[slug]
        found[kind.status] = {"description": kind.title, "content": {MEDIA_TYPE: {"schema": ref("Problem")}}}
    return found


def _answers(description: str, content: dict[str, Any], problems: tuple[str, ...], status: int = 200) -> dict[int, Any]:
    return {status: {"description": description, "content": content}, **_problems(problems)}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": ref(schema)}}


def _header(name: str, description: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_AT_LEAST: Final = _header("Ledger-At-Least", "answer from this position or a later one", "^[0-9]{1,16}$")
_KEY: Final = _header(
    "Idempotency-Key", "the same key and body give the first answer again, for at least 7 days", "^[!-~]{1,255}$"
)
_IF_MATCH: Final = _header("If-Match", "the ETag of the version you have seen", r'^(\*|"[0-9]+")$')


def _recording(description: str, body: str, answer: str, examples: dict[str, Any], *headers: dict[str, Any]) -> Route:
    content = {
        "schema": ref(body),
        "examples": {name: {"value": value} for name, value in examples.items()},
    }
    return {
        "summary": description,
        "responses": _answers("Recorded", _json(answer), _WRITE_PROBLEMS, 201),
        "response_model": None,
        "openapi_extra": {
            "requestBody": {"required": True, "content": {"application/json": content}},
            "parameters": [_KEY, *headers],
            "security": _SECURITY,
        },
    }


def publish() -> Route:
    """Document publishing a programme."""
    return _recording("Publish a programme", "NewProgramme", "PublishedProgramme", {"programme": NEW_PROGRAMME})


def record_programme_event() -> Route:
    """Document amending, closing or correcting a programme."""
    return _recording(
        "Amend, close or correct a programme",
        "NewProgrammeEvent",
        "RecordedEvent",
        {"programme_amended": PROGRAMME_EVENT},
        _IF_MATCH,
    )


def announce() -> Route:
    """Document announcing a commitment."""
    return _recording("Announce a commitment", "NewCommitment", "RecordedEvent", {"commitment": NEW_COMMITMENT})


def record_event() -> Route:
    """Document recording an event."""
    return _recording("Record an event or a correction", "NewEvent", "RecordedEvent", EVENTS, _IF_MATCH)


def publish_internal(what: str) -> Route:
    """Document publishing what is internal."""
    within = " with its commitments, but those that are internal themselves" if what == "programme" else ""
    route = _recording(
        f"Publish an internal {what}{within}, for ever",
        "NewPublication",
        "Publication",
        {"publication": PUBLICATION},
        _IF_MATCH,
    )
    route["description"] = _PUBLISHED
    del route["responses"][409]
    return route


def erase() -> Route:
    """Document an erasure."""
    return _recording(
        "Erase texts of an entry, with their salts; facts, hashes and proofs stay",
        "NewErasure",
        "Erasure",
        {"erasure": ERASURE},
    )


def changing_rights(description: str, body: str, answer: str, example: dict[str, Any], *missing: int) -> Route:
    """Document giving or taking a right; *missing* are problems that cannot come up."""
    route = _recording(description, body, answer, {"example": example})
    for status in (409, 412, *missing):  # it is about nothing that others may have changed meanwhile
        del route["responses"][status]
    return route


def _reading(description: str, content: dict[str, Any], problems: tuple[str, ...] = _READ_PROBLEMS) -> Route:
    return {
        "summary": description,
        "responses": _answers(description, content, problems),
        "response_model": None,
        "openapi_extra": {"parameters": [_AT_LEAST], "security": _SECURITY},
    }


def reading(description: str, schema: str) -> Route:
    """Document a question that is answered in JSON."""
    return _reading(description, _json(schema), (*_READ_PROBLEMS, "not-permitted"))


def feed() -> Route:
    """Document the feed."""
    content = _json("EntryPage") | {"application/x-ndjson": {"schema": {"type": "string"}}}
    return _reading("The whole ledger, by position", content, (*_READ_PROBLEMS, "not-acceptable"))


def status_report() -> Route:
    """Document the status report."""
    file = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    text = {"schema": {"type": "string"}}
    others = {form.offered: file if form.apart else text for form in FORMATS.values()}
    problems = (*_READ_PROBLEMS, "not-acceptable", "not-permitted", "too-many-requests", "rendering-failed")
    route = _reading("Status report", others | _json("StatusReport"), problems)
    route["responses"][304] = {"description": "The report is the one whose ETag was sent in If-None-Match"}
    return route


def issue_report() -> Route:
    """Document issuing a report."""
    examples = {"report": NEW_REPORT, "today": {}, "as_known": AS_KNOWN}
    route = _recording("Issue a status report", "NewReport", "IssuedReport", examples)
    for status in (404, 409, 412):  # it is about no stream of others
        del route["responses"][status]
    return route


def issued_report() -> Route:
    """Document an issued report."""
    route = status_report()
    route["summary"] = "Issued report, as it was issued"
    route["responses"] |= _problems(("irreproducible",))
    return route


def metrics() -> Route:
    """Document the metrics."""
    return _reading("Figures for Prometheus", {"text/plain": {"schema": {"type": "string"}}})


def showing(description: str, media_type: str) -> Route:
    """Document what the log shows in a form of its own."""
    form = {"type": "string"} | ({} if media_type.startswith("text/") else {"format": "binary"})
    return _reading(description, {media_type.partition(";")[0]: {"schema": form}})


def proof(description: str, schema: str) -> Route:
    """Document a proof as JSON."""
    return _reading(description, _json(schema))


def timestamps() -> Route:
    """Document the list of timestamps."""
    return _reading("Checkpoints with a timestamp (RFC 3161), the largest first", _json("Timestamps"))


def receipt() -> Route:
    """Document the receipt of an entry."""
    route = _reading("Receipt of an entry (C2SP tlog-proof)", {"text/plain": {"schema": {"type": "string"}}})
    route["responses"][202] = {"description": "The entry is recorded and not sealed yet; Retry-After says when"}
    return route


def open_reading(description: str, schema: str) -> Route:
    """Document a question that needs no token."""
    return {
        "summary": description,
        "responses": _answers(description, _json(schema), ("invalid", "not-ready")),
        "response_model": None,
    }


def myself() -> Route:
    """Document who one is."""
    description = "Who asks, and what a page shows to record for whoever is signed in"
    return {
        "summary": description,
        "responses": _answers(description, _json("Myself"), ("unauthorised", "not-permitted", "invalid", "not-ready")),
        "response_model": None,
        "openapi_extra": {"security": _SECURITY},
    }


def _ways_in(settings: Settings) -> dict[str, Any]:
    """Give the ways to say who asks, as this ledger is set up."""
    ways: dict[str, Any] = {"token": {"type": "http", "scheme": "bearer", "description": "An API token (`ldg_…`)"}}
    if settings.oidc_issuer and settings.oidc_audience:
        address = f"{settings.oidc_issuer.removesuffix('/')}/.well-known/openid-configuration"
        said = f"An access token for {settings.oidc_audience}, as a bearer token"
        ways["openid"] = {"type": "openIdConnect", "openIdConnectUrl": address, "description": said}
    if settings.oidc_client_id:
        name = Cookies(settings.public_url).name(SESSION)
        said = f"Made by /auth/login. Whatever records needs {FORM_TOKEN}, too, as /auth/me gives it"
        ways["session"] = {"type": "apiKey", "in": "cookie", "name": name, "description": said}
    return ways


def install(app: FastAPI, settings: Settings) -> None:
    """Publish the description of the API and the schema of catalogues."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            components = schema.setdefault("components", {})
            components["schemas"] = COMPONENTS | REPORT_COMPONENTS | ISSUED_COMPONENTS | RIGHT_COMPONENTS
            components["securitySchemes"] = ways = _ways_in(settings)
            limits = _problems(_EVERYWHERE)
            for operation in (each for methods in schema["paths"].values() for each in methods.values()):
                operation["responses"] |= {str(status): answer for status, answer in limits.items()}
                if "security" in operation:
                    operation["security"] = [{way: []} for way in ways]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]

    @app.get("/schemas/catalogue.json", include_in_schema=False)
    async def catalogue() -> dict[str, Any]:
        return catalogue_schema()
