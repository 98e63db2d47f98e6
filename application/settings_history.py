"""Settings that change what rules hold or who is let in: a change is an entry of the ledger's own stream."""

import re
from collections.abc import Mapping
from typing import Any, Final

from application.access import Caller
from application.noting import note
from application.ports import Command, Unit
from application.visibility import is_internal
from domain.vocabulary import ROLES

NOTED: Final = (
    # which rules hold
    "four_eyes", "public_read", "time_zone", "witnesses", "witness_quorum",
    # who is let in, in which role, and for how long
    "oidc_issuer", "oidc_audience", "oidc_client_id", "oidc_scope", "oidc_roles", "oidc_algorithms",
    "oidc_leeway_seconds", "public_url", "session_idle_minutes", "session_hours", "cors_origins",
)  # fmt: skip
"""None of them is secret: entries are read by everybody, and kept for ever."""
_PROGRAMMES: Final = re.compile(rf"=(?:{'|'.join(ROLES)}):([a-z0-9,-]+)")


def note_settings(caller: Caller, values: Mapping[str, str], usual: Mapping[str, str]) -> Command:
    """Record each setting whose value is not the one recorded last (the *usual* one, if none was); none is secret."""

    def command(unit: Unit) -> Mapping[str, Any]:
        stream = unit.ledger_stream()
        before = {**usual, **({} if stream is None else stream.settings)}
        changed = [name for name, value in values.items() if before[name] != value]
        for name in changed:
            facts = {"setting": name, "from": before[name] or None, "to": values[name] or None}
            closed = any(_names_internal(unit, text) for text in (before[name], values[name]))
            note(unit, caller, "setting_changed", facts, closed=closed)
        return {"changed": changed}

    return command


def _names_internal(unit: Unit, text: str) -> bool:
    """Whether roles are given for a programme that not everybody may know of: it is internal, or not there yet."""
    named = {code for listed in _PROGRAMMES.findall(text) for code in listed.split(",")}
    found = map(unit.programme, sorted(named))
    return any(programme is None or is_internal(unit, programme) for programme in found)
