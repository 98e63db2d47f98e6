"""`ledger publish`: everybody sees from now on what was internal."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from api.cli.opening import opened
from api.cli.options import Actor, AsJson

if TYPE_CHECKING:
    from application.ports import Command
    from application.recording import Request

publish = typer.Typer(no_args_is_help=True, help="Publish what is internal, for ever.")

Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why. Everybody can read it.")]


@publish.command("commitment")
def commitment(
    reference: Annotated[str, typer.Argument(help="The commitment's reference.")],
    *,
    reason: Reason,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Publish a commitment that is internal by its own visibility, with its whole history.

    At log sizes before this entry it stays unseen. It cannot be taken back. An internal programme is published first.

    ledger publish commitment HP-7 --reason "The council has adopted it."
    """
    from application.publishing import publish_internal_commitment

    answer = _recorded(
        reason, actor, lambda asked, four_eyes: publish_internal_commitment(asked, reference, four_eyes=four_eyes)
    )
    _tell(reference, answer, json=json)


@publish.command("programme")
def programme(
    code: Annotated[str, typer.Argument(help="The programme's code.")],
    *,
    reason: Reason,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Publish a programme with its commitments, but those that are internal by their own visibility.

    At log sizes before this entry all of it stays unseen. It cannot be taken back.

    ledger publish programme harbour --reason "The council has adopted the plan."
    """
    from application.publishing import publish_internal_programme

    answer = _recorded(
        reason, actor, lambda asked, four_eyes: publish_internal_programme(asked, code, four_eyes=four_eyes)
    )
    _tell(code, answer, json=json)


def _recorded(reason: str, actor: str | None, command: "Callable[[Request, bool], Command]") -> Mapping[str, Any]:
    from application.access import Caller
    from application.recording import Request

    with opened() as services:
        settings = services.settings
        if not settings.four_eyes:
            services.note_settings(("four_eyes",))  # what is published without it is told from what is not
        caller = Caller(actor or settings.actor, "administrator")
        return services.record(command(Request(caller, {"reason": reason}), settings.four_eyes))


def _tell(name: str, answer: Mapping[str, Any], *, json: bool) -> None:
    if json:
        console.say(console.as_json(dict(answer)))
        return
    opened_entries, position = answer["opened_entries"], answer["position"]
    so_far = "1 entry" if opened_entries == 1 else f"{opened_entries} entries"
    console.say(f"Published {name}: from entry {position} on everybody sees it, {so_far} so far.")
