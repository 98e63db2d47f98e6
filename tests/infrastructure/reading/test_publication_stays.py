"""The law for publishing: as of any log size everybody is told what they were told when the ledger had come so far."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.access import Caller, nobody
from application.entries_view import Asked, EntriesView, fold_all
from application.erasing import erase
from application.errors import Unknown
from application.ports import Command
from application.publishing import publish_internal_commitment, publish_internal_programme
from application.recording import Request, record_event
from application.replaying import commitments, history, partners, programmes
from application.reporting import ChangesQuery, Press, Reader, StatusQuery, changes, status_report
from domain.filters import Filters
from infrastructure.reading.feed_lines import FeedLines
from infrastructure.reading.readings import SqlView
from infrastructure.recording.codec import canonical
from infrastructure.verifying.database_source import DatabaseStreams
from tests.stores import REVIEWER, MovableClock, Store, announced, event, published, refusals

PRESS: Final = Press(origin="localhost/tests", version="0", canonical=canonical)
DAY: Final = date(2024, 1, 15)
READER: Final = Reader(may_read_internal=False, today=DAY, now=MovableClock()())
BOSS: Final = Caller("boss-1", "administrator")
OPEN, HIDDEN = "open", "hidden"
OF: Final = {"O-1": OPEN, "O-2": OPEN, "H-1": HIDDEN, "H-2": HIDDEN}
INTERNAL: Final = ("O-2", "H-2", HIDDEN)
"""What is internal by its own visibility; H-1 is through its programme."""

Deed = tuple[str, str]
DEEDS: Final[Sequence[Deed]] = [
    *(("announce", reference) for reference in OF),
    *(("start", reference) for reference in OF),
    *(("correct", reference) for reference in OF),
    *(("erase", reference) for reference in ("O-2", "H-1", "H-2")),
    *(("publish", name) for name in ("O-2", "H-1", "H-2", HIDDEN)),
]
WHOLE_STORY: Final[Sequence[Deed]] = [
    ("announce", "O-1"), ("announce", "O-2"), ("announce", "H-1"), ("announce", "H-2"), ("start", "H-1"),
    ("start", "O-2"), ("correct", "H-1"), ("erase", "O-2"), ("publish", "H-2"), ("publish", "O-2"), ("publish", HIDDEN),
    ("start", "H-2"), ("start", "O-1"), ("publish", "H-2"), ("correct", "O-2"),
]  # fmt: skip


def begin(store: Store) -> None:
    store.writer.record(published(code=OPEN, reference_prefix="O-"))
    store.writer.record(published(code=HIDDEN, reference_prefix="H-", visibility="internal"))


class Narrator:
    """Records deeds, and knows from their outcomes alone who sees what."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.public_from: dict[str, int] = {OPEN: 1, "O-1": 1}
        self.announced: dict[str, int] = {}

    def command(self, deed: Deed) -> Command:
        what, name = deed
        if what == "announce":
            visibility = "internal" if name in INTERNAL else "public"
            return announced(name, programme=OF[name], visibility=visibility)
        if what == "start":
            return event(name, "evidence_added", entry=1, evidence=[{"title": "Minutes", "grade": "C"}])
        if what == "correct":
            body = {
                "kind": "rectified",
                "entry": 1,
                "changes": {"note": f"At {self.store.size}."},
                "reason": "So it is.",
            }
            return record_event(Request(REVIEWER, body), name, four_eyes=True)
        if what == "erase":
            with self.store.readings.view() as view:
                there = [each.entry for each in view.recorded(up_to=self.store.size) if each.reference == name]
            texts = [entry.position for entry in there if "statement" in entry.texts]
            return erase(Request(BOSS, {"members": ["statement"], "legal_basis": "A law"}), max(texts, default=10**6))
        publish = publish_internal_programme if name == HIDDEN else publish_internal_commitment
        return publish(Request(BOSS, {"reason": "It is time."}), name, four_eyes=True)

    def tell(self, deeds: Sequence[Deed]) -> None:
        """Record deeds in one transaction."""
        # An erased text reads as erased whenever it is asked for: here only before anybody has read it.
        deeds = [deed for deed in deeds if deed[0] != "erase" or not self.sees(deed[1], self.store.size)]
        outcomes = self.store.writer.write([self.command(deed) for deed in deeds])
        assert all(type(each).__name__ in ("Unknown", "Exists", "Refused") for each in refusals(outcomes)), outcomes
        for (what, name), outcome in zip(deeds, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                continue
            if what == "announce":
                self.announced[name] = outcome["position"]
            if what == "publish":
                assert name not in self.public_from
                self.public_from[name] = outcome["position"]
                assert outcome["published_programme" if name == HIDDEN else "published_commitment"] == name

    def sees(self, reference: str, log_size: int) -> bool:
        """Whether everybody is told of a commitment as of a log size."""
        own = [OF[reference], *([reference] if reference in INTERNAL else [])]
        return reference in self.announced and all(self.public_from.get(each, 10**9) <= log_size for each in own)


def told(view: SqlView, log_size: int) -> dict[str, Any]:
    """Everything that nobody known is told as of a log size."""
    moment, found = view.moment(log_size), {}
    listing = commitments(view, Filters(), "reference", DAY, moment, sight=nobody())
    found["commitments"] = listing.page(0, 100)
    found["programmes"] = programmes(view, DAY, moment, sight=nobody())
    found["partners"] = partners(view, DAY, moment, sight=nobody())
    for reference in OF:
        try:
            found[reference] = history(view, reference, DAY, moment, sight=nobody())
        except Unknown:
            found[reference] = None
    found["feed"] = FeedLines(nobody(), log_size).between(view._connection, 0, log_size)
    found["report"] = status_report(view, StatusQuery(as_of=DAY, log_size=log_size), READER, PRESS)
    moved = ChangesQuery(from_log_size=log_size // 2, to_log_size=log_size, as_of=DAY)
    found["changes"] = changes(view, moved, READER)
    return found


def digests_from_entries(view: SqlView, log_sizes: Iterable[int]) -> dict[int, str]:
    """The digests of reports that are made of entries alone, all in one pass."""
    streams = DatabaseStreams(view._connection)
    folded = fold_all(streams, [Asked(DAY, size) for size in log_sizes])
    return {
        asked.log_size: status_report(
            EntriesView(streams, asked, found), StatusQuery(as_of=DAY, log_size=asked.log_size), READER, PRESS
        )["digest"]
        for asked, found in folded.items()
    }


def holds(store: Store, deeds: Sequence[Deed], batch: int) -> None:
    begin(store)
    narrator, seen = Narrator(store), dict[int, dict[str, Any]]()
    for first in range(0, len(deeds), batch):
        narrator.tell(deeds[first : first + batch])
        with store.another().readings.view() as view:  # as somebody sees it for whom nothing is remembered
            for size in range(view.head.log_size + 1):
                seen.setdefault(size, told(view, size))
    with store.readings.view() as view:
        digests = digests_from_entries(view, seen)
        for size, answers in seen.items():
            assert told(view, size) == answers, size
            assert answers["report"]["digest"] == digests[size]
            visible = [each for each in OF if narrator.sees(each, size) and narrator.announced[each] <= size]
            assert (
                sorted(visible)
                == [each["reference"] for each in answers["commitments"]]
                == [row["reference"] for row in answers["report"]["commitments"]]
            )
            assert [each for each in OF if answers[each] is not None] == visible
            for reference in OF:
                in_feed = f'"reference":"{reference}"'.encode() in answers["feed"]
                assert in_feed == (reference in visible), (reference, size)
            hidden = [each["code"] for each in answers["programmes"] if each["code"] == HIDDEN]
            assert bool(hidden) == (narrator.public_from.get(HIDDEN, 10**9) <= size)
    for until in (None, *range(0, store.size + 1, 3)):
        found = store.replayed(until=until)
        assert found.first is None, str(found.first)


@given(st.lists(st.sampled_from(DEEDS), max_size=24), st.sampled_from([1, 3, 24]))
@example(WHOLE_STORY, 1)
@example(WHOLE_STORY, len(WHOLE_STORY))
def test_what_everybody_is_told_as_of_a_log_size_never_changes(
    empty_ledger: Path, deeds: Sequence[Deed], batch: int
) -> None:
    with TemporaryDirectory() as folder:
        copyfile(empty_ledger, Path(folder) / "ledger.db")
        store = Store(f"sqlite:///{Path(folder) / 'ledger.db'}", MovableClock())
        try:
            holds(store, deeds, batch)
        finally:
            store.close()


@pytest.mark.parametrize("batch", [1, len(WHOLE_STORY)])
def test_a_whole_story_is_told_the_same_on_each_database(store: Store, batch: int) -> None:
    holds(store, WHOLE_STORY, batch)


def test_another_process_knows_at_once_what_was_published(store: Store) -> None:
    begin(store)
    narrator, other = Narrator(store), store.another()
    narrator.tell([("announce", "H-1"), ("start", "H-1")])
    with pytest.raises(Unknown):
        other.writer.record(
            record_event(Request(Caller("x", "recorder", frozenset({OPEN})), {}), "H-1", four_eyes=True)
        )
    narrator.tell([("publish", HIDDEN)])
    recorded = other.writer.record(event("H-1", "evidence_added", entry=1, evidence=[{"title": "More", "grade": "C"}]))
    with other.readings.view() as view:
        (entry,) = view.recorded(after=recorded["position"] - 1, up_to=recorded["position"])
    assert entry.opened is None, "it is recorded in the open"
    assert store.replayed().first is None
