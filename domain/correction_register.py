"""The register of corrections: what each made of the entries it names, and whether it still counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from domain.answers import Answer, instant
from domain.entry import Entry, TextAt
from domain.lifecycle import Reading
from domain.replay import as_recorded, known
from domain.wording import ValueOf, reading_answer

_INSIDE: Final = ("commitment", "details", "timeframe")


@dataclass(frozen=True, slots=True)
class Corrected:
    """An entry before and after one correction; *after* is None if it was retracted.

    *changed* names the members that a rectification gives anew, with members of members where only those change.
    """

    before: Reading
    after: Reading | None
    changed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction of one stream; it *counts* unless it was itself retracted."""

    reference: str
    entry: Entry
    counts: bool
    corrected: tuple[Corrected, ...]

    def texts(self) -> Iterator[TextAt]:
        """Give the places of the texts that the register shows."""
        readings = [as_recorded(self.entry)]
        readings += [each for pair in self.corrected for each in (pair.before, pair.after) if each is not None]
        for reading in readings:
            yield from reading.texts.values()


class Registered(NamedTuple):
    """A correction with whose it is: of which programme, and whether of something internal."""

    correction: Correction
    programme: str | None
    internal: bool


def corrections_of(reference: str, entries: Sequence[Entry], after: int = 0) -> list[Correction]:
    """Give the corrections among the known *entries* of a stream that have a position after *after*."""
    retracted = known(entries).retracted
    return [
        Correction(reference, entry, entry.version not in retracted, corrected_by(entry, entries))
        for entry in entries
        if entry.is_correction and entry.position > after
    ]


def corrected_by(correction: Entry, entries: Sequence[Entry]) -> tuple[Corrected, ...]:
    """Give what a correction made of the entries it names; *entries* are those of its stream, from the first on."""
    return tuple(_corrected(correction, entries))


def _corrected(correction: Entry, entries: Sequence[Entry]) -> Iterator[Corrected]:
    # Versions have no gaps, so the entries before version v are the first v - 1.
    before = known(entries[: correction.version - 1]).readings
    if correction.kind == "retracted":
        for version in correction.targets():
            # A retracted correction has no reading; what it said is what is undone.
            yield Corrected(before.get(version) or as_recorded(entries[version - 1]), None, {})
        return
    after = known(entries[: correction.version]).readings
    for version, changed, _ in correction.rectifications():
        names = {**changed, **dict.fromkeys(changed["reworded"])}
        del names["reworded"]
        yield Corrected(before[version], after[version], names)


def correction_answer(correction: Correction, value_of: ValueOf) -> Answer:
    """Give a correction with each entry it names: the members it changed, before and after."""
    entry = correction.entry
    reason = as_recorded(entry).texts.get("reason")
    return {
        "position": entry.position,
        "version": entry.version,
        "reference": correction.reference,
        "kind": entry.kind,
        "recorded_at": instant(entry.recorded_at),
        "recorded_by": entry.recorded_by,
        "role": entry.role,
        "reason": None if reason is None else value_of(reason),
        "counts": correction.counts,
        "entries": [_pair(each, value_of) for each in correction.corrected],
    }


def _pair(corrected: Corrected, value_of: ValueOf) -> Answer:
    before, after = corrected.before, corrected.after
    said = reading_answer(before, value_of)
    named = {"entry": before.version, "kind": before.kind}
    if after is None:
        present = {name: value for name, value in said.items() if value is not None and value != []}
        return named | {"before": present, "after": None}
    now = reading_answer(after, value_of)
    return named | {"before": _only(said, corrected.changed), "after": _only(now, corrected.changed)}


def _only(members: Mapping[str, Any], changed: Mapping[str, Any]) -> Answer:
    return {
        name: _only(value, changed[name]) if name in _INSIDE else value
        for name, value in members.items()
        if name in changed
    }
