"""Every figure of a report, as the real use case makes it on the real store, is what its definition says."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any, Final

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports import Command
from application.recording import Request, publish_programme, record_programme_event
from application.reporting import Press, Reader, StatusQuery, status_report, written_report
from domain.filters import Filters
from domain.report import Scope
from infrastructure.renderers.report_json import WRITING, report_json
from tests import naive_report
from tests.eventful import eventful
from tests.scenario import REGISTER, Story
from tests.stores import RECORDER, MovableClock, Store, as_drawn
from tests.strategies import histories

PRESS = Press(origin="example.org/ledger", version="1.2.3", canonical=rfc8785.dumps)
AUDITOR = Reader(may_read_internal=True, today=date(2030, 1, 1), now=datetime(2030, 1, 1, tzinfo=UTC))
CODE: Final = "strategic-compass"
PUBLISHED: Final = date(2021, 2, 20)
ADOPTED: Final = "2021-02"
PROGRAMME: Final = {
    "code": CODE,
    "title": "The Compass",
    "adopted_on": ADOPTED,
    "partners": [{"code": code, "name": f"Partner {code}", "type": "organisation"} for code in sorted(REGISTER)],
}
AMENDED: Final = {
    "kind": "programme_amended",
    "occurred_on": "2022-06-15",
    "statement": "Decided.",
    "changes": {"publisher": "Council"},
    "add_partners": [{"code": "ZZ", "name": "The last", "type": "country", "role": "implementer"}],
    "change_partners": [{"code": "UN", "name": "The United Nations", "type": "body", "role": "forum"}],
}


def commands_of(stories: list[Story]) -> list[tuple[date, Command]]:
    """What is recorded on which day, in the order of the days: the programme first."""
    request = Request(RECORDER, deepcopy(PROGRAMME))
    amended = Request(RECORDER, deepcopy(AMENDED))
    begun = [(PUBLISHED, publish_programme(request))]
    begun += [(date(2022, 6, 20), record_programme_event(amended, CODE, four_eyes=True))]
    told = [each for number, story in enumerate(stories) for each in as_drawn(story, reference(number))]
    return sorted([*begun, *told], key=lambda each: each[0])


def reference(number: int) -> str:
    return f"SC-{10 + number}"


@contextmanager
def recorded(empty: Path, stories: list[Story]) -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        copyfile(empty, path)
        store = Store(f"sqlite:///{path}", MovableClock())
        try:
            for day, command in commands_of(stories):
                store.clock.set_day(day)
                store.writer.record(command)
            yield store
        finally:
            store.close()


def as_rows(store: Store, stories: list[Story]) -> naive_report.Ledger:
    """The ledger as the plain model is told of it."""
    with store.readings.view() as view:
        positions = {
            (each.reference, each.entry.version): each.entry.position for each in view.recorded(up_to=store.size)
        }
    plain = {}
    for number, story in enumerate(stories):
        rows = deepcopy(story.rows)
        rows[0]["body"]["commitment"]["reference"] = reference(number)
        plain[reference(number)] = [row | {"position": positions[reference(number), row["version"]]} for row in rows]
    told = (("programme_published", PUBLISHED.isoformat(), {"occurred_on": ADOPTED, "details": PROGRAMME}),
            ("programme_amended", "2022-06-20", AMENDED))  # fmt: skip
    register = [
        {"position": positions[CODE, version], "version": version, "kind": kind, "recorded_on": day, "body": body}
        for version, (kind, day, body) in enumerate(told, 1)
    ]
    internal = {name for name, rows in plain.items() if rows[0]["body"]["commitment"].get("visibility") == "internal"}
    return {"programmes": {CODE: register}, "commitments": plain, "internal": internal}


times = st.tuples(st.integers(-60, 3_000).map(lambda days: PUBLISHED + timedelta(days=days)), st.integers(0, 10_000))
asked_for = st.fixed_dictionaries(
    {},
    optional={
        "tier": st.sampled_from([["deliverable"], ["action", "narrative"]]),
        "partner": st.sampled_from([["UN"], ["EU", "ZZ"]]),
        "status": st.sampled_from([["achieved"], ["started", "slipped", "reviewed"]]),
        "theme": st.just(["cyber"]),
    },
)


def made(store: Store, day: date, size: int, since: date, asked: dict[str, list[str]], *, internal: bool) -> Any:
    filters = Filters(**{name: tuple(words) for name, words in asked.items()})
    scope = Scope(filters=filters, visibility_all=internal, compare_to=since)
    query = StatusQuery(scope=scope, as_of=day, log_size=size)
    with store.readings.view() as view:
        report = status_report(view, query, AUDITOR, PRESS)
        beside, written = written_report(view, query, AUDITOR, PRESS, WRITING)
    assert written == report_json(report)
    assert beside == report | {"commitments": [], "lists": {"silent_partners": report["lists"]["silent_partners"]}}
    return report


def same_figures(
    store: Store, ledger: naive_report.Ledger, day: date, number: int, asked: Any, *, internal: bool
) -> Any:
    """Compare a report, and what it says has changed, with the plain model; *number* picks log size and distance."""
    size, since = number % (store.size + 1), day - timedelta(days=number % 500)
    report = made(store, day, size, since, asked, internal=internal)
    plain = naive_report.report(ledger, day.isoformat(), size, asked, internal=internal)
    for member, expected in plain.items():
        assert report[member] == expected, member
    about = since.isoformat(), day.isoformat(), size, asked
    assert report["changes"] == naive_report.changes(ledger, *about, internal=internal)
    return report


@settings(max_examples=8)
@given(
    stories=st.lists(histories(most=12), min_size=1, max_size=7),
    asked=st.lists(st.tuples(times, st.just({}) | asked_for, st.booleans()), min_size=5, max_size=5),
)
def test_every_figure_is_what_the_plain_model_works_out_from_the_entries(empty_ledger, stories, asked):
    with recorded(empty_ledger, stories) as store:
        ledger = as_rows(store, stories)
        for (day, number), filters, internal in asked:
            same_figures(store, ledger, day, number, filters, internal=internal)


def test_every_figure_is_right_at_fifty_times_of_a_ledger_in_which_much_happened(empty_ledger):
    chance = Random(20220321)
    stories = [eventful(chance) for _ in range(36)]
    reports = []
    with recorded(empty_ledger, stories) as store:
        ledger = as_rows(store, stories)
        for turn in range(50):
            day = date(2021, 6, 1) + timedelta(days=chance.randrange(1_500))
            number = chance.randrange(10_000) if turn % 2 else store.size
            reports.append(same_figures(store, ledger, day, number, {}, internal=bool(turn % 3)))
    figures = [report["totals"] for report in reports]
    assert all(sum(each["by_status"][word] for each in figures) for word in naive_report.STATUSES)
    assert all(sum(each["by_timeliness"][word] for each in figures) for word in naive_report.TIMELINESS)
    assert all(any(report["lists"][name] for report in reports) for name in reports[0]["lists"])
    assert any(len(report["corrections"]) > 20 for report in reports)
