"""The register of actors: who a pseudonym stands for. The name is nowhere in the log and can be erased."""

from collections.abc import Mapping
from typing import Any

from application.access import Right
from application.errors import Unknown
from application.noting import note, rights_in
from application.ports import Actor, Command, Unit
from application.recording import Request, body_of, once, recorded_answer
from domain.answers import instant
from domain.fields import checked
from domain.ledger_stream import REFERENCE
from domain.right_shapes import ACTOR_ERASURE, NEW_ACTOR


def register_actor(request: Request) -> Command:
    """Register an actor, or what has changed: name and organisation are those of the body from now on."""

    def command(unit: Unit) -> Mapping[str, Any]:
        request.caller.require(Right.ADMINISTER)
        return once(unit, request, lambda: _register(unit, request))

    return command


def erase_actor(request: Request, actor: str) -> Command:
    """Erase an actor's name; the id and the organisation stay, as they stand in entries."""

    def command(unit: Unit) -> Mapping[str, Any]:
        if actor not in rights_in(unit).organisations:
            raise Unknown("registered actor", actor)
        request.caller.require(Right.ERASE)
        return once(unit, request, lambda: _erase(unit, request, actor))

    return command


def _register(unit: Unit, request: Request) -> Mapping[str, Any]:
    body = body_of(request.body)
    checked(NEW_ACTOR, body)
    actor, organisation = body["id"], body.get("organisation")
    entry = note(unit, request.caller, "actor_registered", {"actor": actor, "organisation": organisation})
    unit.keep_actor(Actor(actor, body.get("name"), organisation, entry.recorded_at, None))
    # Without the name: the answer is remembered for repeated requests.
    return recorded_answer(REFERENCE, entry, actor=actor, organisation=organisation)


def _erase(unit: Unit, request: Request, actor: str) -> Mapping[str, Any]:
    body = body_of(request.body)
    checked(ACTOR_ERASURE, body)
    facts = {"erased_actor": actor, "legal_basis": body.get("legal_basis")}
    entry = note(unit, request.caller, "erased", facts)
    unit.erase_name(actor, entry.recorded_at)
    return recorded_answer(REFERENCE, entry, **facts)


def listed_actor(actor: Actor) -> dict[str, Any]:
    """Tell of an actor, with the name."""
    return {
        "id": actor.id,
        "name": actor.name,
        "organisation": actor.organisation,
        "registered_at": instant(actor.registered_at),
        "erased_at": instant(actor.erased_at),
    }
