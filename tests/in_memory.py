"""A ledger in memory: records through the aggregates, and is the View that the use cases read from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from domain.answers import ERASED, CommitmentAt, Kept, Moment, RecordedEntry
from domain.commitment import Commitment
from domain.correction_register import Registered, corrections_of
from domain.entry import Entry, TextAt
from domain.programme import Programme, ProgrammeState, programme_at
from domain.publication import NEVER
from domain.recording import Act
from domain.replay import StatusStep, known, spans, state_at, status_steps

FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
PARTNERS: Final = (
    {"code": "NATO", "name": "North Atlantic Treaty Organization", "type": "organisation"},
    {"code": "UN", "name": "United Nations", "type": "organisation"},
    {"code": "EDA", "name": "European Defence Agency", "type": "body", "role": "implementer"},
)
EVIDENCE: Final = [{"title": "Joint declaration", "grade": "B", "url": "https://example.org/declaration"}]


class InMemoryLedger:
    """Every entry is recorded a minute after the one before it, from the first of January 2026."""

    def __init__(self) -> None:
        self.all: list[RecordedEntry] = []
        self.texts_of: dict[int, dict[str, Any]] = {}
        self.aggregates: dict[UUID, Commitment | Programme] = {}

    # Recording

    def publish(self, code: str = "pp", *, partners: Sequence[Mapping[str, Any]] = PARTNERS, **more: Any) -> None:
        body = {"code": code, "title": f"Programme {code}", "adopted_on": "2022-03-21", "partners": [*partners], **more}
        self._keep(Programme.publish({"occurred_on": "2022-03-21", "details": body}, self._act()), code, code)

    def amend(self, code: str, kind: str = "programme_amended", *, on: str = "2023-01-01", **more: Any) -> int:
        programme = self.aggregates[Programme.id_of(code)]
        assert isinstance(programme, Programme)
        programme.record(kind, {"occurred_on": on, "statement": "So decided.", **more}, self._act())
        return self._keep(programme, code, code)

    def announce(
        self, reference: str, *, on: str = "2022-03-21", due: str | None = None, programme: str = "pp", **more: Any
    ) -> None:
        frame = {"wording": "As soon as possible", **({"due": due} if due else {}), **more.pop("timeframe", {})}
        commitment = {
            "reference": reference, "programme": programme, "title": f"Commitment {reference}", "kind": "one_off",
            "tier": "deliverable", "timeframe": frame, **more,
        }  # fmt: skip
        body = {"occurred_on": on, "commitment": commitment}
        self._keep(Commitment.announce(body, self._act(), self._register(programme)), reference, programme)

    def record(self, reference: str, kind: str, on: str = "2022-06-01", **more: Any) -> int:
        """Give the position."""
        commitment = self.aggregate(reference)
        programme = commitment.history.state.details["programme"]
        needed = {"evidence": EVIDENCE} if kind == "achieved" else {}
        body = {"occurred_on": on, "statement": f"It was {kind}.", **needed, **more}
        if kind in ("rectified", "retracted"):
            body = {"reason": "The source says otherwise.", **more}
        commitment.record(kind, body, self._act(), self._register(programme))
        return self._keep(commitment, reference, programme)

    def erase(self, position: int, member: str) -> None:
        del self.texts_of[position][member]
        recorded = self.all[position - 1]
        kept = recorded.prose | {member: replace(recorded.prose[member], salt=None, value=None)}
        self.all[position - 1] = replace(recorded, prose=kept)

    def _act(self) -> Act:
        size = len(self.all)
        return Act(size + 1, FIRST + timedelta(minutes=size), date(2026, 1, 1), "clerk", "recorder")

    def _register(self, code: str) -> set[str]:
        programme = self.aggregates[Programme.id_of(code)]
        assert isinstance(programme, Programme)
        return set(programme.now.partners)

    def _keep(self, aggregate: Commitment | Programme, reference: str, code: str) -> int:
        (event,) = aggregate.collect_events()
        entry, texts = event.entry, dict(event.texts)
        self.aggregates[aggregate.id] = aggregate
        self.texts_of[entry.position] = texts
        prose = {name: Kept(sha256(repr(value).encode()).hexdigest(), "00", value) for name, value in texts.items()}
        leaf = sha256(repr(entry).encode()).digest()
        details = (entry.facts.get("commitment") or entry.facts.get("details") or {}) if entry.version == 1 else {}
        internal = details.get("visibility") == "internal" or self._is_internal(aggregate.id, code)
        public_from = NEVER if internal else 0
        self.all.append(RecordedEntry(entry, aggregate.id, code, reference, public_from, leaf, prose))
        return entry.position

    def _is_internal(self, stream: UUID, code: str) -> bool:
        return any(each.public_from for each in self.all if each.stream in (stream, Programme.id_of(code)))

    def aggregate(self, reference: str) -> Commitment:
        found = self.aggregates[Commitment.id_of(reference)]
        assert isinstance(found, Commitment)
        return found

    # The view

    @property
    def head(self) -> Moment:
        return self.moment(len(self.all))

    def moment(self, log_size: int) -> Moment:
        return Moment(log_size, self.all[log_size - 1].entry.recorded_at if log_size else None)

    def size_known_at(self, instant: datetime) -> int:
        return sum(each.entry.recorded_at <= instant for each in self.all)

    def commitments(self, as_of: date, log_size: int) -> Sequence[CommitmentAt]:
        firsts = [each for each in self.all if each.entry.kind == "announced"]
        found = (self.commitment(each.reference, as_of, log_size) for each in sorted(firsts, key=_by_reference))
        return [each for each in found if each is not None]

    def commitment(self, reference: str, as_of: date, log_size: int) -> CommitmentAt | None:
        stream = Commitment.id_of(reference)
        entries = self.entries(stream, log_size)
        state = state_at(entries, as_of, log_size) if entries else None
        if state is None:
            return None
        first = next(each for each in self.all if each.stream == stream)
        return CommitmentAt(reference, first.programme or "", first.is_internal(log_size), len(entries), state)

    def relating_to(self, reference: str, as_of: date, log_size: int) -> Sequence[CommitmentAt]:
        return [
            each
            for each in self.commitments(as_of, log_size)
            if any(relation["reference"] == reference for relation in each.state.details.get("relations", ()))
        ]

    def status_courses(self, log_size: int) -> Iterable[tuple[str, Sequence[StatusStep]]]:
        for each in self.all[:log_size]:
            if each.entry.kind == "announced":
                yield each.reference, status_steps(spans(known(self.entries(each.stream, log_size)).in_order()))

    def programmes(self, as_of: date, log_size: int) -> Sequence[tuple[ProgrammeState, int, bool]]:
        found = []
        for each in sorted(self.all, key=_by_reference):
            if each.entry.kind == "programme_published":
                entries = self.entries(each.stream, log_size)
                state = programme_at(entries, as_of, log_size) if entries else None
                if state is not None:
                    found.append((state, len(entries), each.is_internal(log_size)))
        return found

    def entries(self, stream: UUID, log_size: int) -> Sequence[Entry]:
        return [each.entry for each in self.recorded(stream=stream, up_to=log_size)]

    def recorded(
        self, *, stream: UUID | None = None, after: int = 0, up_to: int, limit: int | None = None
    ) -> Iterator[RecordedEntry]:
        found = [each for each in self.all[after:up_to] if stream in (None, each.stream)]
        yield from found[:limit]

    def touched(self, since: date, until: date, log_size: int) -> Sequence[UUID]:
        return [
            stream
            for stream, aggregate in self.aggregates.items()
            if isinstance(aggregate, Commitment)
            and any(
                since < reading.effective_on <= until
                for reading in known(self.entries(stream, log_size)).readings.values()
            )
        ]

    def settings_changed(self, log_size: int) -> Sequence[Entry]:
        return [each.entry for each in self.all[:log_size] if each.entry.kind == "setting_changed"]

    def corrections(self, after: int, log_size: int) -> Sequence[Registered]:
        found = []
        for each in self.all[after:log_size]:
            for correction in corrections_of(each.reference, self.entries(each.stream, log_size), after):
                if correction.entry.position == each.entry.position:
                    found.append(Registered(correction, each.programme, each.is_internal(log_size)))
        return found

    def texts(self, wanted: Iterable[TextAt]) -> Mapping[TextAt, Any]:
        return {way: self.value_of(way) for way in wanted}

    def value_of(self, way: TextAt) -> Any:
        found: Any = self.texts_of[int(way[0])]
        if way[1] not in found:
            return ERASED
        for step in way[1:]:
            found = found[step]
        return found

    def root(self, log_size: int) -> bytes:
        return sha256(b"".join(each.leaf_hash for each in self.all[:log_size])).digest()


def _by_reference(recorded: RecordedEntry) -> str:
    return recorded.reference
