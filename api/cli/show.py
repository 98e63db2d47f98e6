"""`ledger show` and `ledger history`: one commitment at two times."""

from typing import Annotated

import typer

from api.cli import console
from api.cli.opening import Times, opened
from api.cli.options import AsJson, AsOf, KnownAt, LogSize

Reference = Annotated[str, typer.Argument(help="The commitment, such as SC-P4-D03.")]


def show(
    reference: Reference,
    *,
    as_of: AsOf = None,
    log_size: LogSize = None,
    known_at: KnownAt = None,
    json: AsJson = False,
) -> None:
    """Show how a commitment stands: as of any day, and as known at any time."""
    from application.access import Sight
    from application.replaying import commitment

    with opened() as services, services.view() as view:
        day, moment = Times(as_of, log_size, known_at).resolve(services, view)
        answer = commitment(view, reference, day, moment, sight=Sight(None))
    if json:
        console.say(console.as_json(answer))
        return
    from api.cli.pages import show_commitment

    show_commitment(console.to_answer(), answer)


def history(
    reference: Reference,
    *,
    as_of: AsOf = None,
    log_size: LogSize = None,
    known_at: KnownAt = None,
    json: AsJson = False,
) -> None:
    """Replay a commitment entry by entry: what happened, when it counts from, when it was recorded.

    Corrections are marked, and entries that they changed show how they read now.
    """
    from application import replaying
    from application.access import Sight
    from domain.answers import instant

    with opened() as services, services.view() as view:
        day, moment = Times(as_of, log_size, known_at).resolve(services, view)
        items = replaying.history(view, reference, day, moment, sight=Sight(None))
    times = {"as_of": day.isoformat(), "log_size": moment.log_size, "known_at": instant(moment.recorded_at)}
    if json:
        console.say(console.as_json({"reference": reference, "items": items, **times}))
        return
    from api.cli.pages import show_history

    show_history(console.to_answer(), reference, items, times)
