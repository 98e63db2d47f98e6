"""One character for each word of a closed vocabulary. All of them are in DejaVu and in the common system fonts."""

from typing import Final

_SYMBOLS: Final = {
    # status
    "announced": "○",
    "started": "◐",
    "reviewed": "◉",
    "achieved": "●",
    "slipped": "▲",
    "suspended": "□",
    "abandoned": "×",
    "superseded": "→",
    # timeliness
    "met": "●",
    "met_late": "◆",
    "overdue": "▲",
    "start_overdue": "△",
    "due_soon": "◇",
    "upcoming": "○",
    "no_target": "–",
    "closed": "×",
    # rating
    "full": "●",
    "substantial": "◐",
    "limited": "◇",
    "not_met": "×",
    "no_evidence": "∅",
    "unrated": "○",
    # entries, beyond those that are called as a status is
    "progressed": "•",
    "rebaselined": "◆",
    "resumed": "◐",
    "reopened": "○",
    "occurrence_held": "●",
    "occurrence_missed": "▲",
    "amended": "□",
    "evidence_added": "+",
    "rectified": "≠",
    "retracted": "×",
    # flags
    "undeclared_slip": "▲",
    "stale": "□",
    "off_cadence": "△",
    "divergence": "≠",
    "erased": "■",
}


def symbol_of(word: str) -> str:
    """Give the symbol of a word, the empty text for one that needs none (tier, kind, grade)."""
    return _SYMBOLS.get(word, "")
