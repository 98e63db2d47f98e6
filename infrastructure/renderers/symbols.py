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
    # flags
    "undeclared_slip": "▲",
    "stale": "□",
    "off_cadence": "△",
    "divergence": "≠",
    "erased": "■",
}


def symbol_of(word: str) -> str:
    """Give the symbol of a word; a grade of evidence stands for itself."""
    return _SYMBOLS.get(word, "•")
