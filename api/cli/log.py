"""Commands that keep the public log: its key, and going on after a standstill."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from api.cli import console
from api.cli.failures import REFUSED, Ended
from api.cli.opening import opened
from api.cli.options import AsJson

key = typer.Typer(no_args_is_help=True, help="The key that signs the log.")


@key.command("show")
def show(*, json: AsJson = False) -> None:
    """Print the verifier key, alone, on stdout: what everybody needs to check the log. --json adds the former ones."""
    with opened() as services:
        current, *former = map(str, services.verifier_keys())
    console.say(console.as_json({"key": current, "former": former}) if json else current)


@key.command("export")
def export(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file; none may be there.")],
) -> None:
    """Write the key file without its secrets, for a host that follows the log and never seals.

    There it is called log-keys.json and lies in the data directory. After every rotation it takes a new one.
    """
    with opened() as services:
        try:
            services.export_keys(output)
        except FileExistsError:
            raise Ended(REFUSED, f"{output} exists; keys are never written over", "accepted: a new name") from None
    console.note(f"{output} holds the keys that verify, and no secret.")


@key.command("rotate")
def rotate(
    overlap: Annotated[
        int, typer.Option(metavar="DAYS", min=0, max=3_650, help="How long the old key signs beside the new one.")
    ] = 30,
    *,
    json: AsJson = False,
) -> None:
    """Let a new key sign from now on, and the old one with it for a while.

    The ledger records it. The old key goes on verifying the past; its secret half is deleted when the time is over.
    """
    with opened() as services:
        rotated = dict(services.rotate_key(services.settings.actor, timedelta(days=overlap)))
    if json:
        console.say(console.as_json(rotated))
        return
    console.say(rotated["new"])
    console.note(f"This key signs now; {rotated['old']} signs with it until {rotated['both_until']}.")
    console.note("Give the new key to everybody who verifies, before that day.")


def recover(
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it may go on; recorded for ever.")],
    new_origin: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Freeze the log and go on as a new one; only if the signed past is lost."),
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Let the ledger go on after it turned read-only, or after what it had signed was lost. Stop its servers first.

    Everything is hashed again. If the database holds what was signed – a good backup is back in place – the log goes
    on. If it cannot, the log of this origin ends with its last checkpoint, and --new-origin begins another.
    """
    with opened(ready=False) as services:
        done = services.recover(services.settings.actor, reason, new_origin)
    if json:
        console.say(console.as_json({"origin": done.origin, "found": done.found, "position": done.position}))
        return
    console.say(f"Recovered: {done.found}. Entry {done.position} says so.")
    if new_origin is not None:
        console.note(f"Set LEDGER_LOG_ORIGIN={done.origin} from now on, and publish the new key (`ledger key show`).")
