"""The ledger's own stream: who was given which right, and what was done to the ledger itself."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from eventsourcing.domain import AggregateCreated, AggregateEvent, BaseAggregate

from domain.entry import Entry
from domain.fields import checked
from domain.publication import Publications
from domain.recording import Act, day_of_effect, entry_of, stream_id
from domain.rights import Rights
from domain.shapes import LEDGER_EVENTS

REFERENCE: Final = "ledger"
STREAM: Final = stream_id(REFERENCE)


class LedgerStream(BaseAggregate[UUID]):
    """What was done to the ledger, and who may do what by it."""

    TOPIC = "ledger"

    class Event(AggregateEvent):
        """An entry, with the texts that are kept apart from it (empty when it is read back)."""

        TOPIC: ClassVar[str]
        entry: Entry
        texts: Mapping[str, Any]

        def apply(self, aggregate: Any) -> None:
            """Take the entry into the rights and settings."""
            aggregate.rights.take(self.entry)
            aggregate.publications.take(self.entry)
            if self.entry.kind == "setting_changed":
                aggregate.settings[self.entry.facts["setting"]] = self.entry.facts.get("to", "")

    class Opened(Event, AggregateCreated):
        """The stream's first entry, whatever its kind: the kind stands in the entry."""

        TOPIC = "ledger.opened"

    class Erased(Event):
        TOPIC = "ledger.erased"

    class KeyRotated(Event):
        TOPIC = "ledger.key_rotated"

    class Recovered(Event):
        TOPIC = "ledger.recovered"

    class ActorRegistered(Event):
        TOPIC = "ledger.actor_registered"

    class RoleGranted(Event):
        TOPIC = "ledger.role_granted"

    class RoleRevoked(Event):
        TOPIC = "ledger.role_revoked"

    class SettingChanged(Event):
        TOPIC = "ledger.setting_changed"

    class TokenCreated(Event):
        TOPIC = "ledger.token_created"

    class TokenRevoked(Event):
        TOPIC = "ledger.token_revoked"

    class ReportIssued(Event):
        TOPIC = "ledger.report_issued"

    class VisibilityChanged(Event):
        TOPIC = "ledger.visibility_changed"

    def __init__(self) -> None:
        self.rights = Rights()
        self.publications = Publications()
        self.settings: dict[str, str] = {}
        """Values of settings as they were recorded last; empty text for none."""

    @classmethod
    def open(cls, kind: str, body: dict[str, Any], act: Act) -> "LedgerStream":
        """Record the first entry."""
        entry, texts = _entry(kind, 1, body, act)
        return cls._create(cls.Opened, id=STREAM, timestamp=act.recorded_at, entry=entry, texts=texts)

    def record(self, kind: str, body: dict[str, Any], act: Act) -> None:
        """Record one more entry."""
        entry, texts = _entry(kind, self.version + 1, body, act)
        event = cast("type[LedgerStream.Event]", EVENTS[kind])
        self.trigger_event(event, timestamp=act.recorded_at, entry=entry, texts=texts)


EVENTS: Final[Mapping[str, type]] = {
    cls.TOPIC.removeprefix("ledger."): cls
    for cls in vars(LedgerStream).values()
    if isinstance(cls, type) and issubclass(cls, LedgerStream.Event) and cls is not LedgerStream.Event
}


def _entry(kind: str, version: int, body: dict[str, Any], act: Act) -> tuple[Entry, dict[str, Any]]:
    body = {"occurred_on": act.recorded_on.isoformat()} | body
    checked(LEDGER_EVENTS[kind], body)
    return entry_of(kind, version, body, day_of_effect(body["occurred_on"], act, version), act)
