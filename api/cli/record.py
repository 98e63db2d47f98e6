"""`ledger record`: one event, into the ledger on this machine or through a server."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from api.cli.failures import USAGE, Ended
from api.cli.opening import opened
from api.cli.options import Actor, AsJson, Role

if TYPE_CHECKING:
    from application.ports import Command
    from application.recording import Request

_EVIDENCE = "Evidence"
_REMOTE = "Through a server"


Kind = Annotated[str, typer.Argument(help="What happened: started, progressed, reviewed, achieved, slipped, …")]
Reference = Annotated[str, typer.Argument(help="The commitment, or the code of a programme.")]
On = Annotated[str | None, typer.Option(metavar="DATE", help="When it happened: YYYY, YYYY-MM or YYYY-MM-DD.")]
Statement = Annotated[str | None, typer.Option(metavar="TEXT", help="What happened, in words.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=VALUE", help="Any other field, such as rating=limited. Repeat for more."),
]
_BODY = "Fields as a JSON object, - for stdin; the other options come on top."
Body = Annotated[Path | None, typer.Option(metavar="FILE", help=_BODY)]
EvidenceTitle = Annotated[str | None, typer.Option(metavar="TEXT", rich_help_panel=_EVIDENCE)]
EvidenceUrl = Annotated[str | None, typer.Option(metavar="URL", rich_help_panel=_EVIDENCE)]
_GRADE = "A primary official act, B official statement, C independent report, D press, E assertion."
EvidenceGrade = Annotated[str | None, typer.Option(metavar="A-E", rich_help_panel=_EVIDENCE, help=_GRADE)]
_ITEM = "An item as a JSON object. Repeat for more."
Evidence = Annotated[list[str] | None, typer.Option(metavar="JSON", rich_help_panel=_EVIDENCE, help=_ITEM)]
InRole = Annotated[Role | None, typer.Option(help="In which role. Default: reviewer for reviewed, else recorder.")]
_SERVER = "Record there, not in the ledger on this machine."
Server = Annotated[str | None, typer.Option(metavar="URL", rich_help_panel=_REMOTE, help=_SERVER)]
_TOKEN = "Who you are to the server. Better kept in LEDGER_TOKEN, where no list of processes shows it."  # noqa: S105 -- the help text of an option
Token = Annotated[
    str | None,
    typer.Option(metavar="TOKEN", rich_help_panel=_REMOTE, envvar="LEDGER_TOKEN", show_envvar=False, help=_TOKEN),
]
_KEY = "Of an earlier attempt. Default: a new one."
Key = Annotated[str | None, typer.Option(metavar="KEY", rich_help_panel=_REMOTE, help=_KEY)]


def record(
    kind: Kind,
    reference: Reference,
    *,
    on: On = None,
    statement: Statement = None,
    field: Fields = None,
    body: Body = None,
    evidence_title: EvidenceTitle = None,
    evidence_url: EvidenceUrl = None,
    evidence_grade: EvidenceGrade = None,
    evidence: Evidence = None,
    actor: Actor = None,
    role: InRole = None,
    server: Server = None,
    token: Token = None,
    idempotency_key: Key = None,
    json: AsJson = False,
) -> None:
    """Record an event in the life of a commitment, or of a programme.

    ledger record started SC-P4-D01 --on 2022-04-20 --statement "First meeting held"

    ledger record reviewed SC-P4-D01 --on 2023 --statement "…" --field rating=limited --field independence=peer
    """
    from api.cli.fields import read_body, read_evidence, read_fields

    said = {"occurred_on": on, "statement": statement}
    whole = read_body(body) | read_fields(kind, field or ())
    whole |= {name: value for name, value in said.items() if value is not None}
    items = read_evidence(evidence_title, evidence_url, evidence_grade, evidence or ())
    whole |= {"evidence": items} if items else {}
    whole = _addressed(kind, reference, whole)
    if server is None:
        if idempotency_key is not None:
            raise Ended(USAGE, "--idempotency-key is for --server")
        answer = _record_here(kind, reference, whole, actor, role)
    else:
        if actor is not None or role is not None:
            raise Ended(USAGE, "--actor and --role come from the token with --server", "accepted: leave them out")
        answer = _record_there(server, token, kind, reference, whole, idempotency_key)
    console.say(console.as_json(dict(answer)) if json else _told(answer))


def _addressed(kind: str, reference: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Say in the body what the address of the request does not say."""
    if kind == "announced":
        return {**body, "reference": reference}
    if kind == "programme_published":
        return {**body, "code": reference}
    return {**body, "kind": kind}


def _is_programme(kind: str, reference: str) -> bool:
    # References have capitals only, codes small letters only; corrections are of either.
    return kind.startswith("programme_") or reference != reference.upper()


def _record_here(
    kind: str, reference: str, body: Mapping[str, Any], actor: str | None, role: str | None
) -> Mapping[str, Any]:
    from application.access import Caller
    from application.recording import Request

    with opened() as services:
        if not services.settings.four_eyes:
            services.note_settings(("four_eyes",))  # what is recorded without it is told from what is not
        named = actor or services.settings.actor
        caller = Caller(named, role or ("reviewer" if kind == "reviewed" else "recorder"))
        asked = Request(caller, body)
        return services.record(_command(kind, reference, asked, four_eyes=services.settings.four_eyes))


def _command(kind: str, reference: str, asked: "Request", *, four_eyes: bool) -> "Command":
    from application import recording

    if kind == "announced":
        return recording.announce(asked)
    if kind == "programme_published":
        return recording.publish_programme(asked)
    if _is_programme(kind, reference):
        return recording.record_programme_event(asked, reference, four_eyes=four_eyes)
    return recording.record_event(asked, reference, four_eyes=four_eyes)


def _record_there(
    server: str, token: str | None, kind: str, reference: str, body: Mapping[str, Any], key: str | None
) -> Mapping[str, Any]:
    from api.cli.remote import Server

    if kind == "announced":
        path: tuple[str, ...] = ("v1", "commitments")
    elif kind == "programme_published":
        path = ("v1", "programmes")
    else:
        path = ("v1", "programmes" if _is_programme(kind, reference) else "commitments", reference, "events")
    return Server(server, token).post(path, body, key)


def _told(answer: Mapping[str, Any]) -> str:
    if "kind" not in answer:
        return f"{answer['code']}: published, at position {answer['position']} of the ledger"
    line = (
        f"{answer['reference']}: {answer['kind']} recorded as entry {answer['version']}, "
        f"at position {answer['position']} of the ledger"
    )
    return f"{line}\nIt counts from {answer['effective_on']}; the status is {answer['status']}."
