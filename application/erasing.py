"""Erase texts that an entry holds apart from its facts; what was erased, and on which legal basis, is an entry itself.

Hashes, facts, figures and proofs stay as they are: only the value and its salt go, and without the salt nobody can
try whether a text is the one whose hash is left.
"""

from collections.abc import Mapping
from typing import Any

from application.access import Right
from application.errors import Unknown
from application.noting import note
from application.ports import Command, Texts, Unit
from application.recording import Request, body_of, once, recorded_answer
from domain.errors import Fault, Invalid, Refused
from domain.fields import checked
from domain.ledger_stream import REFERENCE
from domain.shapes import ERASURE


def erase(request: Request, position: int) -> Command:
    """Erase members of the entry at *position*; the body names them and the legal basis."""

    def command(unit: Unit) -> Mapping[str, Any]:
        texts = unit.texts_of(position)
        if texts is None:
            raise Unknown("entry", str(position))
        request.caller.require(Right.ERASE)
        return once(unit, request, lambda: _erase(unit, request, position, texts))

    return command


def _erase(unit: Unit, request: Request, position: int, texts: Texts) -> Mapping[str, Any]:
    body = body_of(request.body)
    checked(ERASURE, body)
    members: list[str] = body["members"]
    _refuse_absent(position, members, texts.recorded, texts.there)
    facts = {"erased_position": position, "members": sorted(members), "legal_basis": body["legal_basis"]}
    # Everybody reads the ledger's own stream: what an entry closed to them holds is not told there.
    entry = note(unit, request.caller, "erased", facts, closed=texts.closed)
    unit.erase(position, members)
    return recorded_answer(REFERENCE, entry, **facts)


def _refuse_absent(position: int, members: list[str], recorded: frozenset[str], there: frozenset[str]) -> None:
    accepted = " | ".join(sorted(there)) or f"no member: entry {position} holds no text any more"
    faults = [
        Fault(f"/members/{index}", f"entry {position} was recorded without a text in {member}", accepted)
        for index, member in enumerate(members)
        if member not in recorded
    ]
    if faults:
        raise Invalid(faults)
    gone = [member for member in members if member not in there]
    if gone:
        raise Refused("erased-once", f"{', '.join(gone)} of entry {position} was erased before", accepted)
