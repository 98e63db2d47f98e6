"""A log over the years: its key rotated, the ledger recovered. Each is an entry, and can be done again after a crash.

Recovering never signs another past. If the database holds again what was signed, the log goes on. If it does not, the
log of this origin is frozen for ever with its last checkpoint, and the ledger goes on as a new log, under a new origin.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from application import log_keeping
from application.access import Caller
from application.ports import Command
from domain.answers import RecordedEntry
from domain.notes import VerifierKey
from infrastructure.database.engines import Database
from infrastructure.database.tables import checkpoints, fixed
from infrastructure.log.key_file import BadKeyFileError, Keys
from infrastructure.log.log_reading import FIRST_KEY
from infrastructure.log.public_log import PublicLog
from infrastructure.log.sealing import NobodyAnswersError
from infrastructure.log.signatures import SigningKey
from infrastructure.log.signed_state import STATE, BrokenStateError, Signed
from infrastructure.verifying.inspecting import MismatchError, inspect

Record = Callable[[Command], Mapping[str, Any]]


class CannotRecoverError(Exception):
    """Going on would sign another past, or there is nothing to recover from; the text says what would be accepted."""


def rotate(
    log: PublicLog, record: Record, announced: list[RecordedEntry], caller: Caller, both_until: datetime
) -> tuple[VerifierKey, VerifierKey, datetime]:
    """Let a new key sign from now on, and the old one beside it until an instant; give both keys and that instant.

    *announced* are the rotations recorded so far: one that a crash kept from its end is ended.
    """
    log.check_keys()
    if not log.keys.read().signs:
        raise BadKeyFileError("this host's key file holds no secret; accepted: a host whose key file does")
    made = SigningKey.new(log.origin)
    keys = log.keys.change(lambda held: held if held.following else replace(held, following=made))
    assert keys.following is not None
    old, new = keys.verifier, keys.following.verifier
    begun = [each.entry.facts["both_until"] for each in announced if each.entry.facts["new_key"] == str(new)]
    if begun:
        both_until = datetime.fromisoformat(begun[0])
    else:
        record(log_keeping.rotate_key(caller, str(old), str(new), both_until))
    log.keys.change(lambda held: held.rotated(both_until) if held.following else held)
    log.sealer.notify()
    return old, new, both_until


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was done: the log's origin from now on, what had been found, and the position of the entry that says so."""

    origin: str
    found: str
    position: int


def recover(
    database: Database, log: PublicLog, renewed: PublicLog | None, record: Record, caller: Caller, reason: str
) -> Recovery:
    """Go on after a standstill or a loss. *record* writes past the switch; *renewed* is the log under a new origin."""
    if not log.sealer.take_over():
        raise CannotRecoverError(
            "another process seals this ledger, here or on another host; accepted: with every server of it stopped"
        )
    wrong, standstill = _wrong(database, log), log.read_only.why()
    if renewed is not None:
        return _under_a_new_origin(database, log, renewed, record, caller, reason, wrong)
    if wrong is not None:
        raise CannotRecoverError(
            f"{wrong}; accepted: a backup in its place that holds all that was signed, or --new-origin, which freezes "
            f"the log {log.origin} for ever"
        )
    past = _past(log)
    if past is None:
        found = "what this log had signed was lost"
        _begin_again(log)
    elif standstill is not None:
        found = standstill.reason
    else:
        raise CannotRecoverError("nothing is wrong: all that was signed is there")
    facts: dict[str, Any] = {"reason": reason, "found": found, "first_wrong": standstill and standstill.position}
    facts["old_checkpoint"] = past and past.note.decode()
    position = record(log_keeping.recover(caller, _given(facts)))["position"]
    log.read_only.end()
    log.sealer.seal()
    return Recovery(log.origin, found, position)


def _wrong(database: Database, log: PublicLog) -> MismatchError | None:
    try:
        with database.reading() as connection:
            inspect(connection, log.sealer.signed_roots())
    except MismatchError as wrong:
        return wrong
    except BrokenStateError:
        return None  # there is nothing to compare with
    return None


def _past(log: PublicLog) -> Signed | None:
    try:
        return log.state.signed()
    except BrokenStateError:
        log.state.freeze("broken")
        return None


def _begin_again(log: PublicLog) -> None:
    """Sign what is there, unless a witness remembers otherwise; that nobody answers is what the operator decides on."""
    try:
        log.sealer.begin(ask=True)
    except NobodyAnswersError:
        log.sealer.begin()
    except MismatchError as remembered:
        raise CannotRecoverError(f"{remembered}; accepted: a backup that holds it, or --new-origin") from remembered


def _under_a_new_origin(
    database: Database,
    log: PublicLog,
    renewed: PublicLog,
    record: Record,
    caller: Caller,
    reason: str,
    wrong: MismatchError | None,
) -> Recovery:
    try:
        with database.reading() as connection:
            inspect(connection)
    except MismatchError as unsound:
        raise CannotRecoverError(f"{unsound}; accepted: first a backup that is sound in itself") from unsound
    # Nothing else is recorded until all of this is done; after a crash it is done again.
    log.sealer.halt(f"it is being brought under the origin {renewed.origin}")
    aside = log.state.freeze(sha256(log.origin.encode()).hexdigest()[:16])
    log.stamps.put_aside(aside)
    if not log.keys.exists or log.keys.read().verifier.name != renewed.origin:
        if log.keys.exists:  # the secret half goes: nobody signs for the frozen log any more
            (aside / "keys").write_text("".join(f"{key}\n" for key in log.verifiers()))
        log.keys.write(Keys(SigningKey.new(renewed.origin)))
    key = str(renewed.keys.read().verifier)
    with database.writing() as connection:
        for name, value in ((FIRST_KEY, key), ("log_origin", renewed.origin)):
            connection.execute(sa.update(fixed).where(fixed.c.name == name).values(value=value))
        connection.execute(sa.delete(checkpoints))
    last = (aside / STATE).read_text() if (aside / STATE).exists() else None
    found = wrong.what if wrong else "the signed past is there; the log was frozen because the operator said so"
    facts = {
        "reason": reason, "found": found, "first_wrong": wrong and wrong.position, "old_checkpoint": last,
        "old_origin": log.origin, "new_origin": renewed.origin, "new_key": key,
    }  # fmt: skip
    position = record(log_keeping.recover(caller, _given(facts)))["position"]
    log.sealer.stop()
    renewed.sealer.begin()
    renewed.stop()
    renewed.read_only.end()
    return Recovery(renewed.origin, found, position)


def _given(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
