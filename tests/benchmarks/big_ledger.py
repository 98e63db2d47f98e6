"""A big ledger for the benchmarks: many commitments, each with a long history, recorded day by day.

Everything is drawn from one seed, so that the same arguments give the same ledger but for the salts of its texts.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from application.access import Caller
from application.recording import Request, publish_programme
from domain import corrections
from domain.commitment import Commitment
from domain.correction_register import corrected_by
from domain.entry import Entry
from domain.errors import Refused
from domain.history import History
from domain.merkle import Frontier
from domain.recording import Act, day_of_effect, entry_of
from domain.replay import known
from domain.vocabulary import CORRECTION_KINDS
from infrastructure.database.engines import Database
from infrastructure.reading.read_models import Projection, StreamHead
from infrastructure.recording.codec import Draft, RecordedEvent, entry_form
from infrastructure.recording.tail import Tail, lock_tail
from infrastructure.recording.writer import Writer

FIRST_DAY: Final = date(2020, 1, 1)
DAYS_BETWEEN: Final = 14.6
"""Days from one entry of a commitment to the next: a hundred entries in four years."""

_BATCH: Final = 5_000
_PARTNERS: Final = tuple(f"P{number:02}" for number in range(40))
_THEMES: Final = ("cyber", "defence", "maritime", "space", "training", "women-peace-security")
_RATINGS: Final = ("no_evidence", "not_met", "limited", "substantial", "full")
_EVIDENCE: Final = [
    {"title": "Joint declaration", "grade": "B", "publisher": "The Council", "url": "https://example.org/declaration"},
    {"title": "Annual progress report", "grade": "A", "published_on": "2021-06-30"},
]
_STATEMENT: Final = "The parties met, took stock of the work and agreed on the next steps, as the minutes say."
_PROGRAMME: Final = {
    "code": "big",
    "title": "A big programme",
    "publisher": "The Council",
    "adopted_on": FIRST_DAY.isoformat(),
    "partners": [{"code": code, "name": f"Partner {code}", "type": "country"} for code in _PARTNERS],
}

# How often what follows a start, of a thousand entries.
_MIX: Final = (
    ("progressed", "reviewed", "slipped", "rebaselined", "evidence_added", "achieved", "suspended", "amended",
     "correction"),
    (846, 50, 30, 25, 25, 10, 8, 5, 1),
)  # fmt: skip
_REOPENED: Final = 0.2
_LONG_AGO: Final = 0.03


@dataclass(frozen=True, slots=True)
class _Event:
    """What the form of an entry is made of, without the aggregate that would have given it."""

    entry: Entry
    texts: Mapping[str, Any]


class BigLedger:
    """Records the next entries of every commitment, one each in a turn of about two weeks.

    The entries are decided, stored and projected by the code that the writer uses; left out are the checks of bodies
    that are right by construction, and waiting for the disk.
    """

    def __init__(self, url: str, commitments: int, seed: int = 1) -> None:
        self._database = Database(url)
        self._database.migrate()
        self._chance = [random.Random(f"{seed} {number}") for number in range(commitments)]
        self._histories = [History() for _ in range(commitments)]
        self._heads = [
            StreamHead(Commitment.id_of(name), "commitment", name, _PROGRAMME["code"])
            for name in (f"B-{number:05}" for number in range(commitments))
        ]
        self._frontier: Frontier | None = None
        writer = Writer(self._database, ZoneInfo("UTC"), lambda: _morning(FIRST_DAY))
        writer.record(publish_programme(Request(Caller("rec-1", "recorder"), _PROGRAMME)))
        writer.close()

    def record(self, entries_each: int) -> None:
        """Record as many more entries of every commitment."""
        first = len(self._histories[0].entries)
        planned = sorted(
            (int((turn + chance.random()) * DAYS_BETWEEN), number)
            for number, chance in enumerate(self._chance)
            for turn in range(first, first + entries_each)
        )
        for start in range(0, len(planned), _BATCH):
            with self._database.writing() as connection:
                tail, projection = lock_tail(connection, entry_form, self._frontier), Projection()
                for day, number in planned[start : start + _BATCH]:
                    self._append(FIRST_DAY + timedelta(days=day), number, tail, projection)
                tail.write(connection)
                projection.write(connection)
                self._frontier = tail.frontier

    def _append(self, day: date, number: int, tail: Tail, projection: Projection) -> None:
        history, head, chance = self._histories[number], self._heads[number], self._chance[number]
        kind, body = _next(history, head.reference, day, chance)
        role = "reviewer" if kind == "reviewed" else "recorder"
        act = Act(tail.position + 1, tail.next_instant(_morning(day)), day, f"{role[:3]}-1", role)
        try:
            entry, texts = _decided(history, kind, body, act)
        except Refused:  # what lies long ago, or is corrected, may not fit in with the rest
            entry, texts = _decided(history, *_evidence(history, day), act)
        change = history.change(entry)
        topic = f"commitment.{entry.kind}"
        event = cast("RecordedEvent", _Event(entry, texts))
        draft = Draft(head.stream, entry.version, topic, b"", event, head.reference, internal=False)
        tail.append(draft, act.recorded_at)
        history.add(entry)
        corrected = corrected_by(entry, history.entries) if entry.is_correction else ()
        projection.take(head, entry, change, corrected)

    def flush(self) -> None:
        """Bring everything into the one file, so that it can be copied."""
        assert self._database.scrub()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def _decided(history: History, kind: str, body: dict[str, Any], act: Act) -> tuple[Entry, dict[str, Any]]:
    version = len(history.entries) + 1
    if kind in CORRECTION_KINDS:
        body, effective_on = corrections.prepared(kind, body, history.entries, act)
    else:
        effective_on = day_of_effect(body["occurred_on"], act, version)
    entry, texts = entry_of(kind, version, body, effective_on, act)
    history.prepare(entry)
    return entry, texts


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


Said = tuple[str, dict[str, Any]]
"""A kind and the body of an entry."""


def _next(history: History, reference: str, day: date, chance: random.Random) -> Said:
    """Draw what is recorded next: something that may follow on the state."""
    if not history.entries:
        return _announcement(reference, day, chance)
    state = history.state
    if state.suspended:
        return _said("resumed", day)
    if state.outcome == "achieved":
        return _said("reopened", day) if chance.random() < _REOPENED else _evidence(history, day)
    if state.stage == "announced":
        return _said("started", day)
    return _further(chance.choices(*_MIX)[0], history, day, chance)


def _further(kind: str, history: History, day: date, chance: random.Random) -> Said:
    if kind == "progressed":
        return _said(kind, _before(day, chance), quantity="3", unit="meetings")
    if kind == "correction":
        return _correction(history, day, chance)
    if kind == "evidence_added":
        return _evidence(history, day)
    more: dict[str, Any] = {}
    if kind == "reviewed":
        more = {"rating": chance.choice(_RATINGS), "independence": "peer", "reviewer": "The review board"}
    elif kind == "slipped":
        more = {"forecast": _later(day, 200), "cause": "The talks took longer."}
    elif kind == "rebaselined":
        more = {"due": _later(day, chance.randrange(90, 500)), "authority": "Decision of the council"}
    elif kind == "achieved":
        more = {"evidence": _EVIDENCE, "concludes": True}
    elif kind == "amended":
        more = {"changes": {"title": f"What was promised, as worded on {day}"}}
    return _said(kind, day, **more)


def _correction(history: History, day: date, chance: random.Random) -> Said:
    """Correct the last entry that says no more than that something was done."""
    for entry in reversed(history.entries):
        if entry.kind == "progressed" and entry.version in known(history.entries).readings:
            if chance.random() < 0.3:
                return "retracted", {"entry": entry.version, "reason": "It was told of another commitment."}
            moved = {"occurred_on": _later(entry.effective_on, -2), "statement": "The parties met two days before."}
            return "rectified", {"entry": entry.version, "changes": moved, "reason": "The minutes say so."}
    return _evidence(history, day)


def _evidence(history: History, day: date) -> Said:
    return _said("evidence_added", day, entry=len(history.entries), evidence=_EVIDENCE[1:])


def _before(day: date, chance: random.Random) -> date:
    """Give the day of something recorded on *day*: mostly of the last days, sometimes long ago."""
    return day - timedelta(days=chance.randrange(60, 200) if chance.random() < _LONG_AGO else chance.randrange(10))


def _later(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()


def _said(kind: str, day: date, **more: Any) -> Said:
    return kind, {"occurred_on": day.isoformat(), "statement": _STATEMENT, **more}


def _announcement(reference: str, day: date, chance: random.Random) -> Said:
    recurring = chance.random() < 0.1
    due = _later(day, chance.randrange(200, 1_600))
    frame = {"wording": "By the end of the period", **({} if chance.random() < 0.1 else {"due": due})}
    commitment = {
        "reference": reference,
        "programme": _PROGRAMME["code"],
        "title": f"Take the steps that were agreed under {reference}",
        "summary": "The parties will take the steps that were agreed, and say every year how far they have come.",
        "kind": "recurring" if recurring else "one_off",
        "tier": chance.choices(("deliverable", "action", "narrative"), (3, 5, 2))[0],
        "timeframe": frame | ({"recurrence": "P1Y", "anchor": due} if recurring else {}),
        "partners": sorted(chance.sample(_PARTNERS, chance.randrange(4))),
        "themes": sorted(chance.sample(_THEMES, 1 + chance.randrange(2))),
        "source": {"document": "The declaration", "location": "chapter 3", "line": chance.randrange(1, 900)},
        "visibility": "public",
    }
    return "announced", {"occurred_on": day.isoformat(), "commitment": commitment}
