"""When four-eyes was off, told from the ledger itself: what was recorded then, its own recorder may have corrected."""

from collections.abc import Iterable
from typing import Any

from domain.entry import Entry

SETTING = "four_eyes"


def off_stretches(changes: Iterable[Entry]) -> list[dict[str, Any]]:
    """Give the stretches of positions recorded without four-eyes, from changes of settings by position.

    A stretch begins with the entry that turned it off; `to` is the last entry before it was turned on, null if it is
    off still.
    """
    stretches: list[dict[str, Any]] = []
    for entry in changes:
        if entry.facts.get("setting") != SETTING:
            continue
        if entry.facts.get("to") == "false":
            stretches.append({"from": entry.position, "to": None})
        elif stretches:
            stretches[-1]["to"] = entry.position - 1
    return stretches
