"""Settings that change what rules hold or who is let in: a change is an entry of the ledger's own stream."""

from collections.abc import Mapping
from typing import Any, Final

from application.access import Caller
from application.noting import note
from application.ports import Command, Unit

NOTED: Final = (
    "four_eyes", "public_read", "time_zone", "witness_quorum", "oidc_issuer", "oidc_audience", "oidc_roles",
)  # fmt: skip


def note_settings(caller: Caller, values: Mapping[str, str], usual: Mapping[str, str]) -> Command:
    """Record each setting whose value is not the one recorded last (the *usual* one, if none was); none is secret."""

    def command(unit: Unit) -> Mapping[str, Any]:
        stream = unit.ledger_stream()
        before = {**usual, **({} if stream is None else stream.settings)}
        changed = [name for name, value in values.items() if before[name] != value]
        for name in changed:
            facts = {"setting": name, "from": before[name] or None, "to": values[name] or None}
            note(unit, caller, "setting_changed", facts)
        return {"changed": changed}

    return command
