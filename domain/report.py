"""The status report: a pure function of what is asked for, the two times and the rules (design, 6)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final

from domain.answers import Answer, CommitmentAt, Moment, TextOf, commitment_answer, day, instant
from domain.filters import Filters, Row, select
from domain.programme import ProgrammeState
from domain.report_figures import figures
from domain.report_lists import lists, silent_partners
from domain.shapes import PROSE
from domain.status_over_time import StatusSpan, status_over_time

RULES: Final = 1
"""The number of the rules by which figures are computed. Changed rules get a new number; the old stay computable."""

Canonical = Callable[[object], bytes]
"""Gives the RFC 8785 bytes of a JSON value."""

_NOT_DIGESTED: Final = frozenset({"digest", "log_size", "known_at", "log", "corrections", "version", *PROSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a report is asked for. With *visibility_all* it counts internal commitments too."""

    filters: Filters = field(default_factory=Filters)
    visibility_all: bool = False
    compare_to: date | None = None

    def answer(self) -> Answer:
        """Give all of it, what was not asked for included."""
        visibility = "all" if self.visibility_all else "public"
        return self.filters.answer() | {"visibility": visibility, "compare_to": day(self.compare_to)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a report is made of: everything the scope allows to be seen at (V, N), loaded already.

    *commitments* and *programmes* are all that may be seen, *related* the inverse relations among them; *course* gives
    the statuses of every commitment up to V, seen or not; *changes* is None without a date to compare with.
    """

    as_of: date
    moment: Moment
    commitments: Sequence[CommitmentAt]
    programmes: Sequence[ProgrammeState]
    related: Mapping[str, list[Answer]]
    course: Iterable[StatusSpan]
    text_of: TextOf
    corrections: list[Answer]
    changes: Answer | None


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a report prints about where it was made: the log's origin, the tree's root over N, the software."""

    origin: str
    root: str
    version: str


def status_report(scope: Scope, material: Material, imprint: Imprint, canonical: Canonical) -> Answer:
    """Give the report as JSON values, in the order in which it is printed."""
    filters = scope.filters
    rows = select(material.commitments, filters, material.as_of)
    registers = [each for each in material.programmes if not filters.programme or each.code in filters.programme]
    tiers = {row.found.reference: row.found.state.details["tier"] for row in rows}
    partners = {code for register in registers for code in register.partners}
    report: Answer = {
        "programme": filters.programme[0] if len(filters.programme) == 1 else None,
        "filters": scope.answer(),
        "as_of": day(material.as_of),
        "log_size": material.moment.log_size,
        "known_at": instant(material.moment.recorded_at),
        "rules": RULES,
        "version": imprint.version,
        "log": {"origin": imprint.origin, "size": material.moment.log_size, "root": imprint.root},
        "totals": figures(rows, partners),
        "headline": figures([row for row in rows if row.found.state.details["tier"] == "deliverable"], partners),
        "lists": lists(rows, material.as_of)
        | {"silent_partners": silent_partners(registers, material.commitments, filters.partner)},
        "status_over_time": status_over_time(registers, tiers, material.course, material.as_of),
        "commitments": [_row_answer(row, material) for row in rows],
        "corrections": material.corrections,
        "changes": material.changes,
    }
    return report | {"digest": digest(report, canonical)}


def digest(report: Answer, canonical: Canonical) -> str:
    """Give the SHA-256 (hex) of what a report says: equal for equal scope and (V, N), for ever.

    Where and when it was made, corrections, versions and prose are left out, at every depth.
    """
    return sha256(canonical(facts_of(report))).hexdigest()


def facts_of(answer: Answer) -> Answer:
    """Give an answer without the members that a digest leaves out."""
    return {name: _facts_in(value) for name, value in answer.items() if name not in _NOT_DIGESTED}


def _facts_in(value: object) -> object:
    if isinstance(value, dict):
        return facts_of(value)
    return [_facts_in(item) for item in value] if isinstance(value, list) else value


def _row_answer(row: Row, material: Material) -> Answer:
    related = material.related.get(row.found.reference, [])
    return commitment_answer(row.found, row.standing, material.as_of, material.moment, related, material.text_of)
