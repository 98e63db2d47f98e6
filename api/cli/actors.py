"""`ledger actor` and `ledger role`: who the pseudonyms stand for, and what they may do."""

from typing import Annotated

import typer

from api.cli import console
from api.cli.opening import opened
from api.cli.options import AsJson, Role
from api.cli.tokens import Programmes

actor = typer.Typer(no_args_is_help=True, help="Who stands behind a pseudonym; the name is in no entry.")
role = typer.Typer(no_args_is_help=True, help="Which roles an actor holds, and for which programmes.")

ActorId = Annotated[str, typer.Argument(metavar="ID", help="The pseudonym: small letters, digits and -.")]
Organisation = Annotated[
    str | None, typer.Option(metavar="CODE", help="The partner's code whose people do not review what it leads.")
]


@actor.command("register")
def register(
    actor_id: ActorId,
    *,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="Kept outside the log, and erasable.")] = None,
    organisation: Organisation = None,
    json: AsJson = False,
) -> None:
    """Register an actor, or what has changed: name and organisation are those given from now on."""
    from application.access import Caller
    from application.actors import register_actor
    from application.recording import Request

    with opened() as services:
        body = {"id": actor_id, "name": name, "organisation": organisation}
        answer = services.record(register_actor(Request(Caller(services.settings.actor, "administrator"), body)))
    told = f"{actor_id} is registered; entry {answer['position']} says so, without the name."
    console.say(console.as_json(dict(answer)) if json else told)


@actor.command("list")
def listing(*, json: AsJson = False) -> None:
    """List the register, names included."""
    from application.actors import listed_actor

    with opened() as services:
        actors = [listed_actor(each) for each in services.identities.actors()]
    if json:
        console.say(console.as_json(actors))
        return
    made = console.table("!id", "name", "organisation", "!registered", "!name erased")
    for each in actors:
        made.add_row(*(value or "–" for value in each.values()))
    console.to_answer().print(made if actors else "Nobody is registered; `ledger actor register` does it.")


@actor.command("erase")
def erase(
    actor_id: ActorId,
    *,
    legal_basis: Annotated[
        str | None, typer.Option(metavar="TEXT", help="On which ground; kept for ever and shown: it names no person.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Erase an actor's name, for good; that it was done is an entry. The pseudonym and the organisation stay."""
    from application.access import Caller
    from application.actors import erase_actor
    from application.recording import Request

    with opened() as services:
        request = Request(Caller(services.settings.actor, "administrator"), {"legal_basis": legal_basis})
        answer = services.record(erase_actor(request, actor_id))
    if json:
        console.say(console.as_json(dict(answer)))
        return
    console.say(f"The name of {actor_id} is erased; entry {answer['position']} says so.")
    console.note("Backups made before still hold the name: destroy them, or erase in them too.")


@role.command("grant")
def grant(
    named: Annotated[Role, typer.Argument(metavar="ROLE", help="recorder, reviewer, auditor or administrator.")],
    actor_id: Annotated[str, typer.Option("--actor", metavar="ID", help="Who holds it from now on.")],
    *,
    programme: Programmes = None,
    json: AsJson = False,
) -> None:
    """Let an actor hold a role, for these programmes instead of those before. A token is needed to act in it."""
    from application.access import Caller
    from application.recording import Request
    from application.roles import grant_role

    with opened() as services:
        body = {"actor": actor_id, "role": named, "programmes": programme or None}
        answer = services.record(grant_role(Request(Caller(services.settings.actor, "administrator"), body)))
    told = f"{actor_id} is {named} for {', '.join(programme) if programme else 'all programmes'}."
    console.say(console.as_json(dict(answer)) if json else told)


@role.command("list")
def list_roles(*, json: AsJson = False) -> None:
    """List the roles that are held."""
    from application.roles import listed_role

    with opened() as services:
        roles = [listed_role(*each) for each in services.identities.roles()]
    if json:
        console.say(console.as_json(roles))
        return
    made = console.table("!actor", "role", "programmes")
    for each in roles:
        programmes = each["programmes"]
        made.add_row(each["actor"], each["role"], "all" if programmes is None else ", ".join(programmes))
    console.to_answer().print(made if roles else "Nobody holds a role; `ledger token create` grants one.")


@role.command("revoke")
def revoke(
    named: Annotated[Role, typer.Argument(metavar="ROLE", help="recorder, reviewer, auditor or administrator.")],
    actor_id: Annotated[str, typer.Option("--actor", metavar="ID", help="Who holds it no longer.")],
    *,
    json: AsJson = False,
) -> None:
    """Let an actor hold a role no longer: all tokens for it are revoked with it, at once and for good."""
    from application.access import Caller
    from application.recording import Request
    from application.roles import revoke_role

    with opened() as services:
        request = Request(Caller(services.settings.actor, "administrator"), {})
        answer = services.record(revoke_role(request, actor_id, named))
    told = f"{actor_id} is {named} no longer; revoked with it: {', '.join(answer['revoked_tokens']) or 'no token'}."
    console.say(console.as_json(dict(answer)) if json else told)
