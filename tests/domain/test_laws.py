"""What holds for every history, whatever was recorded in whatever order: the two-time fold against a plain model."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.commitment import Commitment
from domain.entry import Entry, merge, split
from domain.errors import Refused
from domain.history import CourseChange, History
from domain.lifecycle import State
from domain.replay import fold, known, state_at, steps
from tests import naive, strategies
from tests.scenario import REGISTER, Story, announced

EXAMPLES = settings.default.max_examples if settings.default else 40
thoroughly = settings(max_examples=3 * EXAMPLES)


def moments(story: Story) -> list[date]:
    """The days on which an answer about a story can change, and their neighbours."""
    days = {date(1900, 1, 1), date(2199, 12, 31)}
    for log_size in log_sizes(story):
        for span in story.course(log_size):
            days |= _around(span.since)
    return sorted(day for day in days if date(1900, 1, 1) <= day <= date(2199, 12, 31))


def turning_points(state: State) -> set[date]:
    """The days on which time alone changes how a state stands."""
    found: set[date] = set()
    for promised in (state.target.due, state.target.start_by):
        if promised is not None:
            found |= _around(promised) | _around(promised - timedelta(days=90))
    last = state.last_activity_on or state.announced_on
    found |= _around(last + timedelta(days=366))
    frame = state.details["timeframe"]
    if "recurrence" in frame:
        held = state.last_held_on
        promised = naive.after(held.isoformat(), frame["recurrence"]) if held else frame["anchor"]
        found |= _around(date.fromisoformat(promised))
    return found


def _around(day: date) -> set[date]:
    return {day - timedelta(days=1), day, day + timedelta(days=1)}


def log_sizes(story: Story) -> range:
    """Every number of entries the ledger ever held, those of other streams included, and one before it begins."""
    return range(story.log_size(1) - 1, story.log_size() + 2)


def assert_agreement(story: Story, as_of: date, log_size: int) -> None:
    assert story.seen(as_of, log_size) == naive.state(story.rows, as_of.isoformat(), log_size)


@thoroughly
@given(strategies.histories())
def test_the_fold_gives_what_the_plain_model_gives_at_every_day_and_log_size(story):
    event(f"{len(story.rows) // 3 * 3} entries or more")
    days = moments(story)
    for row in story.rows:
        for as_of in days:
            assert_agreement(story, as_of, row["position"])


@given(strategies.histories())
def test_timeliness_and_flags_are_those_of_the_plain_model_on_every_day_that_matters(story):
    for row in story.rows:
        for span in story.course(row["position"]):
            for as_of in turning_points(span.state):
                assert_agreement(story, as_of, row["position"])


@given(strategies.histories(), st.data())
def test_the_status_after_each_entry_is_that_of_the_fold_up_to_it(story, data):
    as_of = data.draw(st.sampled_from(moments(story)))
    rows = story.rows[: data.draw(st.integers(1, story.latest))]
    ordered = naive.readings(rows)
    in_effect = [each for each in ordered if each["effective_on"] <= as_of.isoformat()]
    expected = {each["version"]: naive.status(naive.fold(ordered[: place + 1])) for place, each in enumerate(in_effect)}
    entries = story.commitment.history.entries[: len(rows)]
    assert steps(known(entries).in_order(), as_of) == expected


@given(strategies.histories())
def test_every_entry_reads_as_the_plain_model_reads_it_text_by_text(story):
    for version in range(1, story.latest + 1):
        rows = story.rows[:version]
        expected = {row["version"]: row for row in naive.readings(rows)}
        readings = known(story.commitment.history.entries[:version]).readings
        assert readings.keys() == expected.keys()
        for reading in readings.values():
            texts = {name: story.found_at(where) for name, where in reading.texts.items()}
            read = {"language": "en"} | merge(reading.kind, reading.facts, texts)
            read |= {name: getattr(reading, name) for name in ("position", "version", "kind")}
            assert read == {"language": "en"} | expected[reading.version]
            assert reading.corrected_by == naive.rectified_by(rows, reading.version)


@dataclass(frozen=True)
class Answered:
    """Everything the ledger answered at one log size: the course, and the state on every day."""

    log_size: int
    course: list[Any]
    states: dict[date, dict[str, Any] | None]


@given(st.data(), strategies.beginnings())
def test_what_was_answered_for_a_day_and_a_log_size_stays_the_answer_whatever_is_recorded_later(data, story):
    answers: list[Answered] = []
    for _ in range(8):
        size = story.log_size()
        states = {day: story.seen(day, size) for day in moments(story)}
        answers.append(Answered(size, story.course(size), states))
        story.today += data.draw(strategies.waits)
        kind = data.draw(strategies.fitting_kinds(story.status))
        story.answer(kind, data.draw(strategies.sendable(kind, story)))
    for answered in answers:
        assert story.course(answered.log_size) == answered.course
        assert {day: story.seen(day, answered.log_size) for day in answered.states} == answered.states


@thoroughly
@given(strategies.histories())
def test_every_accepted_history_folds_at_every_day_and_log_size(story):
    entries = story.commitment.history.entries
    days = moments(story)
    announced = min(span.since for span in story.course(story.log_size(1)))
    for log_size in log_sizes(story):
        readings = known([entry for entry in entries if entry.position <= log_size]).in_order()
        for as_of in days:
            state = fold(readings, as_of)
            assert state == state_at(entries, as_of, log_size)
            begun = bool(readings) and readings[0].effective_on <= as_of
            assert (state is not None) == begun
    assert state_at(entries, announced, story.log_size(1)) is not None


class Table:
    """What a read model keeps: a state, the day it begins on, the log sizes at which it is known."""

    def __init__(self) -> None:
        self.open: dict[date, tuple[int, State]] = {}
        self.closed: list[tuple[int, int, date, State]] = []

    def take(self, position: int, change: CourseChange) -> None:
        for since in change.ended:
            known_from, state = self.open.pop(since)
            self.closed.append((known_from, position, since, state))
        for span in change.begun:
            assert span.since not in self.open
            self.open[span.since] = (position, span.state)

    def at(self, as_of: date, log_size: int) -> State | None:
        still_open = ((known_from, log_size + 1, since, state) for since, (known_from, state) in self.open.items())
        known_then = [
            (since, state)
            for known_from, known_until, since, state in [*self.closed, *still_open]
            if known_from <= log_size < known_until and since <= as_of
        ]
        assert len({since for since, _ in known_then}) == len(known_then)
        return max(known_then, key=lambda each: each[0])[1] if known_then else None


def grown(entries: Iterable[Entry]) -> tuple[History, Table]:
    history, table = History(), Table()
    for entry in entries:
        table.take(entry.position, history.grow(entry))
    return history, table


@given(strategies.histories())
def test_a_history_that_grows_entry_by_entry_has_the_course_of_one_folded_from_zero(story):
    history = History()
    for version, entry in enumerate(story.commitment.history.entries, start=1):
        history.prepare(entry)
        history.add(entry)
        assert history.course == story.course(story.log_size(version))
        assert history.state == history.course[-1].state
    assert History(history.entries).course == history.course


@given(strategies.histories())
def test_the_changes_of_the_course_add_up_to_the_state_at_every_day_and_log_size(story):
    entries = story.commitment.history.entries
    history, table = grown(entries)
    assert {since: state for since, (_, state) in table.open.items()} == {
        span.since: span.state for span in history.course
    }
    for log_size in log_sizes(story):
        for as_of in moments(story):
            assert table.at(as_of, log_size) == state_at(entries, as_of, log_size)


@given(strategies.histories())
def test_a_change_of_the_course_touches_nothing_that_stays_as_it_was(story):
    history = History()
    standing: dict[date, Any] = {}
    for entry in story.commitment.history.entries:
        history.prepare(entry)
        change = history.change(entry)
        ended = {since: standing.pop(since) for since in change.ended}
        for span in change.begun:
            assert ended.get(span.since) != span
            standing[span.since] = span
        history.add(entry)


def test_an_entry_at_the_end_of_a_history_leaves_the_spans_before_it_untouched():
    history = History()
    before: list[Any] = []
    for entry in announced().happened("started").happened("progressed").commitment.history.entries:
        history.prepare(entry)
        history.add(entry)
        assert all(old is new for old, new in zip(before, history.course, strict=False))
        before = list(history.course)
    assert len(before) == 3


def test_a_prepared_entry_that_was_not_recorded_leaves_no_trace_in_the_next_one():
    story = announced(due="2022-12-31").happened("started").happened("progressed")
    first, started, progressed = story.commitment.history.entries
    history = History([first])
    history.prepare(started)
    history.add(started)
    other = deepcopy(progressed)
    history.prepare(other)
    history.add(progressed)
    assert history.course == story.course(story.log_size())
    assert history.entries == [first, started, progressed]


@given(strategies.histories())
def test_an_aggregate_made_again_from_its_events_is_the_same(story):
    again: Commitment | None = None
    for recorded in story.commitment.pending_events:
        again = recorded.mutate(again)
    assert again is not None
    assert again.version == story.commitment.version == story.latest
    assert again.id == story.commitment.id
    assert again.history.entries == story.commitment.history.entries
    assert again.history.course == story.commitment.history.course


PROSE = {"statement", "cause", "authority", "reason", "reviewer", "note"}
PROSE_OF_EVIDENCE = {"title", "url", "archived_url", "publisher", "published_on", "retrieved_on"}
TODAY = date(2024, 6, 1)


def in_full(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    if kind == "announced":
        return strategies.announcements(TODAY, rich=True)
    if kind == "rectified":
        one = st.sampled_from(["announced", *strategies.PLAIN_KINDS]).flatmap(
            lambda each: strategies.rectifications([each], TODAY)
        )
        return one | strategies.rectifications(["announced", "achieved", "slipped", "started"], TODAY, every=True)
    if kind == "retracted":
        return strategies.retractions(6)
    return strategies.bodies(kind, TODAY, 6, rich=True)


def without_absent(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a body says once null and empty lists, which say nothing, are left out.

    As members of changes they say something, but not inside an item of evidence, which is replaced whole.
    """
    said = _with_whole_evidence({name: value for name, value in body.items() if value is not None and value != []})
    if kind == "rectified":
        if "changes" in said:
            said["changes"] = _with_whole_evidence(said["changes"])
        if "corrections" in said:
            said["corrections"] = [
                each | {"changes": _with_whole_evidence(each["changes"])} for each in said["corrections"]
            ]
    if kind == "announced":
        said["commitment"] = _without_absent(said["commitment"])
    return said


def _with_whole_evidence(members: dict[str, Any]) -> dict[str, Any]:
    if not members.get("evidence"):
        return members
    return members | {"evidence": [_without_absent(item) for item in members["evidence"]]}


def _without_absent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_absent(item) for name, item in value.items() if item is not None and item != []}
    return value


ALL_KINDS = ["announced", *strategies.PLAIN_KINDS, "rectified", "retracted"]


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(max_examples=max(10, EXAMPLES // 2))
@given(data=st.data())
def test_facts_and_prose_are_parted_and_put_together_again(kind, data):
    body = data.draw(in_full(kind))
    sent = deepcopy(body)
    facts, prose = split(kind, body)
    assert body == sent
    assert merge(kind, facts, prose) == without_absent(kind, body)
    assert_parted(facts, prose)


def assert_parted(facts: Mapping[str, Any], prose: Mapping[str, Any]) -> None:
    """No text that may be erased stands among the facts, and no fact among the texts (design, 3.7)."""
    assert not {name for name in facts if name in PROSE and facts[name] is not None}
    assert prose.keys() <= PROSE | {"evidence", "changes", "corrections"}
    for item in facts.get("evidence") or ():
        assert not item.keys() & PROSE_OF_EVIDENCE
        assert "grade" in item
    for item in prose.get("evidence") or ():
        assert item.keys() <= PROSE_OF_EVIDENCE
    if "changes" in prose:
        assert_parted(facts["changes"], prose["changes"])
    for changed, texts in zip(facts.get("corrections", ()), prose.get("corrections", ()), strict=False):
        assert_parted(changed["changes"], texts)


@pytest.mark.parametrize("kind", ALL_KINDS)
@settings(max_examples=max(10, EXAMPLES // 2))
@given(data=st.data())
def test_an_erased_text_takes_no_fact_with_it(kind, data):
    facts, prose = split(kind, data.draw(in_full(kind)))
    kept = {name: prose[name] for name in prose if data.draw(st.booleans(), label=f"keep {name}")}
    left = merge(kind, facts, kept)
    assert split(kind, left)[0].items() >= {k: v for k, v in facts.items() if k not in _holding_texts(facts)}.items()
    assert {name for name in left if name in PROSE} == {name for name in kept if name in PROSE}
    assert left.keys() >= facts.keys() - {"reworded"}


def _holding_texts(facts: Mapping[str, Any]) -> set[str]:
    """Members that say which texts there were: `reworded`, alone or in each of several corrections."""
    return {"reworded", "corrections"} & facts.keys()


@thoroughly
@given(st.data(), strategies.beginnings())
def test_a_command_is_accepted_exactly_if_the_plain_model_accepts_it_and_else_changes_nothing(data, story):
    for _ in range(10):
        story.today += data.draw(strategies.waits)
        kind = data.draw(strategies.fitting_kinds(story.status), label="kind")
        send_and_compare(story, kind, data.draw(strategies.sendable(kind, story), label="body"))


def send_and_compare(story: Story, kind: str, body: dict[str, Any]) -> None:
    """Send an entry to both; where the fold would break, both must name the same entry."""
    verdict = naive.judge(story.rows, story.row(kind, body), REGISTER)
    before, latest, sent = story.picture(), story.latest, deepcopy(body)
    refusal = story.answer(kind, body)
    assert body == sent
    assert (refusal is None) == (verdict is None), refusal or verdict
    if refusal is None:
        assert story.latest == latest + 1
        return
    event(f"refused: {getattr(refusal, 'rule', 'invalid')}")
    assert story.picture() == before
    if isinstance(verdict, int):
        assert isinstance(refusal, Refused)
        assert refusal.version == verdict


class SideBySide(RuleBasedStateMachine):
    """The aggregate and the plain model take the same commands; they accept, refuse and answer alike."""

    story: Story

    @initialize(story=strategies.beginnings())
    def announce(self, story: Story) -> None:
        self.story = story

    @rule(days=st.sampled_from((1, 30, 200, 500)))
    def time_passes(self, days: int) -> None:
        self.story.today += timedelta(days=days)

    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        kind = data.draw(strategies.fitting_kinds(self.story.status))
        self._send(data, kind)

    @rule(data=st.data())
    def rectify(self, data: st.DataObject) -> None:
        self._send(data, "rectified")

    @precondition(lambda self: self.story.latest > 1)
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        self._send(data, "retracted")

    def _send(self, data: st.DataObject, kind: str) -> None:
        send_and_compare(self.story, kind, data.draw(strategies.sendable(kind, self.story)))

    @rule(as_of=strategies.days, back=st.integers(0, 8))
    def ask(self, as_of: date, back: int) -> None:
        assert_agreement(self.story, as_of, max(self.story.log_size() - back, 0))

    @invariant()
    def the_course_is_that_of_the_plain_model(self) -> None:
        if hasattr(self, "story"):
            for span in self.story.commitment.history.course:
                assert_agreement(self.story, span.since, self.story.log_size())


SideBySide.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=25)
TestTheAggregateAndThePlainModelSideBySide = SideBySide.TestCase
