"""The recorder against the `eventsourcing` library's own cases, and against what those do not look for."""

import threading
import unittest
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import AggregateRecorder, IntegrityError, Notification, StoredEvent, Tracking
from eventsourcing.tests import persistence as library

from infrastructure import clock
from infrastructure.database.listening import CHANNEL
from infrastructure.database.tables import entries
from infrastructure.recording.codec import EntryForm
from infrastructure.recording.recorder import EntryRecorder
from tests.stores import Store
from tests.waiting import eventually

WRITERS = 8


def as_is(stored: StoredEvent, _position: int, _recorded_at: datetime) -> EntryForm:
    """The entry bytes are the event's own state."""
    return EntryForm(stored.state)


class PlainRecorder(AggregateRecorder):
    """What the library calls an aggregate recorder does not tell positions."""

    def __init__(self, recorder: EntryRecorder) -> None:
        super().__init__()
        self._recorder = recorder

    def insert_events(self, stored_events: Sequence[StoredEvent], **options: Any) -> None:
        self._recorder.insert_events(stored_events, **options)

    def select_events(self, originator_id: UUID | str, **options: Any) -> Sequence[StoredEvent]:
        return self._recorder.select_events(originator_id, **options)


class OnOurTables:
    """Gives a library case a recorder on an empty ledger."""

    __test__ = False
    store: Store

    def create_recorder(self) -> Any:
        return EntryRecorder(self.store.database, as_is)


class AsAggregateRecorder(OnOurTables, library.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return PlainRecorder(super().create_recorder())


class AsApplicationRecorder(OnOurTables, library.ApplicationRecorderTestCase):
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class AsTrackingRecorder(OnOurTables, library.TrackingRecorderTestCase):
    pass


class AsProcessRecorder(OnOurTables, library.ProcessRecorderTestCase):
    pass


class PositionsOfBatches(OnOurTables, library.NonInterleavingNotificationIDsBaseCase):
    pass


CASES = [
    pytest.param(case, name, id=f"{case.__name__}-{name}")
    for case in (AsAggregateRecorder, AsApplicationRecorder, AsTrackingRecorder, AsProcessRecorder, PositionsOfBatches)
    for name in unittest.defaultTestLoader.getTestCaseNames(case)
]


@pytest.mark.parametrize(("case", "name"), CASES)
def test_the_library_s_own_case(store: Store, case: type[Any], name: str) -> None:
    # pytest cannot give fixtures, and so the backends, to a unittest.TestCase; its tests are called one by one instead.
    before = set(threading.enumerate())
    instance = case(name)
    instance.store = store
    getattr(instance, name)()
    for still_reading in set(threading.enumerate()) - before:
        still_reading.join(60)
        assert not still_reading.is_alive()


def test_no_case_of_the_library_is_left_out() -> None:
    assert len(CASES) == 14


@pytest.fixture
def recorder(store: Store) -> EntryRecorder:
    return EntryRecorder(store.database, as_is)


def event(stream: UUID, version: int = 1, topic: str = "topic") -> StoredEvent:
    return StoredEvent(stream, version, topic, b"state")


def in_threads(count: int, work: Any) -> list[Any]:
    """Run *work* with numbers from 0, all beginning at once."""
    together = threading.Barrier(count)

    def begin(number: int) -> Any:
        together.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_a_tailing_reader_misses_nothing(recorder: EntryRecorder) -> None:
    batches, size = 10, 5
    total = WRITERS * batches * size
    seen: list[int] = []

    def tail() -> None:
        while len(seen) < total:
            last = seen[-1] if seen else None
            page = recorder.select_notifications(last, 37, inclusive_of_start=False)
            seen.extend(notification.id for notification in page)

    reader = threading.Thread(target=tail, daemon=True)
    reader.start()

    def write(_: int) -> None:
        for _batch in range(batches):
            stream = uuid4()
            recorder.insert_events([event(stream, version) for version in range(1, size + 1)])

    in_threads(WRITERS, write)
    reader.join(20)
    assert seen == list(range(1, total + 1))


def test_one_upstream_position_is_tracked_once(recorder: EntryRecorder) -> None:
    def process(_: int) -> list[int]:
        done = []
        for number in range(1, 26):
            try:
                recorder.insert_events([event(uuid4())], tracking=Tracking("upstream", number))
            except IntegrityError:
                continue
            done.append(number)
        return done

    processed = [number for done in in_threads(4, process) for number in done]
    assert sorted(processed) == list(range(1, 26))
    assert recorder.max_notification_id() == 25
    assert recorder.max_tracking_id("upstream") == 25


def test_a_refused_tracking_takes_its_events_with_it(recorder: EntryRecorder) -> None:
    recorder.insert_tracking(Tracking("upstream", 5))
    with pytest.raises(IntegrityError):
        recorder.insert_events([event(uuid4())], tracking=Tracking("upstream", 5))
    assert recorder.max_notification_id() is None


def test_positions_have_no_gap_after_conflicts(recorder: EntryRecorder) -> None:
    stream = uuid4()
    assert recorder.insert_events([event(stream)]) == [1]
    for _ in range(3):
        with pytest.raises(IntegrityError):
            recorder.insert_events([event(uuid4()), event(stream)])
    assert recorder.insert_events([event(stream, 2)]) == [2]


def test_positions_have_no_gap_when_stores_race_with_conflicts(store: Store) -> None:
    streams = [uuid4() for _ in range(4)]
    others = [store.another() for _ in range(3)]

    def write(number: int) -> int:
        recorder = EntryRecorder([store, *others][number].database, as_is)
        recorded = 0
        for version in range(1, 16):
            for stream in streams:
                try:
                    recorder.insert_events([event(stream, version)])
                except IntegrityError:
                    continue
                recorded += 1
        return recorded

    try:
        assert sum(in_threads(4, write)) == 60
        assert store.positions == list(range(1, 61))
    finally:
        for other in others:
            other.close()


def test_a_subscription_goes_on_when_writing_pauses_and_comes_from_elsewhere(store: Store) -> None:
    recorder, elsewhere = EntryRecorder(store.database, as_is), store.another()
    heard: list[Notification] = []
    enough = {count: threading.Event() for count in (2, 3, 4)}

    def listen() -> None:
        with recorder.subscribe(gt=0, topics=["topic"]) as subscription:
            for notification in subscription:
                heard.append(notification)
                if len(heard) in enough:
                    enough[len(heard)].set()
                if len(heard) == 4:
                    return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    recorder.insert_events([event(uuid4()), event(uuid4(), topic="other"), event(uuid4())])
    assert enough[2].wait(10)
    threading.Event().wait(0.5)  # nothing is written for longer than the subscription waits between two looks
    EntryRecorder(elsewhere.database, as_is).insert_events([event(uuid4())])
    assert enough[3].wait(10)
    recorder.insert_events([event(uuid4())])
    listener.join(10)
    elsewhere.close()
    assert [notification.id for notification in heard] == [1, 3, 4, 5]


def test_a_stopped_subscription_ends_its_iteration(recorder: EntryRecorder) -> None:
    subscription = recorder.subscribe()
    heard: list[Notification] = []
    listener = threading.Thread(target=lambda: heard.extend(subscription), daemon=True)
    listener.start()
    recorder.insert_events([event(uuid4())])
    while not heard:
        pass
    subscription.stop()
    listener.join(10)
    assert not listener.is_alive()


def test_instants_increase_strictly_while_the_clock_stands_still(store: Store) -> None:
    now = clock.now()
    recorder = EntryRecorder(store.database, as_is, lambda: now)
    recorder.insert_events([event(uuid4()) for _ in range(3)])
    recorder.insert_events([event(uuid4())])

    instants = [row.recorded_at for row in store.rows(entries.select().order_by(entries.c.position))]
    assert instants == [clock.to_micros(now) + step for step in range(4)]


def killed_listeners(store: Store) -> int:
    """End every connection that listens, from the server's side; tell how many there were."""
    with store.database.writing() as connection:
        killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(query, 'LISTEN')"
        return len(connection.exec_driver_sql(killed).all())


@pytest.mark.only("postgresql", "nobody listens on SQLite")
def test_a_subscription_survives_that_the_connection_it_listens_on_is_killed(store: Store) -> None:
    recorder, elsewhere = EntryRecorder(store.database, as_is), store.another()
    heard: list[int] = []
    with recorder.subscribe(gt=0) as subscription:
        listener = threading.Thread(target=lambda: heard.extend(each.id for each in subscription), daemon=True)
        listener.start()
        for number in range(1, 4):
            eventually(lambda: killed_listeners(store))
            EntryRecorder(elsewhere.database, as_is).insert_events([event(uuid4())])
            eventually(lambda number=number: len(heard) == number)
    listener.join(10)
    elsewhere.close()
    assert heard == [1, 2, 3]


@pytest.mark.only("postgresql", "nobody tells on SQLite")
def test_the_database_tells_of_what_another_process_appends_once_a_transaction(store: Store) -> None:
    with store.database.session() as connection:
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        elsewhere = store.another()
        with elsewhere.database.writing() as writing:
            writer = writing.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        for _ in range(2):
            EntryRecorder(elsewhere.database, as_is).insert_events([event(uuid4()) for _ in range(20)])
        heard: Any = connection.connection.driver_connection
        told = []
        while "40" not in told:  # others append to ledgers of the same database
            told += [each.payload for each in heard.notifies(timeout=20, stop_after=1) if each.pid == writer]
        elsewhere.close()
    assert told == ["20", "40"]
