"""Commands about who is signed in with a browser."""

from typing import Annotated

import typer

from api.cli import console
from api.cli.failures import USAGE, Ended
from api.cli.opening import opened
from api.cli.options import AsJson

session = typer.Typer(no_args_is_help=True, help="Who is signed in with a browser.")


@session.command("list")
def list_sessions(*, json: AsJson = False) -> None:
    """List who is signed in now, and until when if they do nothing."""
    from domain.answers import instant

    with opened() as services:
        lifetime = services.sessions.lifetime
        sessions = [
            {
                "actor": each.caller.actor,
                "role": each.caller.role,
                "began_at": instant(each.began_at),
                "ends_at": instant(each.ends_at(lifetime)),
            }
            for each in services.sessions.open_ones()
        ]
    if json:
        console.say(console.as_json(sessions))
        return
    made = console.table("!actor", "role", "!began", "!ends")
    for each in sessions:
        made.add_row(*map(str, each.values()))
    console.to_answer().print(made if sessions else "Nobody is signed in with a browser.")


@session.command("end")
def end_sessions(
    actor: Annotated[str | None, typer.Argument(metavar="[ACTOR]", help="Whose sessions.")] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's sessions, instead.")] = False,
) -> None:
    """Sign somebody out at once, at every server of this ledger.

    They can sign in again, unless the provider lets them no more.
    """
    if (actor is None) is not everybody:
        raise Ended(
            USAGE, "whose sessions shall end?", "accepted: an actor, as `ledger session list` shows it, or --all"
        )
    with opened() as services:
        ended = services.sessions.end_all(actor)
    console.say(f"Ended {'1 session' if ended == 1 else f'{ended} sessions'}.")
