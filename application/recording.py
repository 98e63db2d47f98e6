"""Record something: permission, repetition, expected version, decision, append – in this order, in one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from application.access import Caller, Right, permit_correction, refuse_own_correction, refuse_own_review
from application.errors import Exists, StaleVersion, Unknown
from application.noting import rights_in
from application.ports import Command, Once, Unit
from application.prefixes import permit_amendment, permit_publication, permit_reference, prefix_of
from application.visibility import is_internal
from domain.answers import instant, receipt_of
from domain.commitment import Commitment
from domain.entry import Entry
from domain.errors import Fault, Invalid, Refused
from domain.fields import checked
from domain.programme import Programme
from domain.shapes import COMMITMENT, COMMITMENT_EVENTS, COMMON, PROGRAMME, PROGRAMME_EVENTS
from domain.vocabulary import CORRECTION_KINDS

REPLAYED: Final = "replayed"
"""Marks an answer that was given before."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks to record which body; *if_match* holds the versions the caller has seen, *once* tells repetitions."""

    caller: Caller
    body: Any
    if_match: frozenset[str] | None = None
    once: Once | None = None


def publish_programme(request: Request) -> Command:
    """Publish a programme with its register of partners."""

    def command(unit: Unit) -> Mapping[str, Any]:
        request.caller.require(Right.PUBLISH)
        return once(unit, request, lambda: _publish(unit, request))

    return command


def record_programme_event(request: Request, code: str, *, four_eyes: bool) -> Command:
    """Amend, close or correct a programme."""

    def command(unit: Unit) -> Mapping[str, Any]:
        programme = unit.programme(code)
        if programme is None or not is_seen(unit, request.caller, programme):
            raise Unknown("programme", code)
        if _kind(request) in CORRECTION_KINDS:
            request.caller.require(Right.CORRECT, Right.PUBLISH, within=code)
            permit_correction(request.caller, request.body, programme.entries, code, four_eyes=four_eyes)
        else:
            request.caller.require(Right.PUBLISH, within=code)
        return once(unit, request, lambda: _amend(unit, request, programme))

    return command


def announce(request: Request) -> Command:
    """Announce a commitment of a programme."""

    def command(unit: Unit) -> Mapping[str, Any]:
        request.caller.require_role(Right.ANNOUNCE)
        if isinstance(request.body, dict) and isinstance(request.body.get("programme"), str):
            request.caller.require(Right.ANNOUNCE, within=request.body["programme"])
        return once(unit, request, lambda: _announce(unit, request))

    return command


def record_event(request: Request, reference: str, *, four_eyes: bool) -> Command:
    """Record an event, or a correction, of a commitment."""

    def command(unit: Unit) -> Mapping[str, Any]:
        commitment = unit.commitment(reference)
        if commitment is None or not is_seen(unit, request.caller, commitment):
            raise Unknown("commitment", reference)
        _permit(unit, request, commitment, four_eyes=four_eyes)
        return once(unit, request, lambda: _record(unit, request, commitment))

    return command


def _organisation_and_lead(unit: Unit, caller: Caller, commitment: Commitment) -> tuple[str | None, str | None]:
    lead = commitment.history.state.details.get("lead")
    return (None if lead is None else rights_in(unit).organisations.get(caller.actor)), lead


def _permit(unit: Unit, request: Request, commitment: Commitment, *, four_eyes: bool) -> None:
    caller, kind, programme = request.caller, _kind(request), commitment.history.state.details["programme"]
    if kind in CORRECTION_KINDS:
        caller.require(Right.CORRECT, within=programme)
        permit_correction(caller, request.body, commitment.history.entries, programme, four_eyes=four_eyes)
        organisation, lead = _organisation_and_lead(unit, caller, commitment)
        refuse_own_correction(organisation, lead, request.body, commitment.history.entries)
    elif kind in COMMITMENT_EVENTS:
        caller.require(Right.REVIEW if kind == "reviewed" else Right.RECORD, within=programme)
        if kind == "reviewed":
            refuse_own_review(*_organisation_and_lead(unit, caller, commitment), request.body.get("independence"))
    else:
        # Whoever may record anything is told what is wrong with the kind.
        caller.require(Right.CORRECT, within=programme)


def is_seen(unit: Unit, caller: Caller, thing: Commitment | Programme) -> bool:
    """Whether a caller may know of a commitment or a programme."""
    code = thing.now.code if isinstance(thing, Programme) else thing.history.state.details["programme"]
    return caller.sight().sees(code, internal=True) or not is_internal(unit, thing)


def _kind(request: Request) -> str:
    kind = request.body.get("kind") if isinstance(request.body, dict) else None
    return kind if isinstance(kind, str) else ""


def once(unit: Unit, request: Request, decide: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Decide, unless the request was answered before: then the first answer again, marked."""
    if request.once is None:
        return decide()
    before = unit.answer_to(request.once)
    if before is not None:
        return {**before, REPLAYED: True}
    answer = decide()
    unit.remember(request.once, answer)
    return answer


def _publish(unit: Unit, request: Request) -> Mapping[str, Any]:
    body = body_of(request.body)
    details = {"visibility": "public"} | body
    # Its own shape first, so that faults are told in the caller's terms.
    checked(PROGRAMME, details)
    if unit.programme(details["code"]) is not None:
        raise Exists("programme", details["code"])
    internal = details["visibility"] == "internal"
    permit_publication(unit, details["code"], details.get("reference_prefix"), internal=internal)
    programme = Programme.publish({"occurred_on": details["adopted_on"], "details": details}, unit.act(request.caller))
    entry = programme.entries[0]
    unit.keep(programme)
    return {
        "code": details["code"],
        "version": 1,
        "position": entry.position,
        "recorded_at": instant(entry.recorded_at),
    }


def _amend(unit: Unit, request: Request, programme: Programme) -> Mapping[str, Any]:
    kind, body = _kind_and_body(request.body)
    expect(request.if_match, programme.version)
    prefix = prefix_of(programme)
    programme.record(kind, body, unit.act(request.caller))
    permit_amendment(unit, request.caller, prefix, programme)
    entry = programme.entries[-1]
    unit.keep(programme)
    status = "closed" if programme.now.closed_on else "open"
    return recorded_answer(programme.now.code, entry, status=status)


def _announce(unit: Unit, request: Request) -> Mapping[str, Any]:
    body = announcement(body_of(request.body))
    try:
        checked(COMMITMENT_EVENTS["announced"], body)
        commitment = _announced(unit, request.caller, body)
    except Invalid as invalid:
        flat = [replace(fault, pointer=fault.pointer.removeprefix("/commitment")) for fault in invalid.faults]
        raise Invalid(flat) from None
    entry = commitment.history.entries[0]
    unit.keep(commitment)
    return recorded_answer(body["commitment"]["reference"], entry, status=commitment.history.state.status)


def _announced(unit: Unit, caller: Caller, body: dict[str, Any]) -> Commitment:
    reference, code = body["commitment"]["reference"], body["commitment"]["programme"]
    programme = unit.programme(code)
    if programme is None:
        raise Invalid([Fault("/programme", f"there is no programme {code}", "the code of a published programme")])
    if programme.now.closed_on is not None:
        raise Refused("programme-open", f"the programme was closed on {programme.now.closed_on}", "an open programme")
    internal = body["commitment"]["visibility"] == "internal" or is_internal(unit, programme)
    permit_reference(unit, reference, programme, internal=internal)
    if unit.commitment(reference) is not None:
        raise Exists("commitment", reference)
    return Commitment.announce(body, unit.act(caller), programme.now.partners.keys())


def announcement(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Part a flat request to announce into the commitment and the common fields of an entry.

    `partners` are the commitment's; unknown members are left among the commitment's, where they are refused.
    """
    common = {name: value for name, value in flat.items() if name in COMMON and name not in COMMITMENT.members}
    commitment = {name: value for name, value in flat.items() if name not in common}
    return {**common, "commitment": {"visibility": "public"} | commitment}


def _record(unit: Unit, request: Request, commitment: Commitment) -> Mapping[str, Any]:
    kind, body = _kind_and_body(request.body)
    expect(request.if_match, commitment.version)
    details = commitment.history.state.details
    programme = unit.programme(details["programme"])
    assert programme is not None
    commitment.record(kind, body, unit.act(request.caller), programme.now.partners.keys())
    entry = commitment.history.entries[-1]
    unit.keep(commitment)
    return recorded_answer(details["reference"], entry, status=commitment.history.state.status)


def body_of(body: Any) -> dict[str, Any]:
    """Take a body that must be an object."""
    if not isinstance(body, dict):
        raise Invalid([Fault("", "the body is no object", "a JSON object")])
    return body


def _kind_and_body(body: Any) -> tuple[str, dict[str, Any]]:
    fields = dict(body_of(body))
    kind = fields.pop("kind", None)
    if not isinstance(kind, str):
        kinds = " | ".join((*COMMITMENT_EVENTS, *PROGRAMME_EVENTS, *CORRECTION_KINDS))
        raise Invalid([Fault("/kind", "the kind of event is missing", kinds)])
    return kind, fields


def expect(if_match: frozenset[str] | None, version: int) -> None:
    """Raise StaleVersion unless *version* is one that the caller has seen, if they name any."""
    if if_match is not None and if_match.isdisjoint(("*", str(version))):
        raise StaleVersion(" or ".join(sorted(if_match)), version)


def recorded_answer(reference: str, entry: Entry, **members: Any) -> dict[str, Any]:
    """Tell what was recorded; *members* are those of the kind of request."""
    return {
        "reference": reference,
        "version": entry.version,
        "position": entry.position,
        "kind": entry.kind,
        "occurred_on": entry.facts["occurred_on"],
        "effective_on": entry.facts["effective_on"],
        "recorded_at": instant(entry.recorded_at),
        "recorded_by": entry.recorded_by,
        **members,
        "receipt": receipt_of(entry.position),
    }
