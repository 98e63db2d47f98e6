"""What a status report is made of, loaded already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.answers import Answer, CommitmentAt, Moment
from domain.commitment_answers import Said, columns_said
from domain.filters import Row
from domain.programme import ProgrammeState
from domain.replay import StatusStep
from domain.wording import ValueOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a report is made of: everything the scope allows to be seen at (V, N), loaded already.

    *commitments* and *programmes* are all that may be seen, *rows* those of the commitments that are asked for,
    *related* the inverse relations among all; *courses* gives the steps of the status of every commitment known at N,
    seen or not; *changes* is None without a date to compare with, *appendix* None unless it is wanted.
    """

    as_of: date
    moment: Moment
    commitments: Sequence[CommitmentAt]
    rows: Sequence[Row]
    programmes: Sequence[ProgrammeState]
    related: Mapping[str, list[Answer]]
    courses: Iterable[tuple[str, Sequence[StatusStep]]]
    value_of: ValueOf
    corrections: list[Answer]
    changes: Answer | None
    appendix: list[Answer] | None = None

    def said(self) -> Said:
        """Give what is said of the rows, one column for each member."""
        found, standings = [row.found for row in self.rows], [row.standing for row in self.rows]
        return columns_said(found, standings, self.as_of, self.moment)
