"""Publish what is internal: from that entry on everybody sees the whole history; what was told before stays as it was.

The entry stands in the ledger's own stream, in public: what was published, by whom and why, and how many closed entries
it opens, so that whoever verifies finds one that is kept back. Nothing makes internal again what everybody could read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from application.access import Right, refuse_disclosure_within, refuse_own_disclosure
from application.errors import Unknown
from application.noting import note
from application.ports import Command, Unit
from application.recording import Request, body_of, expect, is_seen, once, recorded_answer
from application.visibility import is_internal
from domain.commitment import Commitment
from domain.entry import Entry
from domain.errors import Refused
from domain.fields import checked
from domain.keeping_shapes import PUBLICATION
from domain.ledger_stream import REFERENCE
from domain.programme import Programme
from domain.publication import KIND


def publish_internal_commitment(request: Request, reference: str, *, four_eyes: bool) -> Command:
    """Publish a commitment that is internal by its own visibility; the body says why."""

    def command(unit: Unit) -> Mapping[str, Any]:
        commitment = unit.commitment(reference)
        if commitment is None or not is_seen(unit, request.caller, commitment):
            raise Unknown("commitment", reference)
        _permit(request, commitment.history.state.details["programme"], commitment.history.entries, four_eyes=four_eyes)
        return once(unit, request, lambda: _publish_commitment(unit, request, commitment, reference))

    return command


def publish_internal_programme(request: Request, code: str, *, four_eyes: bool) -> Command:
    """Publish a programme, with its commitments but those that are internal by their own visibility."""

    def command(unit: Unit) -> Mapping[str, Any]:
        programme = unit.programme(code)
        if programme is None or not is_seen(unit, request.caller, programme):
            raise Unknown("programme", code)
        # Amending programmes is an administrator's work; that it is internal was decided with its first entry.
        _permit(request, code, programme.entries[:1], four_eyes=four_eyes)
        if four_eyes:
            refuse_disclosure_within(request.caller, unit.recorded_within(programme, request.caller.actor))
        return once(unit, request, lambda: _publish_programme(unit, request, programme, code))

    return command


def _permit(request: Request, programme: str, entries: Sequence[Entry], *, four_eyes: bool) -> None:
    request.caller.require(Right.DISCLOSE, within=programme)
    refuse_own_disclosure(request.caller, entries, four_eyes=four_eyes)


def _publish_commitment(unit: Unit, request: Request, commitment: Commitment, reference: str) -> Mapping[str, Any]:
    expect(request.if_match, commitment.version)
    checked(PUBLICATION, body_of(request.body))
    code = commitment.history.state.details["programme"]
    programme = unit.programme(code)
    if programme is not None and is_internal(unit, programme):
        raise Refused(
            "programme-first",
            f"{reference} belongs to {code}, which is internal",
            f"the publication of {code}; what is internal only because {code} is becomes public with it",
        )
    return _recorded(unit, request, commitment, {"published_commitment": reference}, commitment.version)


def _publish_programme(unit: Unit, request: Request, programme: Programme, code: str) -> Mapping[str, Any]:
    expect(request.if_match, programme.version)
    checked(PUBLICATION, body_of(request.body))
    return _recorded(unit, request, programme, {"published_programme": code}, unit.entries_within(programme))


def _recorded(
    unit: Unit, request: Request, thing: Commitment | Programme, named: dict[str, str], opened: int
) -> Mapping[str, Any]:
    (name,) = named.values()
    if not is_internal(unit, thing):
        raise Refused("published-once", f"{name} is public already, and stays so", "what is internal")
    facts = {**named, "visibility": "public", "opened_entries": opened}
    entry = note(unit, request.caller, KIND, {**facts, "reason": request.body["reason"]})
    said = {"published_commitment": None, "published_programme": None, **facts}
    return recorded_answer(REFERENCE, entry, **said)
