"""The status report: a pure function of what is asked for, the two times and the rules (design, 6)."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Final

from domain.answers import Answer, day, instant
from domain.commitment_answers import commitment_answer
from domain.entry import TextAt
from domain.filters import Filters
from domain.report_breakdown import broken_down, programmes_covered
from domain.report_figures import figures
from domain.report_lists import columns_of_rows, lists, silent_partners
from domain.report_material import Material
from domain.report_rows import ReportWriter, Values, Write
from domain.shapes import EVIDENCE_PROSE, PROSE
from domain.status_over_time import status_over_time

RULES: Final = 1
"""The number of the rules by which figures are computed. Changed rules get a new number; the old stay computable."""

Canonical = Write
"""Gives the RFC 8785 bytes of a JSON value."""

_NOT_DIGESTED: Final = frozenset(
    {"digest", "log_size", "known_at", "log", "corrections", "version", "appendix", "four_eyes_off", *PROSE}
)
_NOT_DIGESTED_OF_EVIDENCE: Final = _NOT_DIGESTED.union(EVIDENCE_PROSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a report is asked for. With *visibility_all* it counts internal commitments too."""

    filters: Filters = field(default_factory=Filters)
    visibility_all: bool = False
    compare_to: date | None = None

    def shows(self, programme: str | None, *, internal: bool) -> bool:
        """Whether what belongs to a programme may be told of: of what is internal only that of programmes asked for.

        So a report is the same for whoever may see these programmes only.
        """
        asked = self.filters.programme
        return not internal or (self.visibility_all and (not asked or programme in asked))

    def answer(self) -> Answer:
        """Give all of it, what was not asked for included."""
        visibility = "all" if self.visibility_all else "public"
        return self.filters.answer() | {"visibility": visibility, "compare_to": day(self.compare_to)}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Scope":
        """Give what was asked for back from an answer; members may be missing, lists of one a single word."""
        given: dict[str, Any] = {}
        for name in Filters.__dataclass_fields__:
            value = said.get(name)
            if value is not None:
                given[name] = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
        compare_to = said.get("compare_to")
        return cls(
            filters=Filters(**given),
            visibility_all=said.get("visibility") == "all",
            compare_to=None if compare_to is None else date.fromisoformat(compare_to),
        )


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a report prints about where it was made: the log's origin, the tree's root over N, the software.

    *four_eyes_off* are the stretches of positions up to N that were recorded without four-eyes; told only if any.
    """

    origin: str
    root: str
    version: str
    four_eyes_off: Sequence[Answer] = ()


class Writing:
    """How a report is written: *printed* as it is given out, *canonical* for its digest."""

    def __init__(self, printed: Write, canonical: Canonical) -> None:
        self._value = canonical
        self._printed, self._digested = ReportWriter(printed, dict), ReportWriter(canonical, facts_of)

    def report(self, scope: Scope, material: Material, imprint: Imprint) -> tuple[Answer, bytes]:
        """Give the bytes of a report, and what it says beside rows and lists: as `status_report`, much sooner."""
        report, values = _report(scope, material, imprint, [], {}), Values.of(material, self._value)
        report["digest"] = sha256(self._digested.written(report, values)).hexdigest()
        return report, self._printed.written(report, values)


def status_report(scope: Scope, material: Material, imprint: Imprint, canonical: Canonical) -> Answer:
    """Give the report as JSON values, in the order in which it is printed."""
    rows, said = material.rows, material.said()
    listed, of_rows = lists(rows, said, material.as_of, material.value_of), columns_of_rows(rows, said)
    answers = {name: each.answers(of_rows) for name, each in listed.items()}
    report = _report(scope, material, imprint, _row_answers(material), answers)
    return report | {"digest": digest(report, canonical)}


def _report(
    scope: Scope,
    material: Material,
    imprint: Imprint,
    row_answers: list[Answer],
    listed: Mapping[str, list[Answer]],
) -> Answer:
    filters = scope.filters
    rows = material.rows
    registers = [each for each in material.programmes if not filters.programme or each.code in filters.programme]
    tiers = {row.found.reference: row.found.state.details["tier"] for row in rows}
    partners = {code for register in registers for code in register.partners}
    return {
        "programme": filters.programme[0] if len(filters.programme) == 1 else None,
        "programmes": programmes_covered(registers, rows),
        "filters": scope.answer(),
        "as_of": day(material.as_of),
        "log_size": material.moment.log_size,
        "known_at": instant(material.moment.recorded_at),
        "rules": RULES,
        "version": imprint.version,
        "log": {"origin": imprint.origin, "size": material.moment.log_size, "root": imprint.root},
        **({"four_eyes_off": list(imprint.four_eyes_off)} if imprint.four_eyes_off else {}),
        "totals": figures(rows, partners),
        "headline": figures([row for row in rows if tiers[row.found.reference] == "deliverable"], partners),
        "lists": {**listed, "silent_partners": silent_partners(registers, material.commitments, filters.partner)},
        "status_over_time": status_over_time(registers, tiers, material.courses, material.as_of),
        **broken_down(rows, registers),
        "commitments": row_answers,
        "corrections": material.corrections,
        "changes": material.changes,
        "appendix": material.appendix,
    }


def digest(report: Answer, canonical: Canonical) -> str:
    """Give the SHA-256 (hex) of what a report says: equal for equal scope and (V, N), for ever.

    Where and when it was made, corrections, versions, the appendix and prose are left out, at every depth.
    """
    facts = facts_of({name: value for name, value in report.items() if name != "commitments"})
    facts["commitments"] = [_facts_of_row(row) for row in report["commitments"]]
    return sha256(canonical(facts)).hexdigest()


def _facts_of_row(row: Answer) -> Answer:
    """Give what `facts_of` gives for a commitment, knowing where in it more than facts stands."""
    facts = _own_facts(row, _NOT_DIGESTED)
    facts["targets"] = [_own_facts(target, _NOT_DIGESTED) for target in row["targets"]]
    facts["assessment"] = row["assessment"] and _own_facts(row["assessment"], _NOT_DIGESTED)
    return facts


def _own_facts(answer: Answer, leaving_out: Set[str]) -> Answer:
    facts = answer.copy()
    for name in leaving_out & facts.keys():
        del facts[name]
    return facts


def facts_of(answer: Answer, leaving_out: Set[str] = _NOT_DIGESTED) -> Answer:
    """Give an answer without the members that a digest leaves out."""
    # Said once for all depths and without a call per value: a large report has a million of them.
    facts = answer.copy() if leaving_out.isdisjoint(answer) else _own_facts(answer, leaving_out)
    for name, value in facts.items():
        if value.__class__ is dict:
            facts[name] = facts_of(value)
        elif value.__class__ is list and value:
            within = _NOT_DIGESTED_OF_EVIDENCE if name == "evidence" else _NOT_DIGESTED
            facts[name] = [facts_of(item, within) if item.__class__ is dict else item for item in value]
    return facts


def _row_answers(material: Material) -> list[Answer]:
    as_of, moment, value_of = material.as_of, material.moment, material.value_of

    def text_of(at: TextAt | None) -> str | None:
        return None if at is None else value_of(at)

    return [
        commitment_answer(
            row.found, row.standing, as_of, moment, material.related.get(row.found.reference, []), text_of
        )
        for row in material.rows
    ]
