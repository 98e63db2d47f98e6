"""Commands for those who check a ledger."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from api.cli.failures import VERIFICATION_FAILED, Ended
from api.cli.opening import opened
from api.cli.options import AsJson

if TYPE_CHECKING:
    from infrastructure.wiring import Differences


def replay(
    *,
    until: Annotated[
        int | None, typer.Option(metavar="N", help="Only the first N entries; nothing is put in place then.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare; put nothing in place.")] = False,
    json: AsJson = False,
) -> None:
    """Make every read model anew from the entries, and compare with the live ones.

    Without --check and --until the new ones are put in place. Ends with 3 if anything differed.
    """
    with opened() as services, console.progress("Replaying") as come:
        found = services.replay(check=check, until=until, progress=come)
    if json:
        console.say(console.as_json(_answer(found)))
    told = f"{found.log_size} entries in {found.streams} streams were replayed"
    if found.count:
        number = "1 difference" if found.count == 1 else f"{found.count} differences"
        after = "The live rows were replaced." if found.replaced else "Nothing was changed."
        raise Ended(VERIFICATION_FAILED, f"{told}: {number}", f"first: {found.first}", after)
    if not json:
        console.say(f"{told}: the read models are equal to the live ones.")


def _answer(found: "Differences") -> dict[str, Any]:
    return {
        "log_size": found.log_size,
        "streams": found.streams,
        "differences": found.count,
        "first": None if found.first is None else str(found.first),
        "replaced": found.replaced,
    }
