from datetime import date, timedelta
from xml.etree import ElementTree  # noqa: ICN001 -- the name that says what it is

import pytest

from domain.vocabulary import STATUSES
from infrastructure.renderers.charts.deadline_chain import Chain, deadline_chain
from infrastructure.renderers.charts.matrix import MatrixRow, matrix
from infrastructure.renderers.charts.status_over_time import MOST_COLUMNS, status_over_time, thinned
from infrastructure.renderers.charts.svg import escaped, fitted, width_of
from infrastructure.renderers.charts.timeline import Step, timeline
from infrastructure.renderers.document import Chart
from infrastructure.renderers.report_document import report_document
from infrastructure.renderers.words import LABELS
from tests.hostile_report import TEXTS, hostile_ledger, report_of

SVG = "{http://www.w3.org/2000/svg}"
TODAY = date(2024, 1, 1)
NONE = dict.fromkeys(STATUSES, 0)


def course(months, **counts):
    first = date(2020, 1, 31)
    return [((first + timedelta(days=30 * month)).isoformat(), NONE | counts) for month in range(months)]


def texts(svg):
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 -- ours


def charts():
    document = report_document(report_of(hostile_ledger()))
    return [block for section in document.every_section() for block in section.blocks if isinstance(block, Chart)]


@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.id)
def test_a_chart_is_plain_svg_that_says_what_it_shows_and_has_its_table(chart):
    root = ElementTree.fromstring(chart.svg)  # noqa: S314 -- ours
    tags = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert tags <= {"svg", "title", "desc", "defs", "pattern", "rect", "path", "line", "circle", "text"}
    assert not {name for each in root.iter() for name in each.attrib if name in ("style", "class", "href")}
    assert root.findtext(f"{SVG}title") == escaped_back(chart.title)
    assert len(root.findtext(f"{SVG}desc")) > 20
    assert chart.table.rows


def escaped_back(text):
    return "".join(ElementTree.fromstring(f"<p>{escaped(text)}</p>").itertext())  # noqa: S314 -- ours


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_stand_in_a_chart(text):
    chain = Chain("A1", text, (date(2023, 1, 1), date(2023, 6, 1)), date(2024, 5, 1), None)
    for svg in (
        deadline_chain("c", text, text, [chain], TODAY),
        matrix("m", text, text, [MatrixRow(text, NONE | {"achieved": 3})], [("achieved", text)]),
        status_over_time("s", text, text, course(3, started=2), LABELS | {"started": text}),
        timeline("t", text, text, [Step(1, "announced", TODAY, TODAY, silent=False)], [], TODAY),
    ):
        assert ElementTree.fromstring(svg).tag == f"{SVG}svg"  # noqa: S314 -- ours


def test_each_status_that_occurs_has_its_own_look_and_its_name_with_the_last_count():
    points = course(5, **{status: index + 1 for index, status in enumerate(STATUSES)})
    svg = status_over_time("s", "Title", "Words", points, LABELS)
    root = ElementTree.fromstring(svg)  # noqa: S314 -- ours
    patterns = list(root.iter(f"{SVG}pattern"))
    drawn = {ElementTree.tostring(each).split(b">", 1)[1] for each in patterns}
    # Without colour, the darkest and the lightest ground need no lines to be told apart.
    assert {each.attrib["id"] for each in patterns} == {f"s-{each}" for each in STATUSES} - {
        "s-achieved",
        "s-announced",
    }
    assert len(drawn) == len(patterns)
    grounds = {each.attrib["fill"] for each in root.iter(f"{SVG}rect") if not each.attrib["fill"].startswith("url")}
    assert len(grounds) == len(STATUSES)
    for index, status in enumerate(STATUSES):
        assert f"{LABELS[status]} {index + 1}" in texts(svg)


@pytest.mark.parametrize("months", [0, 1, 60, 61, 600])
def test_a_long_course_is_thinned_out_and_keeps_the_day_of_the_report(months):
    points = course(months, announced=1)
    shown = thinned(points)
    assert len(shown) <= MOST_COLUMNS
    assert shown[-1:] == points[-1:]
    status_over_time("s", "Title", "Words", points, LABELS)


@pytest.mark.parametrize(("due", "forecast", "achieved_on", "said"), [
    (("2023-01-01",), None, "2023-01-31", ["30 days late"]),
    (("2023-01-01",), None, "2023-01-01", ["in time"]),
    (("2023-01-01", "2023-06-01"), None, "2023-06-02", ["1 day late", "152 after the first"]),
    (("2023-12-31",), "2024-06-01", None, ["1 day overdue"]),
    (("2024-12-31",), None, None, ["open"]),
])  # fmt: skip
def test_a_chain_says_how_late_it_ends(due, forecast, achieved_on, said):
    days = tuple(date.fromisoformat(each) for each in due)
    later = [each and date.fromisoformat(each) for each in (forecast, achieved_on)]
    found = texts(deadline_chain("c", "Title", "Words", [Chain("A1", "One", days, *later)], TODAY))
    assert [each for each in found if each in said] == said


def test_a_number_in_the_matrix_is_written_out_and_nothing_is_a_dot():
    svg = matrix(
        "m", "Title", "Words", [MatrixRow("NATO", NONE | {"started": 12})], [("started", "S"), ("slipped", "L")]
    )
    assert {"NATO", "12", "·"} <= set(texts(svg))


def test_a_text_is_shortened_to_the_room_there_is():
    assert fitted("short", 100) == "short"
    assert fitted("x" * 300, 100).endswith("…")
    assert width_of(fitted("x" * 300, 100)) <= 100


def test_the_numbers_of_a_timeline_do_not_overlap():
    steps = [Step(number, "progressed", TODAY, TODAY, silent=False) for number in range(1, 400)]
    found = texts(timeline("t", "Title", "Words", steps, [TODAY], TODAY))
    assert len([each for each in found if each.isdecimal() and len(each) < 4]) == 1
