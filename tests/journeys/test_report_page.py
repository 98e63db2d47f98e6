import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.renderers.report_html import report_html
from tests.hostile_report import ENDLESS, hostile_ledger, report_of
from tests.http_ledger import made
from tests.in_memory import InMemoryLedger

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
EVERY_WIDTH = "document.documentElement.scrollWidth"


def catalogue_pages(folder):
    services, tokens = made(folder)
    services.load("strategic-compass-partner", "catalogue", print)
    with TestClient(create_app(services)) as client:
        for as_of in ("2023-06-30", "2025-12-31"):
            answer = client.get(
                f"/v1/reports/status?as_of={as_of}&compare_to=2022-12-31",
                headers={"authorization": f"Bearer {tokens['auditor']}", "accept": "text/html"},
            )
            assert answer.status_code == 200
            yield as_of, answer.content


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The real catalogue at two dates as the API gives it, a hostile report, and one about nothing: as files."""
    folder = tmp_path_factory.mktemp("pages")
    contents = dict(catalogue_pages(folder / "ledger"))
    contents["hostile"] = b"".join(report_html(report_of(hostile_ledger())))
    contents["nothing"] = b"".join(report_html(report_of(InMemoryLedger())))
    for name, content in contents.items():
        folder.joinpath(f"{name}.html").write_bytes(content)
    return folder


@pytest.fixture
def shown(chromium, pages):
    """Open a page; give it, with the addresses it asked for and what the browser complained about.

    Scripts of a test, such as axe, need `bypass_csp`, for the page allows none.
    """
    contexts = []

    def show(name, viewport=DESK, **options):
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"file://{pages / name}.html")
        return page

    yield show
    for context in contexts:
        context.close()


NAMES = ("2023-06-30", "2025-12-31", "hostile", "nothing")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("2023-06-30", "light"), ("2025-12-31", "dark"), ("hostile", "light"), ("hostile", "dark"), ("nothing", "light")],
)
def test_people_with_assistive_technology_can_use_the_page(shown, name, scheme):
    page = shown(name, color_scheme=scheme, bypass_csp=True)
    found = Axe().run(page)
    assert [(each["id"], each["nodes"][0]["target"]) for each in found.response["violations"]] == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_asked_for_but_the_page_itself(shown, name):
    page = shown(name)
    assert len(page.asked) == 1
    assert page.complaints == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_only_tables_and_charts_scroll_sideways_never_the_page(shown, name, viewport):
    page = shown(name, viewport)
    assert page.evaluate(EVERY_WIDTH) <= viewport["width"]


def test_a_table_that_is_too_wide_is_reached_and_scrolled_with_the_keyboard(shown):
    page = shown("2025-12-31", PHONE, bypass_csp=True)
    table = page.get_by_role("group", name="All commitments covered by this report")
    table.focus()
    assert table.evaluate("each => each === document.activeElement && each.scrollWidth > each.clientWidth")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")


def test_the_first_thing_to_reach_leads_past_the_contents(shown):
    page = shown("2025-12-31")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "report"


def test_a_reference_leads_to_all_that_is_known_of_the_commitment(shown):
    page = shown("2025-12-31")
    page.locator("#overdue").get_by_role("link", name="SC-P4-D02", exact=True).click()
    assert page.url.endswith("#commitment-SC-P4-D02")
    heading = page.get_by_role("heading", name="SC-P4-D02 – Implement the EU-UN joint priorities 2022-2024")
    heading.wait_for()
    assert heading.evaluate("each => each.getBoundingClientRect().top") < DESK["height"]


def test_what_was_promised_done_and_late_is_seen_without_scrolling(shown):
    page = shown("2025-12-31")
    for said in ("Of 17 deliverables, 2 were achieved by 31 December 2025", "1 is past its date", "official statement"):
        place = page.get_by_text(said).first.bounding_box()
        assert place["y"] + place["height"] <= DESK["height"]


def test_a_word_without_end_stays_in_its_place(shown):
    page = shown("hostile", PHONE)
    heading = page.get_by_role("heading", name=ENDLESS[:60])
    assert heading.first.bounding_box()["width"] <= PHONE["width"]


def test_nothing_on_the_page_moves_by_itself(shown):
    page = shown("nothing")
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


@pytest.mark.parametrize("name", NAMES)
def test_the_page_prints(shown, tmp_path, name):
    page = shown(name)
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_on_paper_nothing_is_cut_off_and_the_figures_of_the_charts_are_there(shown):
    page = shown("2025-12-31", {"width": 672, "height": 1000})  # the width of A4 between our margins
    page.emulate_media(media="print")
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll, svg, table')].filter(each => each.getBoundingClientRect().right > 673)"
        ".map(each => each.id || each.className.baseVal || each.className)"
    )
    assert cut == []
    assert page.locator("#status-deliverables-table").bounding_box()["height"] > 100
