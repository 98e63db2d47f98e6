"""The state of a commitment and the table of moves: the only place that says what may follow what (design, 3.2, 3.3).

`apply` is the single step of every fold: commands, projections, reports and the offline verifier all use it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from domain.entry import Facts, TextAt, changed_members
from domain.errors import Refused


class Target(NamedTuple):
    """What was promised by when; *authority* is where the text stands that says who decided it."""

    version: int
    effective_on: date
    start_by: date | None
    due: date | None
    authority: TextAt | None = None


class Assessment(NamedTuple):
    """What the last review said."""

    rating: str
    independence: str
    reviewed_on: date
    reviewer: TextAt | None = None


class Proof(NamedTuple):
    """Evidence that one entry gives: the facts of its items, and where their texts stand."""

    items: tuple[Facts, ...]
    texts: TextAt | None


class State(NamedTuple):
    """A commitment after some of its entries. *details* holds the members of design 3.1 that are present.

    While it is achieved, *achieved_by* is the version of the entry that says so and *proofs* what that rests on.
    """

    details: Facts
    announced_on: date
    targets: tuple[Target, ...]
    stage: str = "announced"
    slipped: bool = False
    suspended: bool = False
    outcome: str | None = None
    implied_start: bool = False
    achieved_on: date | None = None
    slip_count: int = 0
    forecast: date | None = None
    held: int = 0
    missed: int = 0
    last_held_on: date | None = None
    assessment: Assessment | None = None
    reviews: int = 0
    last_activity_on: date | None = None
    achieved_by: int | None = None
    proofs: tuple[Proof, ...] = ()

    @property
    def status(self) -> str:
        """The one word for it: outcome, else suspended, else slipped, else the stage."""
        if self.outcome is not None:
            return self.outcome
        return "suspended" if self.suspended else "slipped" if self.slipped else self.stage

    @property
    def open(self) -> bool:
        """No outcome yet."""
        return self.outcome is None

    @property
    def target(self) -> Target:
        """The target in force."""
        return self.targets[-1]


class Reading(NamedTuple):
    """An entry as the corrections known make it read; *texts* says where each of its texts now stands.

    An achievement has *early* evidence if some that was added to it counts from before it.
    """

    position: int
    version: int
    kind: str
    effective_on: date
    facts: Facts
    texts: Mapping[str, TextAt]
    corrected_by: tuple[int, ...] = ()
    early: tuple[Proof, ...] = ()

    def proofs(self) -> Iterator[Proof]:
        """Give the evidence of the entry, and the early evidence for it."""
        if self.facts.get("evidence"):
            yield Proof(tuple(self.facts["evidence"]), self.texts.get("evidence"))
        yield from self.early


@dataclass(frozen=True, slots=True)
class Condition:
    """What a kind needs of the state (and of its own facts) to be recorded."""

    rule: str
    holds: Callable[[State, Facts], bool]
    otherwise: str
    accepted: str


_OPEN: Final = Condition(
    "open", lambda s, _: s.open, "the commitment has an outcome already", "reopened first, or a correction"
)
_NOT_SUSPENDED: Final = Condition(
    "not-suspended", lambda s, _: not s.suspended, "the commitment is suspended", "resumed first"
)
_SUSPENDED: Final = Condition(
    "suspended", lambda s, _: s.suspended, "the commitment is not suspended", "resumed only after suspended"
)
_STAGE_ANNOUNCED: Final = Condition(
    "stage-announced", lambda s, _: s.stage == "announced", "it has started already", "progressed, or another kind"
)
_STARTED: Final = Condition(
    "started-before", lambda s, _: s.stage != "announced", "it has not started yet", "started first"
)
_NOT_LEFT: Final = Condition(
    "outcome-none-or-achieved",
    lambda s, _: s.outcome in (None, "achieved"),
    "it was abandoned or superseded",
    "a review while open or achieved",
)
_CONCLUDES: Final = Condition(
    "continuous-concludes",
    lambda s, f: s.details["kind"] != "continuous" or f.get("concludes") is True,
    "a continuous commitment is achieved only when it is concluded",
    "concludes: true",
)
_HAS_EVIDENCE: Final = Condition(
    "achieved-evidence", lambda _, f: bool(f.get("evidence")), "nothing shows it", "at least one item of evidence"
)
_HAS_TARGET: Final = Condition(
    "has-target",
    lambda s, _: s.target.due is not None or s.target.start_by is not None,
    "there is no date that could be missed",
    "rebaselined first, to set a target",
)
_CLOSED_WELL: Final = Condition(
    "outcome-to-reopen",
    lambda s, _: s.outcome in ("achieved", "abandoned"),
    "only what was achieved or abandoned can be reopened",
    "reopened after achieved or abandoned",
)
_RECURRING: Final = Condition(
    "recurring", lambda s, _: s.details["kind"] == "recurring", "the commitment is not recurring", "kind recurring"
)
_NOT_SUPERSEDED_BY_ITSELF: Final = Condition(
    "other-successor",
    lambda s, f: s.details["reference"] not in f["successors"],
    "a commitment cannot succeed itself",
    "the references of other commitments",
)
_RELATED_TO_OTHERS: Final = Condition(
    "other-relation",
    lambda s, f: all(r["reference"] != s.details["reference"] for r in f["changes"].get("relations") or ()),
    "a commitment has no relation to itself",
    "the references of other commitments",
)


_PLACE: Final = {name: place for place, name in enumerate(State._fields)}


def _with(state: State, **changed: Any) -> State:
    """Give a state with some members changed; a fold does this for every entry, so it goes past `_replace`."""
    values = list(state)
    for name, value in changed.items():
        values[_PLACE[name]] = value
    return State._make(values)


def _move_on(state: State, reading: Reading, **changed: Any) -> State:
    """Note an activity, together with what else it changes."""
    return _with(state, last_activity_on=reading.effective_on, **changed)


def _started(state: State, reading: Reading) -> State:
    return _move_on(state, reading, stage="started")


def _reviewed(state: State, reading: Reading) -> State:
    facts = reading.facts
    said = Assessment(facts["rating"], facts["independence"], reading.effective_on, reading.texts.get("reviewer"))
    stage = "reviewed" if state.open and state.stage == "started" else state.stage
    return _move_on(state, reading, assessment=said, reviews=state.reviews + 1, stage=stage)


def _ended(state: State, outcome: str, **changed: Any) -> State:
    return _with(state, outcome=outcome, slipped=False, suspended=False, forecast=None, **changed)


def _achieved(state: State, reading: Reading) -> State:
    shown = {"achieved_on": reading.effective_on, "achieved_by": reading.version, "proofs": tuple(reading.proofs())}
    return _move_on(_ended(_with_implied_start(state), "achieved", **shown), reading)


def _with_implied_start(state: State) -> State:
    return _with(state, stage="started", implied_start=True) if state.stage == "announced" else state


def _slipped(state: State, reading: Reading) -> State:
    return _with(state, slipped=True, slip_count=state.slip_count + 1, forecast=_day(reading.facts.get("forecast")))


def _rebaselined(state: State, reading: Reading) -> State:
    facts, before = reading.facts, state.target
    target = Target(
        reading.version,
        reading.effective_on,
        _day(facts["start_by"]) if facts.get("start_by") else before.start_by,
        _day(facts["due"]) if facts.get("due") else before.due,
        reading.texts.get("authority"),
    )
    return _with(state, targets=(*state.targets, target), slipped=False, forecast=None)


def _held(state: State, reading: Reading) -> State:
    return _move_on(_with_implied_start(state), reading, held=state.held + 1, last_held_on=reading.effective_on)


def _reopened(state: State, _: Reading) -> State:
    return _with(state, outcome=None, slipped=False, suspended=False, achieved_on=None, achieved_by=None, proofs=())


def _amended(state: State, reading: Reading) -> State:
    return _with(state, details=changed_members(state.details, reading.facts["changes"]))


def _evidence_added(state: State, reading: Reading) -> State:
    if reading.facts["entry"] != state.achieved_by:
        return state
    return _with(state, proofs=(*state.proofs, *reading.proofs()))


Effect = Callable[[State, Reading], State]
MOVES: Final[Mapping[str, tuple[tuple[Condition, ...], Effect]]] = {
    "started": ((_OPEN, _NOT_SUSPENDED, _STAGE_ANNOUNCED), _started),
    "progressed": ((_OPEN, _NOT_SUSPENDED, _STARTED), _move_on),
    "reviewed": ((_NOT_LEFT,), _reviewed),
    "achieved": ((_OPEN, _NOT_SUSPENDED, _HAS_EVIDENCE, _CONCLUDES), _achieved),
    "slipped": ((_OPEN, _NOT_SUSPENDED, _HAS_TARGET), _slipped),
    "rebaselined": ((_OPEN,), _rebaselined),
    "suspended": ((_OPEN, _NOT_SUSPENDED), lambda s, _: _with(s, suspended=True)),
    "resumed": ((_OPEN, _SUSPENDED), lambda s, _: _with(s, suspended=False)),
    "abandoned": ((_OPEN,), lambda s, _: _ended(s, "abandoned")),
    "superseded": ((_OPEN, _NOT_SUPERSEDED_BY_ITSELF), lambda s, _: _ended(s, "superseded")),
    "reopened": ((_CLOSED_WELL,), _reopened),
    "occurrence_held": ((_OPEN, _NOT_SUSPENDED, _RECURRING), _held),
    "occurrence_missed": ((_OPEN, _RECURRING), lambda s, _: _with(s, missed=s.missed + 1)),
    "amended": ((_RELATED_TO_OTHERS,), _amended),
    "evidence_added": ((), _evidence_added),
}


def apply(state: State | None, reading: Reading) -> State:
    """Take one reading on top of *state* (None: nothing yet). Refused, with the entry named, if it may not follow."""
    if state is None:
        return announced(reading)
    if reading.effective_on < state.announced_on:
        raise Refused(
            "not-before-announcement",
            f"entry {reading.version} ({reading.kind}) would count from {reading.effective_on},"
            f" before the commitment was announced",
            f"a date on or after {state.announced_on}",
            reading.version,
        )
    conditions, effect = MOVES[reading.kind]
    for condition in conditions:
        if not condition.holds(state, reading.facts):
            raise Refused(
                condition.rule,
                f"entry {reading.version} ({reading.kind}, {reading.effective_on}) cannot stand: "
                f"{condition.otherwise} (status then: {state.status})",
                condition.accepted,
                reading.version,
            )
    return effect(state, reading)


def announced(reading: Reading) -> State:
    """The first state: what the announcement says."""
    details = reading.facts["commitment"]
    frame = details["timeframe"]
    first = Target(reading.version, reading.effective_on, _day(frame.get("start_by")), _day(frame.get("due")))
    return State(details, reading.effective_on, (first,))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
