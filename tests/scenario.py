"""Given, when, then for one commitment: positions, instants and days of recording are handed out here.

A story is told in entries. Each takes place on the day after the one before it, unless the test names a day, and is
recorded long afterwards, unless the test moves `today`. Entries of other streams stand between those of the story,
so that a position is never mistaken for a version.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import pytest

from domain.commitment import Commitment
from domain.entry import TextAt
from domain.errors import Fault, Invalid, Refusal, Refused
from domain.lifecycle import State
from domain.recording import Act
from domain.replay import Span, known, spans, state_at
from domain.timeliness import Standing, standing

REFERENCE: Final = "SC-1"
REGISTER: Final = frozenset({"EU", "NATO", "UN", "OSCE", "JPN"})
LATER: Final = date(2030, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
DECLARATION: Final = {"title": "Joint declaration", "grade": "A"}

# What each kind cannot do without, so that a test names only what it is about.
NEEDED: Final[Mapping[str, Mapping[str, Any]]] = {
    "reviewed": {"rating": "limited", "independence": "peer"},
    "achieved": {"evidence": [DECLARATION]},
    "rebaselined": {"authority": "Council conclusions"},
    "abandoned": {"formal": True},
    "superseded": {"successors": ["SC-2"]},
    "occurrence_held": {"ordinal": 1},
    "occurrence_missed": {"ordinal": 1},
    "amended": {"changes": {"title": "A better title"}},
    "evidence_added": {"entry": 1, "evidence": [DECLARATION]},
    "rectified": {"reason": "The minutes say otherwise"},
    "retracted": {"reason": "Recorded by mistake"},
}
_MEMBERS_OF_TIMEFRAME: Final = ("wording", "start_by", "due", "alternative_due", "recurrence", "anchor")


class Story:
    """One commitment and everything that was recorded about it."""

    def __init__(self, announcement: dict[str, Any], recorded_on: date = LATER) -> None:
        self.today = recorded_on
        self.position = 3
        self.rows: list[dict[str, Any]] = []
        self.texts: dict[int, Mapping[str, Any]] = {}
        self._sent(announcement, self._announce, "announced")

    def _announce(self, body: dict[str, Any], act: Act) -> None:
        self.commitment = Commitment.announce(body, act, REGISTER)

    def on(self, day: str) -> "Story":
        """From now on entries are recorded on *day*."""
        self.today = date.fromisoformat(day)
        return self

    def happened(self, kind: str, on: str | None = None, **fields: Any) -> "Story":
        """Record an entry; what its kind needs and the test does not say is filled in."""
        self.send(kind, self.body(kind, on, **fields))
        return self

    def rectified(self, entry: int, /, **changes: Any) -> "Story":
        return self.happened("rectified", entry=entry, changes=changes)

    def retracted(self, *entries: int) -> "Story":
        return self.happened("retracted", **_named(entries))

    def body(self, kind: str, on: str | None = None, **fields: Any) -> dict[str, Any]:
        """Give the body that `happened` would send."""
        body: dict[str, Any] = {**deepcopy(NEEDED.get(kind, {})), **fields}
        if kind not in ("rectified", "retracted"):
            body = {"statement": f"It was {kind}.", "occurred_on": on or self._next_day(), **body}
            if kind == "rebaselined" and not {"due", "start_by"} & body.keys():
                body["due"] = "2028-12-31"
        elif on is not None:
            body["occurred_on"] = on
        return body

    def _next_day(self) -> str:
        latest = max(entry.effective_on for entry in self.commitment.history.entries if not entry.is_correction)
        return min(latest + timedelta(days=1), self.today).isoformat()

    def send(self, kind: str, body: dict[str, Any]) -> None:
        """Record exactly this body."""
        self._sent(body, lambda body, act: self.commitment.record(kind, body, act, REGISTER), kind)

    def answer(self, kind: str, body: dict[str, Any]) -> Refusal | None:
        """Send exactly this body; give the refusal, None if it was recorded."""
        try:
            self.send(kind, body)
        except Refusal as refusal:
            return refusal
        return None

    def _sent(self, body: dict[str, Any], take: Callable[[dict[str, Any], Act], None], kind: str) -> None:
        position = self.position + 1 + len(self.rows) % 2
        instant = datetime.combine(self.today, time(9), UTC) + timedelta(seconds=position)
        row = self.row(kind, body, position)
        take(body, Act(position, instant, self.today, "recorder-1", "recorder"))
        self.position = position
        self.rows.append(row)
        self.texts[position] = self.commitment.pending_events[-1].texts

    def row(self, kind: str, body: dict[str, Any], position: int = 0) -> dict[str, Any]:
        """Give what the naive model is told of an entry."""
        return {
            "position": position or self.position + 2,
            "version": len(self.rows) + 1,
            "kind": kind,
            "recorded_on": self.today.isoformat(),
            "body": deepcopy(body),
        }

    def refusal(self, kind: str, on: str | None = None, **fields: Any) -> Refused:
        """Try to record an entry and give the refusal; nothing may have changed."""
        refused = self._refused(Refused, kind, on, **fields)
        assert isinstance(refused, Refused)
        return refused

    def faults(self, kind: str, on: str | None = None, **fields: Any) -> tuple[Fault, ...]:
        """Try to record an entry and give what is wrong with its fields; nothing may have changed."""
        invalid = self._refused(Invalid, kind, on, **fields)
        assert isinstance(invalid, Invalid)
        return invalid.faults

    def _refused(self, error: type[Exception], kind: str, on: str | None, **fields: Any) -> Exception:
        before = self.picture()
        with pytest.raises(error) as raised:
            self.happened(kind, on, **fields)
        assert self.picture() == before
        return raised.value

    def picture(self) -> tuple[object, ...]:
        """Everything that a refused command must leave as it was."""
        history = self.commitment.history
        return (
            self.commitment.version,
            len(self.commitment.pending_events),
            list(history.entries),
            list(history.course),
            deepcopy(self.rows),
        )

    @property
    def state(self) -> State:
        """The state after everything."""
        return self.commitment.history.state

    @property
    def status(self) -> str:
        return self.state.status

    @property
    def latest(self) -> int:
        """The version of the last entry."""
        return len(self.rows)

    def log_size(self, version: int | None = None) -> int:
        """How many entries the ledger held once the entry *version* (None: the last) was in it."""
        return self.rows[-1 if version is None else version - 1]["position"]

    def at(self, as_of: str, version: int | None = None) -> State | None:
        """Give the state on a day, as known right after the entry *version* (None: now)."""
        return state_at(self.commitment.history.entries, date.fromisoformat(as_of), self.log_size(version))

    def there(self, as_of: str, version: int | None = None) -> State:
        """The same, where there must be one."""
        state = self.at(as_of, version)
        assert state is not None
        return state

    def standing(self, as_of: str, version: int | None = None) -> Standing:
        return standing(self.there(as_of, version), date.fromisoformat(as_of))

    def course(self, log_size: int) -> list[Span]:
        """Give the spans at one log size, folded from zero."""
        return spans(known([each for each in self.commitment.history.entries if each.position <= log_size]).in_order())

    def seen(self, as_of: date, log_size: int) -> dict[str, Any] | None:
        """Give state and standing in the words of the naive model."""
        state = state_at(self.commitment.history.entries, as_of, log_size)
        return None if state is None else in_words(state, standing(state, as_of), self.text_at)

    def found_at(self, where: TextAt) -> Any:
        """Follow a pointer to a text, or to the texts of evidence."""
        found: Any = self.texts[int(where[0])]
        for step in where[1:]:
            found = found[step]
        return found

    def text_at(self, where: TextAt | None) -> str | None:
        return None if where is None else str(self.found_at(where))


def in_words(state: State, stands: Standing, text_at: Callable[[TextAt | None], str | None]) -> dict[str, Any]:
    """Flatten a state and its standing to the answers of the naive model."""
    said, target = state.assessment, state.target
    return {
        "details": state.details,
        "status": state.status,
        "stage": state.stage,
        "slipped": state.slipped,
        "suspended": state.suspended,
        "outcome": state.outcome,
        "implied_start": state.implied_start,
        "announced_on": _text(state.announced_on),
        "achieved_on": _text(state.achieved_on),
        "slip_count": state.slip_count,
        "target": {"start_by": _text(target.start_by), "due": _text(target.due), "forecast": _text(state.forecast)},
        "targets": [
            {
                "version": each.version,
                "effective_on": _text(each.effective_on),
                "start_by": _text(each.start_by),
                "due": _text(each.due),
                "authority": text_at(each.authority),
            }
            for each in state.targets
        ],
        "occurrences": {"held": state.held, "missed": state.missed, "last_held_on": _text(state.last_held_on)},
        "assessment": said
        and {
            "rating": said.rating,
            "independence": said.independence,
            "reviewer": text_at(said.reviewer),
            "reviewed_on": _text(said.reviewed_on),
        },
        "reviews": state.reviews,
        "last_activity_on": _text(state.last_activity_on),
        "timeliness": stands.timeliness,
        "days_overdue": stands.days_overdue,
        "days_late": {"current": stands.days_late_current, "original": stands.days_late_original},
        "undeclared_slip": stands.undeclared_slip,
        "stale": stands.stale,
        "off_cadence": stands.off_cadence,
        "divergence": stands.divergence,
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _named(entries: tuple[int, ...]) -> dict[str, Any]:
    return {"entry": entries[0]} if len(entries) == 1 else {"entries": list(entries)}


def announcement(on: str = "2022-03-21", **members: Any) -> dict[str, Any]:
    """Give the body of an announcement; members of the timeframe may stand beside the others."""
    frame = {name: members.pop(name) for name in _MEMBERS_OF_TIMEFRAME if name in members}
    return {
        "occurred_on": on,
        "commitment": {
            "reference": REFERENCE,
            "programme": "strategic-compass",
            "title": "Adopt a roadmap",
            "kind": "one_off",
            "tier": "deliverable",
            "timeframe": {"wording": "In due time", **frame},
            **members,
        },
    }


def announced(on: str = "2022-03-21", *, recorded_on: str = LATER.isoformat(), **members: Any) -> Story:
    """Begin a story."""
    return Story(announcement(on, **members), date.fromisoformat(recorded_on))
