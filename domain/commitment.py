"""The aggregate: what may be recorded about a commitment, and the events with their stored names."""

from collections.abc import Iterator, Mapping, Set
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from eventsourcing.domain import AggregateCreated, AggregateEvent, BaseAggregate

from domain import corrections
from domain.entry import Entry
from domain.errors import Fault, Invalid, Refused
from domain.fields import checked
from domain.history import CourseChange, History
from domain.recording import Act, day_of_effect, entry_of, refuse_taken_id, stream_id, unregistered
from domain.shapes import COMMITMENT_EVENTS, CORRECTIONS


class Commitment(BaseAggregate[UUID]):
    """One promise with its history. All that is said of it is folded from its entries (`domain.replay`)."""

    TOPIC = "commitment"

    class Event(AggregateEvent):
        """An entry, with the texts that are kept apart from it (empty when it is read back)."""

        TOPIC: ClassVar[str]
        entry: Entry
        texts: Mapping[str, Any]

        def apply(self, aggregate: Any) -> None:
            """Take the entry into the history."""
            aggregate.history.add(self.entry)

    class Announced(Event, AggregateCreated):
        TOPIC = "commitment.announced"

    class Started(Event):
        TOPIC = "commitment.started"

    class Progressed(Event):
        TOPIC = "commitment.progressed"

    class Reviewed(Event):
        TOPIC = "commitment.reviewed"

    class Achieved(Event):
        TOPIC = "commitment.achieved"

    class Slipped(Event):
        TOPIC = "commitment.slipped"

    class Rebaselined(Event):
        TOPIC = "commitment.rebaselined"

    class Suspended(Event):
        TOPIC = "commitment.suspended"

    class Resumed(Event):
        TOPIC = "commitment.resumed"

    class Abandoned(Event):
        TOPIC = "commitment.abandoned"

    class Superseded(Event):
        TOPIC = "commitment.superseded"

    class Reopened(Event):
        TOPIC = "commitment.reopened"

    class OccurrenceHeld(Event):
        TOPIC = "commitment.occurrence_held"

    class OccurrenceMissed(Event):
        TOPIC = "commitment.occurrence_missed"

    class Amended(Event):
        TOPIC = "commitment.amended"

    class EvidenceAdded(Event):
        TOPIC = "commitment.evidence_added"

    class Rectified(Event):
        TOPIC = "commitment.rectified"

    class Retracted(Event):
        TOPIC = "commitment.retracted"

    history: History
    course_changes: list[CourseChange]

    def __init__(self) -> None:
        self.history = History()
        self.course_changes = []

    @staticmethod
    def id_of(reference: str) -> UUID:
        """Give the stream id of a commitment."""
        return stream_id(f"commitment:{reference}")

    @classmethod
    def announce(cls, body: dict[str, Any], act: Act, register: Set[str]) -> "Commitment":
        """Begin the history of a commitment; *register* holds the partner codes of its programme."""
        checked(COMMITMENT_EVENTS["announced"], body)
        commitment = body["commitment"]
        _refuse_unregistered(body, register)
        effective_on = day_of_effect(body["occurred_on"], act, 1)
        entry, texts = entry_of("announced", 1, body, effective_on, act)
        first = History().change(entry)
        commitment = cls._create(
            cls.Announced, id=cls.id_of(commitment["reference"]), timestamp=act.recorded_at, entry=entry, texts=texts
        )
        commitment.course_changes.append(first)
        return commitment

    def record(self, kind: str, body: dict[str, Any], act: Act, register: Set[str]) -> None:
        """Record one more entry, or refuse it if any entry of the history would then break a rule."""
        version = self.version + 1
        if kind in CORRECTIONS:
            self._record_correction(kind, body, act, register)
            return
        if kind == "announced" or kind not in COMMITMENT_EVENTS:
            others = [each for each in (*COMMITMENT_EVENTS, *CORRECTIONS) if each != "announced"]
            raise Invalid([Fault("/kind", f"“{kind[:60]}” cannot be recorded here", " | ".join(others))])
        checked(COMMITMENT_EVENTS[kind], body)
        _refuse_unregistered(body, register)
        refuse_taken_id(body, self.history.entries)
        if kind == "evidence_added" and body["entry"] > self.version:
            raise Refused(
                "earlier-entry", f"there is no entry {body['entry']}", f"an entry from 1 to {self.version}", version
            )
        effective_on = day_of_effect(body["occurred_on"], act, version)
        self._append(kind, body, effective_on, act)

    def _record_correction(self, kind: str, body: dict[str, Any], act: Act, register: Set[str]) -> None:
        body, effective_on = corrections.prepared(kind, body, self.history.entries, act)
        _refuse_unregistered(body, register)
        self._append(kind, body, effective_on, act)

    def collect_course_changes(self) -> list[CourseChange]:
        """Give what each pending event changed in the course, in the order of the events, and forget it."""
        collected, self.course_changes = self.course_changes, []
        return collected

    def _append(self, kind: str, body: dict[str, Any], effective_on: str, act: Act) -> None:
        entry, texts = entry_of(kind, self.version + 1, body, effective_on, act)
        self.history.prepare(entry)
        self.course_changes.append(self.history.change(entry))
        event = cast("type[Commitment.Event]", EVENTS[kind])
        self.trigger_event(event, timestamp=act.recorded_at, entry=entry, texts=texts)


EVENTS: Final[Mapping[str, type]] = {
    cls.TOPIC.removeprefix("commitment."): cls
    for cls in vars(Commitment).values()
    if isinstance(cls, type) and issubclass(cls, Commitment.Event) and cls is not Commitment.Event
}


def _refuse_unregistered(body: Mapping[str, Any], register: Set[str]) -> None:
    """Every partner code of an entry, of a commitment and of changes must stand in the programme's register."""
    faults = [fault for at, members in _naming_partners("", body) for fault in unregistered(members, at, register)]
    if faults:
        raise Invalid(faults)


def _naming_partners(pointer: str, members: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the objects in which partner codes may stand: an `amended` entry has changes, and these can be changed."""
    yield pointer, members
    for name in ("commitment", "changes"):
        if members.get(name):
            yield from _naming_partners(f"{pointer}/{name}", members[name])
    for index, each in enumerate(members.get("corrections") or ()):
        yield from _naming_partners(f"{pointer}/corrections/{index}/changes", each["changes"])
