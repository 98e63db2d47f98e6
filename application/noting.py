"""Entries of the ledger's own stream: what was done to the ledger itself."""

from typing import Any, cast

from application.access import Caller
from application.ports import Unit
from domain.entry import Entry
from domain.ledger_stream import LedgerStream
from domain.rights import Rights


def note(unit: Unit, caller: Caller, kind: str, facts: dict[str, Any], *, closed: bool = False) -> Entry:
    """Append an entry to the ledger's own stream, in the closed form if not everybody may know of it; give it."""
    act, stream = unit.act(caller), unit.ledger_stream()
    if stream is None:
        stream = LedgerStream.open(kind, facts, act)
    else:
        stream.record(kind, facts, act)
    entry = cast("LedgerStream.Event", stream.pending_events[-1]).entry
    unit.keep(stream, closed=closed)
    return entry


def rights_in(unit: Unit) -> Rights:
    """Give who holds which right now."""
    stream = unit.ledger_stream()
    return Rights() if stream is None else stream.rights
