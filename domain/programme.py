"""The programme: a published document of commitments with its register of partners, which only ever grows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from eventsourcing.domain import AggregateCreated, AggregateEvent, BaseAggregate

from domain import corrections
from domain.entry import Entry, Facts, changed_members
from domain.errors import Fault, Invalid, Refused
from domain.fields import checked
from domain.lifecycle import Reading
from domain.recording import Act, day_of_effect, entry_of, refuse_taken_id, stream_id
from domain.replay import known
from domain.shapes import CORRECTIONS, PROGRAMME_EVENTS


@dataclass(frozen=True, slots=True)
class ProgrammeState:
    """A programme after some of its entries; *partners* is the register, by code, in the order of registration."""

    code: str
    details: Facts
    published_on: date
    partners: Mapping[str, Facts]
    closed_on: date | None = None


def fold_programme(readings: Iterable[Reading], as_of: date | None = None) -> ProgrammeState | None:
    """Give the programme on *as_of* (None: after everything); Refused if an entry may not stand where it is."""
    state: ProgrammeState | None = None
    for reading in readings:
        if as_of is not None and reading.effective_on > as_of:
            break
        state = _published(reading) if state is None else _applied(state, reading)
    return state


def programme_at(entries: Sequence[Entry], as_of: date | None, log_size: int) -> ProgrammeState | None:
    """Give the programme as known at *log_size*, on *as_of*."""
    return fold_programme(known([entry for entry in entries if entry.position <= log_size]).in_order(), as_of)


def _published(reading: Reading) -> ProgrammeState:
    details = dict(reading.facts["details"])
    partners = {partner["code"]: partner for partner in details.pop("partners", ())}
    _refuse_unknown_parents(partners, reading)
    return ProgrammeState(details["code"], details, reading.effective_on, partners)


def _applied(state: ProgrammeState, reading: Reading) -> ProgrammeState:
    if reading.effective_on < state.published_on:
        _refuse(reading, "not-before-publication", "it would count from before the programme was published",
                f"a date on or after {state.published_on}")  # fmt: skip
    if state.closed_on is not None:
        _refuse(reading, "programme-open", f"the programme was closed on {state.closed_on}", "a correction")
    if reading.kind == "programme_closed":
        return replace(state, closed_on=reading.effective_on)
    partners = dict(state.partners)
    for partner in reading.facts.get("add_partners", ()):
        if partner["code"] in partners:
            _refuse(reading, "partner-new", f"partner {partner['code']} is there already", "change_partners")
        partners[partner["code"]] = partner
    for partner in reading.facts.get("change_partners", ()):
        if partner["code"] not in partners:
            _refuse(reading, "partner-known", f"partner {partner['code']} is not in the register", "add_partners")
        partners[partner["code"]] = partner
    _refuse_unknown_parents(partners, reading)
    return replace(state, details=changed_members(state.details, reading.facts.get("changes", {})), partners=partners)


def _refuse_unknown_parents(partners: Mapping[str, Facts], reading: Reading) -> None:
    for partner in partners.values():
        if (partner.get("parent") or partner["code"]) not in partners:
            _refuse(reading, "parent-known", f"the parent of {partner['code']}, {partner['parent']}, is not registered",
                    "a code of the same register")  # fmt: skip


def _refuse(reading: Reading, rule: str, message: str, accepted: str) -> None:
    raise Refused(rule, f"entry {reading.version} ({reading.kind}) cannot stand: {message}", accepted, reading.version)


class Programme(BaseAggregate[UUID]):
    """A programme with its history."""

    TOPIC = "programme"

    class Event(AggregateEvent):
        """An entry, with the texts that are kept apart from it (empty when it is read back)."""

        TOPIC: ClassVar[str]
        entry: Entry
        texts: Mapping[str, Any]

        def apply(self, aggregate: Any) -> None:
            """Take the entry into the history."""
            aggregate.entries.append(self.entry)
            aggregate.state = None

    class Published(Event, AggregateCreated):
        TOPIC = "programme.programme_published"

    class Amended(Event):
        TOPIC = "programme.programme_amended"

    class Closed(Event):
        TOPIC = "programme.programme_closed"

    class Rectified(Event):
        TOPIC = "programme.rectified"

    class Retracted(Event):
        TOPIC = "programme.retracted"

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.state: ProgrammeState | None = None

    @staticmethod
    def id_of(code: str) -> UUID:
        """Give the stream id of a programme."""
        return stream_id(f"programme:{code}")

    @property
    def now(self) -> ProgrammeState:
        """The programme after everything that is known."""
        if self.state is None:
            self.state = fold_programme(known(self.entries).in_order())
            assert self.state is not None
        return self.state

    @classmethod
    def publish(cls, body: dict[str, Any], act: Act) -> "Programme":
        """Begin the history of a programme; it counts from the day of adoption."""
        checked(PROGRAMME_EVENTS["programme_published"], body)
        effective_on = day_of_effect(body["occurred_on"], act, 1)
        entry, texts = entry_of("programme_published", 1, body, effective_on, act)
        fold_programme(known([entry]).in_order())
        return cls._create(
            cls.Published,
            id=cls.id_of(body["details"]["code"]),
            timestamp=act.recorded_at,
            entry=entry,
            texts=texts,
        )

    def record(self, kind: str, body: dict[str, Any], act: Act) -> None:
        """Record one more entry, or refuse it if the history would then break a rule."""
        version = self.version + 1
        if kind in CORRECTIONS:
            body, effective_on = corrections.prepared(kind, body, self.entries, act)
        elif kind in EVENTS and kind != "programme_published":
            checked(PROGRAMME_EVENTS[kind], body)
            refuse_taken_id(body, self.entries)
            effective_on = day_of_effect(body["occurred_on"], act, version)
        else:
            others = [each for each in EVENTS if each != "programme_published"]
            raise Invalid([Fault("/kind", f"“{kind[:60]}” cannot be recorded here", " | ".join(others))])
        entry, texts = entry_of(kind, version, body, effective_on, act)
        after = fold_programme(known([*self.entries, entry]).in_order())
        lost = self.now.partners.keys() - (after.partners.keys() if after else set())
        if lost:
            raise Refused(
                "register-only-grows",
                f"partners would leave the register: {', '.join(sorted(lost))}",
                "change_partners, or a correction that keeps every code",
                version,
            )
        event = cast("type[Programme.Event]", EVENTS[kind])
        self.trigger_event(event, timestamp=act.recorded_at, entry=entry, texts=texts)


EVENTS: Final[Mapping[str, type]] = {
    cls.TOPIC.removeprefix("programme."): cls
    for cls in vars(Programme).values()
    if isinstance(cls, type) and issubclass(cls, Programme.Event) and cls is not Programme.Event
}
