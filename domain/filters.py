"""Which commitments an answer is about, and in which order: one rule for lists and for reports (design, 7)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, NamedTuple

from domain import vocabulary as words
from domain.answers import CommitmentAt, day
from domain.timeliness import Standing, standing

CLOSED: Final[Mapping[str, words.Words]] = {
    "status": words.STATUSES,
    "timeliness": words.TIMELINESS,
    "tier": words.TIERS,
    "kind": words.COMMITMENT_KINDS,
}
"""The filters that take words of a closed vocabulary, with the words they take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is asked for: values of one filter are alternatives, different filters must all be met; empty asks nothing.

    Codes and words are exact; *q* is looked for in title and summary, whatever the case.
    """

    programme: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    timeliness: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    partner: tuple[str, ...] = ()
    theme: tuple[str, ...] = ()
    q: tuple[str, ...] = ()
    stale: bool | None = None
    undeclared_slip: bool | None = None
    divergence: bool | None = None

    def __post_init__(self) -> None:
        """Bring what asks for the same into the same form: sorted, each value once, *q* without case."""
        object.__setattr__(self, "q", tuple(text.casefold() for text in self.q))
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                object.__setattr__(self, field.name, tuple(sorted(set(value))))

    def answer(self) -> dict[str, Any]:
        """Give every filter: a list, empty if it was not asked for; true, false or null."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}

    def asks_beyond_programme(self) -> bool:
        """Whether anything but the programme narrows the answer."""
        return Filters(programme=self.programme) != self

    def matches(self, commitment: CommitmentAt, standing: Standing) -> bool:
        """Tell whether a commitment, as it stands, is asked for."""
        details = commitment.state.details
        alternatives = (
            (self.programme, (commitment.programme,)),
            (self.status, (commitment.state.status,)),
            (self.timeliness, (standing.timeliness,)),
            (self.tier, (details["tier"],)),
            (self.kind, (details["kind"],)),
            (self.partner, details.get("partners", ())),
            (self.theme, details.get("themes", ())),
        )
        flags = (
            (self.stale, standing.stale),
            (self.undeclared_slip, standing.undeclared_slip),
            (self.divergence, standing.divergence),
        )
        return (
            all(not asked or not set(asked).isdisjoint(has) for asked, has in alternatives)
            and all(asked in (None, has) for asked, has in flags)
            and self._found_in(details)
        )

    def _found_in(self, details: Mapping[str, Any]) -> bool:
        if not self.q:
            return True
        texts = [details.get(name, "").casefold() for name in ("title", "summary")]
        return any(asked in text for asked in self.q for text in texts)


class Row(NamedTuple):
    """A commitment at (V, N) with what is computed from it for V, and its status, which many figures ask for."""

    found: CommitmentAt
    standing: Standing
    status: str


def select(commitments: Iterable[CommitmentAt], filters: Filters, as_of: date) -> list[Row]:
    """Give the commitments that are asked for, each with its standing on *as_of*, in the given order."""
    rows = [Row(found, standing(found.state, as_of), found.state.status) for found in commitments]
    return rows if filters == Filters() else [row for row in rows if filters.matches(row.found, row.standing)]


SortKey = tuple[str | None, str]
"""What a row is sorted by, and its reference: the place of a row in a list."""

_SORTS: Final[Mapping[str, Callable[[Row], str | None]]] = {
    "reference": lambda row: row.found.reference,
    "due": lambda row: day(row.found.state.target.due),
    "last_activity_on": lambda row: day(row.found.state.last_activity_on),
    "status": lambda row: row.found.state.status,
}
SORTS: Final = tuple(sign + name for name in _SORTS for sign in ("", "-"))
"""Every order a list can be asked for; `-` turns it round."""


def sort_key(row: Row, sort: str) -> SortKey:
    """Give the place of a row in a list sorted by *sort*."""
    return _SORTS[sort.removeprefix("-")](row), row.found.reference


def ordered(rows: Iterable[Row], sort: str = "reference") -> list[Row]:
    """Sort rows by one of SORTS. Ties go by reference, upwards; what has no value comes last in both directions."""
    by_reference = sorted(rows, key=lambda row: row.found.reference)
    value_of = _SORTS[sort.removeprefix("-")]
    having = [row for row in by_reference if value_of(row) is not None]
    having.sort(key=lambda row: value_of(row) or "", reverse=sort.startswith("-"))
    return having + [row for row in by_reference if value_of(row) is None]
