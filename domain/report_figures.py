"""The figures of a status report: how many commitments stand how, and what share that is.

Every figure is a whole number; of several numbers the lower median is given, and null of none.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

from domain import vocabulary as words
from domain.answers import Answer, columns
from domain.filters import Row
from domain.lifecycle import Assessment, State
from domain.timeliness import Standing

_LATE: Final = ("overdue", "start_overdue")
NOT_REVIEWED: Final = "not_reviewed"
NO_GRADE: Final = "none"


def figures(rows: Sequence[Row], partners: Iterable[str]) -> Answer:
    """Count *rows*. Every word of a closed vocabulary and every code of *partners* is present, with 0 if need be."""
    states = [row.found.state for row in rows]
    details = [state.details for state in states]
    state, standing = columns(State, states), columns(Standing, [row.standing for row in rows])
    achieved = [row for row in rows if row.found.state.achieved_on is not None]
    by_timeliness = _counted(words.TIMELINESS, standing.timeliness)
    by_status = _counted(words.STATUSES, [row.status for row in rows])
    still_open = state.outcome.count(None)
    undeclared = sum(standing.undeclared_slip)
    late = sum(by_timeliness[word] for word in _LATE)
    return {
        "commitments": len(rows),
        "open": still_open,
        "by_status": by_status,
        "by_timeliness": by_timeliness,
        "by_tier": _counted(words.TIERS, [each["tier"] for each in details]),
        "by_kind": _counted(words.COMMITMENT_KINDS, [each["kind"] for each in details]),
        "by_partner": _listed([each.get("partners", ()) for each in details], partners),
        "by_theme": _listed([each.get("themes", ()) for each in details], ()),
        "flagged": {
            "undeclared_slip": undeclared,
            "stale": sum(standing.stale),
            "off_cadence": sum(standing.off_cadence),
            "divergence": sum(standing.divergence),
        },
        "acceptance": _acceptance(state.assessment, [row.found.state for row in achieved]),
        "achieved": {
            "current": _delays([row.standing.days_late_current for row in achieved]),
            "original": _delays([row.standing.days_late_original for row in achieved]),
        },
        "slipped": _slips(state),
        "share_permille": {
            "achieved": permille(by_status["achieved"], len(rows)),
            "met_of_achieved_with_due_date": permille(
                by_timeliness["met"], by_timeliness["met"] + by_timeliness["met_late"]
            ),
            "overdue_of_open": permille(late, still_open),
            "undeclared_of_overdue": permille(undeclared, late),
        },
    }


def _acceptance(said: Sequence[Assessment | None], achieved: Sequence[State]) -> Answer:
    """Count what the last reviews say, and the best evidence that achievements rest on."""
    ratings, independence = (*words.RATINGS, NOT_REVIEWED), (*words.INDEPENDENCE, NOT_REVIEWED)
    return {
        "by_rating": _counted(ratings, [each.rating if each else NOT_REVIEWED for each in said]),
        "by_independence": _counted(independence, [each.independence if each else NOT_REVIEWED for each in said]),
        "achieved_by_rating": _counted(
            ratings, (state.assessment.rating if state.assessment else NOT_REVIEWED for state in achieved)
        ),
        "achieved_by_best_grade": _counted(
            (*words.GRADES, NO_GRADE), (best_grade(state) or NO_GRADE for state in achieved)
        ),
    }


def best_grade(state: State) -> str | None:
    """Give the best grade among the evidence of an achievement: A is better than B."""
    return min((item["grade"] for proof in state.proofs for item in proof.items), default=None)


def _delays(days_late: Sequence[int | None]) -> Answer:
    """Tell how late achievements came, of those with a due date; total, median and most are about the late ones."""
    late = sorted(days for days in days_late if days)
    return {
        "in_time": days_late.count(0),
        "late": len(late),
        "no_date": days_late.count(None),
        "total_days_late": sum(late),
        "median_days_late": _lower_median(late),
        "most_days_late": late[-1] if late else None,
    }


def _slips(column: Any) -> Answer:
    """Tell what slipped, and how far new targets moved due dates: from the first to the one in force."""
    rebaselined = [targets for targets in column.targets if len(targets) > 1]
    moves = ((targets[0].due, targets[-1].due) for targets in rebaselined)
    moved = sorted((now - first).days for first, now in moves if first is not None and now is not None)
    return {
        "now": sum(column.slipped),
        "ever": len(column.slip_count) - column.slip_count.count(0),
        "slips": sum(column.slip_count),
        "rebaselined": len(rebaselined),
        "moved": {
            "total_days": sum(moved),
            "median_days": _lower_median(moved),
            "most_days": moved[-1] if moved else None,
        },
    }


def _lower_median(ordered: Sequence[int]) -> int | None:
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def permille(part: int, whole: int) -> int | None:
    """Give *part* of *whole* in thousandths, a half rounded to the even side; None of nothing."""
    if whole == 0:
        return None
    share, rest = divmod(1000 * part, whole)
    return share + (2 * rest > whole or (2 * rest == whole and share % 2 == 1))


def _counted(vocabulary: Sequence[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {word: counts[word] for word in vocabulary}


def _listed(found: Iterable[Iterable[str]], expected: Iterable[str]) -> dict[str, int]:
    counts = Counter(chain.from_iterable(found))
    return {code: counts[code] for code in sorted({*expected, *counts})}
