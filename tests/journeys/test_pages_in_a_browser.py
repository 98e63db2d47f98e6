"""The pages of a server in a browser that obeys their headers: they look as meant, and nothing else may run or load."""

from urllib.parse import urlsplit

import pytest

from tests.serving import Server, made_ledger

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]
HEADERS = ("x-content-type-options", "referrer-policy", "cross-origin-resource-policy", "content-security-policy")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made_ledger(folder, 3)
    server = Server(folder, LEDGER_PUBLIC_READ="true")
    yield server.address
    assert server.stop() == 0


@pytest.fixture
def shown(chromium, address):
    """Open an address; the page tells what it asked for and what the browser complained of."""
    context = chromium.new_context()

    def show(path):
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        answer = page.goto(address + path, wait_until="networkidle")
        assert all(name in answer.headers for name in HEADERS)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        return page

    yield show
    context.close()


@pytest.mark.parametrize("path", ["/problems/invalid", "/v1/reports/status?format=html", "/docs"])
def test_a_page_is_shown_as_meant_and_asks_only_its_own_server(shown, address, path):
    page = shown(path)
    assert page.complaints == []
    assert {urlsplit(each).netloc for each in page.asked if not each.startswith("data:")} == {urlsplit(address).netloc}
    assert page.evaluate("[...document.styleSheets].some(sheet => sheet.cssRules.length)")


def test_the_documentation_lists_every_route_and_can_ask_one(shown):
    page = shown("/")
    assert page.url.endswith("/docs")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() > 20
    page.locator(".opblock", has_text="/health/live").locator(".opblock-summary-control").click()
    page.get_by_role("button", name="Execute").click()
    page.wait_for_selector(".live-responses-table .response")
    assert '"live"' in page.inner_text(".live-responses-table")
    assert page.complaints == []


def test_a_page_takes_no_foreign_script_style_or_frame(shown, address):
    page = shown("/v1/reports/status?format=html")
    page.evaluate(
        """() => {
            const script = document.createElement('script'); script.textContent = 'window.taken = 1';
            document.body.append(script);
            const style = document.createElement('style'); style.textContent = 'body { display: none }';
            document.head.append(style);
            const frame = document.createElement('iframe'); frame.src = '/docs'; document.body.append(frame);
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.taken") is None
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    assert len([each for each in page.complaints if "Content Security Policy" in each]) >= 3
    assert f"{address}/docs" not in page.asked
