"""What is done to the log itself – its key rotated, the ledger recovered – as entries of the ledger's own stream."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from application.access import Caller, Right
from application.noting import note
from application.ports import Command, Unit
from domain.answers import instant


def rotate_key(caller: Caller, old_key: str, new_key: str, both_until: datetime) -> Command:
    """Announce the key that signs from now on; the old one signs beside it for a while."""

    def command(unit: Unit) -> Mapping[str, Any]:
        caller.require(Right.ADMINISTER)
        facts = {"old_key": old_key, "new_key": new_key, "both_until": instant(both_until)}
        return {"position": note(unit, caller, "key_rotated", facts).position}

    return command


def recover(caller: Caller, facts: Mapping[str, Any]) -> Command:
    """Say that the ledger goes on after it had stopped: why, what was found, what was signed last."""

    def command(unit: Unit) -> Mapping[str, Any]:
        caller.require(Right.ADMINISTER)
        return {"position": note(unit, caller, "recovered", dict(facts)).position}

    return command
