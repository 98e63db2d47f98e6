"""`ledger erase` and `ledger privacy`: personal data, and how it goes."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.failures import REFUSED, USAGE, Ended
from api.cli.opening import opened
from api.cli.options import Actor, AsJson

if TYPE_CHECKING:
    from infrastructure.wiring import Services

privacy = typer.Typer(no_args_is_help=True, help="Personal data: where it may be.")

Position = Annotated[int, typer.Argument(min=1, help="The entry's place in the whole ledger.")]
Members = Annotated[
    list[str] | None,
    typer.Option(
        "--member", metavar="NAME", help="statement, evidence, reason, … Repeat for more. Each is erased whole."
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Every text that the entry still holds.")]
LegalBasis = Annotated[
    str, typer.Option(metavar="TEXT", help="On which ground. It is kept for ever and shown: it must name no person.")
]


def erase(
    position: Position,
    *,
    legal_basis: LegalBasis,
    member: Members = None,
    everything: Everything = False,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Erase texts of an entry, for good; that it was done is an entry itself.

    Facts, figures, hashes and proofs stay. Backups and exports made before still hold the text.

    ledger erase 17 --member statement --legal-basis "Regulation (EU) 2018/1725, Article 19(1)(d)"
    """
    from application.access import Caller
    from application.erasing import erase as erasing
    from application.recording import Request

    if bool(member) == everything:
        raise Ended(USAGE, "it must be said which texts are meant", "accepted: --member NAME, or --all")
    with opened() as services:
        members = _all_of(services, position) if everything else list(dict.fromkeys(member or ()))
        caller = Caller(actor or services.settings.actor, "administrator")
        answer = services.record(erasing(Request(caller, {"members": members, "legal_basis": legal_basis}), position))
    if json:
        console.say(console.as_json(dict(answer)))
        return
    console.say(f"Erased {', '.join(answer['members'])} of entry {position}; entry {answer['position']} says so.")
    console.note("Backups and exports made before still hold the text: destroy them, or erase in them too.")


def _all_of(services: "Services", position: int) -> list[str]:
    from application.errors import Unknown

    with services.view() as view:
        for found in view.recorded(after=position - 1, up_to=position):
            there = sorted(name for name, kept in found.prose.items() if kept.salt is not None)
            if not there:
                raise Ended(REFUSED, f"entry {position} holds no text", "accepted: an entry that holds one")
            return there
    raise Unknown("entry", str(position))


@privacy.command("register")
def register(*, json: AsJson = False) -> None:
    """List every field that may hold personal data, from the schema: what can be erased, and what must name nobody."""
    from domain.privacy import KEPT
    from domain.privacy import register as fields

    rows = [
        {"field": each.field, "kept": each.kept, "erased_with": each.erased_with, "kinds": list(each.kinds)}
        for each in fields()
    ]
    if json:
        console.say(console.as_json({"kept": dict(KEPT), "fields": rows}))
        return
    made = console.table("!field", "!kept", "!erase", "kinds")
    most = max(len(each.kinds) for each in fields())
    for each in fields():
        kinds = "every kind" if len(each.kinds) == most else ", ".join(each.kinds)
        made.add_row(each.field, each.kept, each.erased_with or "–", kinds)
    screen = console.to_answer()
    screen.print(made)
    for word, meaning in KEPT.items():
        screen.print(f"{word}: {meaning}")
