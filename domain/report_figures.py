"""The figures of a status report: how many commitments stand how, and what share that is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from domain import vocabulary as words
from domain.answers import Answer
from domain.filters import Row

_LATE: Final = ("overdue", "start_overdue")


def figures(rows: Sequence[Row], partners: Iterable[str]) -> Answer:
    """Count *rows*. Every word of a closed vocabulary and every code of *partners* is present, with 0 if need be."""
    states = [row.found.state for row in rows]
    details = [state.details for state in states]
    by_timeliness = _counted(words.TIMELINESS, (row.standing.timeliness for row in rows))
    by_status = _counted(words.STATUSES, (state.status for state in states))
    still_open = sum(state.open for state in states)
    undeclared = sum(row.standing.undeclared_slip for row in rows)
    late = sum(by_timeliness[word] for word in _LATE)
    return {
        "commitments": len(rows),
        "open": still_open,
        "by_status": by_status,
        "by_timeliness": by_timeliness,
        "by_tier": _counted(words.TIERS, (each["tier"] for each in details)),
        "by_kind": _counted(words.COMMITMENT_KINDS, (each["kind"] for each in details)),
        "by_partner": _listed((code for each in details for code in each.get("partners", ())), partners),
        "by_theme": _listed((theme for each in details for theme in each.get("themes", ())), ()),
        "flagged": {
            "undeclared_slip": undeclared,
            "stale": sum(row.standing.stale for row in rows),
            "off_cadence": sum(row.standing.off_cadence for row in rows),
            "divergence": sum(row.standing.divergence for row in rows),
        },
        "ever_slipped": sum(state.slip_count > 0 for state in states),
        "slips": sum(state.slip_count for state in states),
        "share_permille": {
            "achieved": permille(by_status["achieved"], len(rows)),
            "met_of_achieved_with_due_date": permille(
                by_timeliness["met"], by_timeliness["met"] + by_timeliness["met_late"]
            ),
            "overdue_of_open": permille(late, still_open),
            "undeclared_of_overdue": permille(undeclared, late),
        },
    }


def permille(part: int, whole: int) -> int | None:
    """Give *part* of *whole* in thousandths, a half rounded to the even side; None of nothing."""
    if whole == 0:
        return None
    share, rest = divmod(1000 * part, whole)
    return share + (2 * rest > whole or (2 * rest == whole and share % 2 == 1))


def _counted(vocabulary: Sequence[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {word: counts[word] for word in vocabulary}


def _listed(found: Iterable[str], expected: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {code: counts[code] for code in sorted({*expected, *counts})}
