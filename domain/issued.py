"""A report as it was issued: what its entry in the log says, and what is kept so that it can be held against it."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.answers import Answer, Moment, RecordedEntry, instant
from domain.entry import Entry
from domain.publication import NEVER
from domain.report import Canonical, Scope, facts_of

_MAKES_IT_AGAIN = ("filters", "as_of", "log_size", "rules")


@dataclass(frozen=True, slots=True)
class KeptReport:
    """What is kept beside the entry: the parameters, and the facts that have the digest, *packed* with zlib."""

    parameters: Mapping[str, Any]
    packed: bytes
    digest: str

    @classmethod
    def of(cls, report: Answer, canonical: Canonical) -> "KeptReport":
        """Keep what a report says."""
        parameters = {name: report[name] for name in _MAKES_IT_AGAIN}
        return cls(parameters, zlib.compress(canonical(facts_of(report))), report["digest"])

    def facts(self) -> bytes | None:
        """Give the RFC 8785 bytes of the facts; None if what is kept cannot be unpacked."""
        try:
            return zlib.decompress(self.packed)
        except zlib.error:
            return None


@dataclass(frozen=True, slots=True)
class Issued:
    """An issued report as its entry says; its number is the entry's position."""

    entry: Entry
    internal: bool
    scope: Scope
    as_of: date

    @classmethod
    def read(cls, recorded: RecordedEntry) -> "Issued":
        """Read the entry."""
        facts = recorded.entry.facts
        scope = Scope.read(facts["filters"])
        return cls(recorded.entry, recorded.public_from == NEVER, scope, date.fromisoformat(facts["as_of"]))

    @property
    def number(self) -> int:
        """The position of its entry."""
        return self.entry.position

    @property
    def parameters(self) -> Answer:
        """What makes it again."""
        return {name: self.entry.facts[name] for name in _MAKES_IT_AGAIN}

    @property
    def log_size(self) -> int:
        """How much was known when it was made."""
        return int(self.entry.facts["log_size"])

    @property
    def rules(self) -> int:
        """The number of the rules by which it was made."""
        return int(self.entry.facts["rules"])

    @property
    def digest(self) -> str:
        """What its facts hash to."""
        return str(self.entry.facts["digest"])


def issued_answer(entry: Entry, moment: Moment) -> Answer:
    """Give an issued report as lists show it; *moment* is what was known when it was made."""
    facts = entry.facts
    return {
        "id": entry.position,
        "filters": Scope.read(facts["filters"]).answer(),
        "as_of": facts["as_of"],
        "log_size": moment.log_size,
        "known_at": instant(moment.recorded_at),
        "rules": facts["rules"],
        "digest": facts["digest"],
        "software": facts["software"],
        "recorded_at": instant(entry.recorded_at),
        "recorded_by": entry.recorded_by,
        "role": entry.role,
    }
