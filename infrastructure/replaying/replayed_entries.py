"""The entries of a database looked at before anything is made of them: gaps, hashes, and what their rows say."""

from collections.abc import Callable
from typing import Final, NamedTuple

import sqlalchemy as sa

from application.checking_entries import EntryCheck
from application.log_source import Findings
from infrastructure.recording.codec import QUICK_JSON
from infrastructure.verifying.database_source import beside, leaves

STEP: Final = 500


class Looked(NamedTuple):
    """What was found, and the instant of the last entry in microseconds."""

    findings: Findings
    last_recorded_at: int


class EntriesAlone:
    """The entries of a database as `application.checking_entries` looks at them, without their texts."""

    shows_texts, shows_closed = False, True
    beside = staticmethod(beside)


def look_at_entries(connection: sa.Connection, size: int, advance: Callable[[int], None]) -> Looked:
    """Find gaps, hashes that do not fit, and rows that say something else than their bytes, up to *size*."""
    findings, last = Findings(), 0
    check = EntryCheck(EntriesAlone(), findings, (), None, QUICK_JSON)
    for leaf in leaves(connection, up_to=size, texts=False):
        check.take(leaf)
        last = leaf.row.recorded_at
        if leaf.position % STEP == 0:
            advance(STEP)
    if check.position < size:
        findings.found(check.position + 1, f"it is missing; the ledger ends at {size}")
    return Looked(findings, last)
