"""What a rectification or retraction must satisfy before it is folded in (design, 3.3 and 3.4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.entry import Entry, split
from domain.errors import Fault, Invalid, Refused
from domain.fields import checked
from domain.lifecycle import Reading
from domain.recording import Act, day_of_effect, entry_of, refuse_taken_id
from domain.replay import Known, as_recorded, known, rectified
from domain.shapes import CORRECTIONS, correctable, shape_of

FIRST_KINDS = ("announced", "programme_published")


def named(body: Mapping[str, Any]) -> tuple[int, ...]:
    """Give the versions that a correction's body names, whatever else is wrong with it."""
    pairs = body.get("corrections") if isinstance(body.get("corrections"), list) else ()
    versions = [each.get("entry") for each in pairs or () if isinstance(each, dict)]
    versions += body["entries"] if isinstance(body.get("entries"), list) else [body.get("entry")]
    return tuple(version for version in versions if type(version) is int)


def changes_of(body: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Give what a correction's body changes of a version, whatever is wrong with it; nothing for a retraction."""
    pairs = body.get("corrections") if isinstance(body.get("corrections"), list) else ()
    for each in (body, *(pairs or ())):
        if isinstance(each, dict) and each.get("entry") == version and isinstance(each.get("changes"), dict):
            changes: Mapping[str, Any] = each["changes"]
            return changes
    return {}


def prepared(kind: str, body: dict[str, Any], entries: Sequence[Entry], act: Act) -> tuple[dict[str, Any], str]:
    """Check a correction against the entries it names; give it completed, with its effective_on.

    A corrected occurred_on is judged by the correction's own day of recording, and the ledger writes the resulting
    effective_on beside it.
    """
    body = {"occurred_on": act.recorded_on.isoformat(), **{k: v for k, v in body.items() if v is not None}}
    checked(CORRECTIONS[kind], body)
    refuse_taken_id(body, entries)
    version = len(entries) + 1
    read = known(entries)
    for target in named(body):
        _refuse_target(kind, target, entries, read, version)
    if kind == "rectified":
        if "corrections" in body:
            completed = [
                {**each, "changes": _completed(each, f"/corrections/{i}/changes", entries, read, act)}
                for i, each in enumerate(body["corrections"])
            ]
            body["corrections"] = completed
        else:
            body["changes"] = _completed(body, "/changes", entries, read, act)
    effective_on = day_of_effect(body["occurred_on"], act, version)
    if kind == "retracted":
        entry, _ = entry_of(kind, version, body, effective_on, act)
        _refuse_broken_readings(known([*entries, entry]), read)
    return body, effective_on


def _refuse_broken_readings(after: Known, before: Known) -> None:
    """A retraction undoes changes too: what is left of them must still satisfy the kind's own rules."""
    for version, reading in after.readings.items():
        faults = [] if reading == before.readings.get(version) else _faults(reading, "")
        if faults:
            raise Refused(
                "reading-valid",
                f"entry {version} ({reading.kind}) would no longer read as its kind must: "
                f"{faults[0].message} ({faults[0].pointer})",
                "the retraction of the other corrections of that entry as well, or a new correction of it first",
                version,
            )


def _refuse_target(kind: str, target: int, entries: Sequence[Entry], read: Known, version: int) -> None:
    if not 1 <= target <= len(entries):
        raise Refused("entry-exists", f"there is no entry {target}", f"an entry from 1 to {len(entries)}", version)
    if target in read.retracted:
        raise Refused(
            "entry-counts", f"entry {target} was retracted and does not count", "an entry that counts", target
        )
    entry = entries[target - 1]
    if kind == "rectified" and entry.is_correction:
        raise Refused(
            "correction-not-rectified",
            f"entry {target} is itself a correction",
            "the retraction of that correction, or a new correction of the entry that it corrects",
            target,
        )
    if kind == "retracted" and entry.kind in FIRST_KINDS:
        raise Refused(
            "first-entry-stays",
            f"entry {target} ({entry.kind}) begins the history and cannot be retracted",
            "rectified; or, for a commitment, abandoned or superseded",
            target,
        )


def _completed(
    correction: Mapping[str, Any], pointer: str, entries: Sequence[Entry], read: Known, act: Act
) -> dict[str, Any]:
    """Check `changes` against the kind of the entry and against what the entry then says; add effective_on."""
    target, changes = entries[correction["entry"] - 1], dict(correction["changes"])
    shape = shape_of(target.kind)
    assert shape is not None
    checked(correctable(shape), changes, pointer)
    if changes.get("occurred_on") is not None:
        changes["effective_on"] = day_of_effect(changes["occurred_on"], act, target.version)
    facts, _ = split("rectified", {"changes": changes})
    reading = read.readings.get(target.version) or as_recorded(target)
    result = rectified(reading, 0, facts["changes"] | {"reworded": facts.get("reworded", ())}, (0,))
    faults = _faults(result, pointer)
    if faults:
        raise Invalid(faults)
    if target.kind == "evidence_added" and result.facts["entry"] >= target.version:
        raise Refused(
            "earlier-entry",
            f"entry {target.version} cannot add evidence to entry {result.facts['entry']}",
            f"an entry from 1 to {target.version - 1}",
            target.version,
        )
    return changes


def _faults(reading: Reading, pointer: str) -> list[Fault]:
    """Find what a reading has that its kind may not have."""
    faults: list[Fault] = []
    shape = shape_of(reading.kind)
    assert shape is not None
    shape.check(_as_body(reading), pointer, faults)
    return faults


def _as_body(reading: Reading) -> dict[str, Any]:
    """Give a reading in the shape of a request: the facts, and a stand-in for every text."""
    body: dict[str, Any] = dict.fromkeys(reading.texts, "…")
    body |= {name: value for name, value in reading.facts.items() if name != "effective_on"}
    if "evidence" in reading.facts:
        body["evidence"] = [{"title": "…", **item} for item in reading.facts["evidence"]]
    if reading.kind not in FIRST_KINDS:
        body.setdefault("statement", "…")
    return body
