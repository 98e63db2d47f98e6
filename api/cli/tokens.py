"""`ledger token`: who may use the API, in which role, for which programmes and how long."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli import console
from api.cli.opening import opened
from api.cli.options import AsJson, Role

token = typer.Typer(no_args_is_help=True, help="Who may use the API, and in which role.")

TokenId = Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `ledger token list` shows it.")]
Programmes = Annotated[
    list[str] | None,
    typer.Option("--programme", metavar="CODE", help="Only for this programme. Repeat for more. Default: all."),
]
Expires = Annotated[
    str | None,
    typer.Option(metavar="90d|12h|DATE", help="How long it is good; a DATE counts to its end. Default: until revoked."),
]


@token.command("create")
def create(
    role: Annotated[Role, typer.Option(help="What its bearer may do.")],
    actor: Annotated[str, typer.Option(metavar="ID", help="Whose it is: a pseudonym, never a name.")],
    *,
    programme: Programmes = None,
    expires: Expires = None,
    json: AsJson = False,
) -> None:
    """Make a token and print it, alone, on stdout. It is shown this once.

    The actor holds the role from now on, for these programmes, if they did not before.
    """
    from application.access import Caller
    from application.recording import Request
    from application.tokens import create_token

    with opened() as services:
        secret, minted = services.mint()
        body = {"actor": actor, "role": role, "programmes": programme or None, "expires": expires}
        request = Request(Caller(services.settings.actor, "administrator"), body)
        made = services.record(create_token(request, minted, services.time_zone))
    if json:
        console.say(console.as_json({**made, "secret": secret}))
        return
    console.say(secret)
    until = f", good until {made['expires_at']}" if made["expires_at"] else ""
    console.note(f"This is the only time that the token {made['id']} of {actor} ({role}{until}) is shown.")


@token.command("list")
def listing(*, json: AsJson = False) -> None:
    """List every token there ever was; never the secret. The last use is up to a minute late."""
    from application.tokens import listed_token

    with opened() as services:
        tokens = [listed_token(each) for each in services.tokens()]
    if json:
        console.say(console.as_json(tokens))
        return
    made = console.table("!id", "whose", "!when")
    for each in tokens:
        programmes = "all programmes" if each["programmes"] is None else ", ".join(each["programmes"])
        made.add_row(each["id"], f"{each['actor']}\n{each['role']} for {programmes}", _when(each))
    console.to_answer().print(made if tokens else "There are no tokens; `ledger token create` makes one.")


def _when(listed: Mapping[str, Any]) -> str:
    """Write what happened to a token when, a line each: a column for each would be wider than a terminal."""
    times = {name: listed[f"{name}_at"] for name in ("created", "expires", "revoked", "last_used")}
    return "\n".join(
        f"{name.replace('_', ' '):<9} {at[:16].replace('T', ' ')}" for name, at in times.items() if at is not None
    )


@token.command("revoke")
def revoke(token_id: TokenId, *, json: AsJson = False) -> None:
    """Revoke a token, for good and at once: the next request with it is refused by every server of the ledger."""
    with opened() as services:
        revoked = services.revoke_token(token_id, services.settings.actor)
    console.say(console.as_json(dict(revoked)) if json else f"The token {token_id} is revoked.")


@token.command("rotate")
def rotate(
    token_id: TokenId,
    overlap: Annotated[
        str, typer.Option(metavar="7d|12h", help="How long the old one is good beside the new one, 90d at most.")
    ] = "0d",
    expires: Annotated[
        str | None,
        typer.Option(metavar="90d|12h|DATE", help="How long the new one is good. Default: as long as the old one was."),
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Put a new token in the place of one that may be known to others, or is old: same actor, role and programmes.

    The new one is printed, alone, on stdout, this once.
    """
    from application.access import Caller
    from application.recording import Request
    from application.tokens import rotate_token

    with opened() as services:
        secret, minted = services.mint()
        body = {"overlap": overlap, "expires": expires}
        request = Request(Caller(services.settings.actor, "administrator"), body)
        made = services.record(rotate_token(request, token_id, minted, services.time_zone))
    if json:
        console.say(console.as_json({**made, "secret": secret}))
        return
    console.say(secret)
    console.note(f"This is the only time that the token {made['id']} is shown.")
    console.note(f"The token {token_id} is good until {made['replaced_until']}.")
