"""Whether what a command is about is internal now, told from what it works on."""

from application.ports import Unit
from domain.commitment import Commitment
from domain.entry import Facts
from domain.programme import Programme
from domain.publication import NEVER, Publications


def public_from(unit: Unit, thing: Commitment | Programme) -> int:
    """Give the log size from which on everybody sees it; NEVER while nothing has published it."""
    if isinstance(thing, Programme):
        return _publications(unit, thing.now.details).programme(thing.now.details)
    details = thing.history.state.details
    programme = unit.programme(details["programme"])
    within = 0 if programme is None else public_from(unit, programme)
    return _publications(unit, details).commitment(details, within)


def is_internal(unit: Unit, thing: Commitment | Programme) -> bool:
    """Whether it is shown only to those who may see what is not public."""
    return public_from(unit, thing) == NEVER


def _publications(unit: Unit, details: Facts) -> Publications:
    """Look up what was published; what was recorded as public needs no look, and most is."""
    stream = unit.ledger_stream() if details.get("visibility") == "internal" else None
    return Publications() if stream is None else stream.publications
