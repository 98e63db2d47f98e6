"""People sign in with a browser at a real provider, and out again."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response
from typer.testing import CliRunner

from api.cli import app
from tests.openid.running import SECRET, RunningProvider
from tests.published_provider import ROLES, new_key
from tests.serving import Server, free_port, made_ledger

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("openid")]
EVENT_TEXT = '{"kind": "progressed", "occurred_on": "2024-03-10", "statement": "The first quay."}'
SEND = """async ([path, headers, body]) => {
    const answer = await fetch(path, {method: "POST", headers: {"content-type": "application/json", ...headers}, body});
    return [answer.status, await answer.text()];
}"""


class Port:
    """A ledger with a provider, served by two processes."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        made_ledger(folder, 1)
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.provider = RunningProvider([new_key("RS256", "first")], self.address)
        secret = folder / "client-secret"
        secret.write_text(SECRET + "\n")
        settings = {
            "LEDGER_OIDC_ISSUER": self.provider.issuer,
            "LEDGER_OIDC_CLIENT_ID": "ledger",
            "LEDGER_OIDC_CLIENT_SECRET_FILE": str(secret),
            "LEDGER_OIDC_SCOPE": "openid groups",
            "LEDGER_OIDC_ROLES": ROLES,
            "LEDGER_PUBLIC_URL": self.address,
        }
        self.servers = [Server(folder, port=port, **settings), Server(folder, **settings)]

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
        self.provider.stop()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    port = Port(tmp_path_factory.mktemp("port"))
    yield port
    port.stop()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    yield context
    context.close()


def sign_in(page: Page, port: Port, login: str, path: str = "/auth/login?next=/auth/me") -> Response | None:
    """Do what a person does: open the ledger, say who one is at the provider, agree, be back."""
    page.goto(port.address + path)
    assert page.url.startswith(port.provider.issuer), page.url
    page.get_by_placeholder("Enter any login").fill(login)
    page.get_by_placeholder("and password").fill("anything")
    page.get_by_role("button", name="Sign-in").click()
    with page.expect_navigation(url=f"{port.address}/**") as back:
        page.get_by_role("button", name="Continue").click()
    return back.value


def myself(page: Page, port: Port) -> dict[str, Any]:
    answer = page.request.get(f"{port.address}/auth/me")
    assert answer.status == 200, answer.text()
    said: dict[str, Any] = answer.json()
    return said


def session_of(context: BrowserContext) -> dict[str, Any]:
    (cookie,) = [dict(each) for each in context.cookies() if each["name"] == "ledger-session"]
    return cookie


def test_somebody_signs_in_reads_records_and_signs_out_everywhere(port: Port, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{port.address}/v1/reports/status")  # sends to sign in by itself
    assert page.url.startswith(port.provider.issuer)
    sign_in(page, port, "rita", "/v1/reports/status")
    assert page.url == f"{port.address}/v1/reports/status"
    assert "Status report" in page.content()
    me = myself(page, port)
    assert me["role"] == "recorder"
    assert me["actor"].startswith("oidc-")
    cookie = session_of(context)
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert not [each for each in context.cookies(port.address) if each["name"] == "ledger-sign-in"]

    path = "/v1/commitments/C-0/events"
    page.goto(f"{port.address}/docs")
    status, _ = page.evaluate(SEND, [path, {}, EVENT_TEXT])
    assert status == 403
    status, said = page.evaluate(SEND, [path, {"X-CSRF-Token": me["csrf_token"]}, EVENT_TEXT])
    assert status == 201, said

    with_cookie = {"cookie": f"ledger-session={cookie['value']}"}
    for server in port.servers:
        assert httpx2.get(f"{server.address}/v1/commitments/C-0", headers=with_cookie).status_code == 200
    page.goto(f"{port.address}/auth/logout")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{port.provider.issuer}/session/end**")
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{port.address}/auth/logout**")
    assert "You are signed out" in page.content()
    for server in port.servers:
        assert httpx2.get(f"{server.address}/v1/commitments/C-0", headers=with_cookie).status_code == 401
    assert page.request.get(f"{port.address}/auth/me").status == 401


def test_who_has_no_role_is_told_what_would_be_needed(port: Port, context: BrowserContext) -> None:
    page = context.new_page()
    answer = sign_in(page, port, "nora")
    assert answer is not None
    assert answer.status == 403
    assert "You have no role here" in page.content()
    assert "groups" in page.content()
    assert not [each for each in context.cookies() if each["name"].startswith("ledger-")]


def test_who_says_no_at_the_provider_is_not_signed_in(port: Port, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{port.address}/auth/login")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url(f"{port.address}/auth/callback**")
    assert "access_denied" in page.content()
    page.get_by_role("link", name="Start again").click()
    assert page.url.startswith(port.provider.issuer)


def answer_of(browser: httpx2.Client, port: Port, login: str) -> httpx2.URL:
    """Sign in without a browser's haste: give the address that carries the provider's answer, and do not go there."""
    answer = browser.get(f"{port.address}/auth/login?next=/auth/me")
    while not (answer.is_redirect and answer.headers["location"].startswith(port.address)):
        if answer.is_redirect:
            answer = browser.get(answer.url.join(answer.headers["location"]))
            continue
        form = re.search(r'action="([^"]+)"', answer.text)
        assert form, answer.text
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text))
        typed = {"login": login, "password": "anything"} if 'name="login"' in answer.text else {}
        answer = browser.post(answer.url.join(form[1]), data=fields | typed)
    return httpx2.URL(answer.headers["location"])


def test_an_answer_is_good_once_and_in_the_browser_that_asked(port: Port) -> None:
    with httpx2.Client() as asked, httpx2.Client() as other, httpx2.Client() as nobody:
        address = answer_of(asked, port, "rob")
        answer_of(other, port, "rita")
        for browser in (nobody, other):  # nobody asked at all, the other for something else
            assert_not_signed_in(browser, browser.get(address), 400)

        address = answer_of(asked, port, "rob")
        other_address = answer_of(other, port, "rita")
        another_code = other_address.copy_set_param("code", address.params["code"])
        assert_not_signed_in(other, other.get(another_code), 403, "invalid_grant")

        address = answer_of(asked, port, "rob")
        under_way = {"cookie": f"ledger-sign-in={asked.cookies['ledger-sign-in']}"}
        answer = asked.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/auth/me")
        assert asked.get(f"{port.address}/auth/me").json()["role"] == "reviewer"
        # Whoever has copied the cookie of the sign-in and the provider's answer comes too late, at every server.
        for server in port.servers:
            copied = address.copy_with(port=server.port)
            assert_not_signed_in(nobody, nobody.get(copied, headers=under_way), 400, "used before")


def test_an_operator_signs_somebody_out_at_every_server(port: Port) -> None:
    def ledger(*command: str) -> str:
        settings = {"LEDGER_DATA_DIR": str(port.folder), "LEDGER_LOG_LEVEL": "error", "COLUMNS": "200"}
        done = CliRunner().invoke(app, command, env=settings)
        assert done.exit_code == 0, done.output
        return done.stdout

    with httpx2.Client() as rita, httpx2.Client() as rob:
        for browser, login in ((rita, "rita"), (rob, "rob")):
            browser.get(answer_of(browser, port, login))
        here = [server.address for server in port.servers]
        actor = rita.get(f"{port.address}/auth/me").json()["actor"]
        assert {"actor": actor, "role": "recorder"}.items() <= json.loads(ledger("session", "list", "--json"))[
            -2
        ].items()
        assert actor in ledger("session", "list")
        assert ledger("session", "end", actor).startswith("Ended ")
        assert [rita.get(f"{address}/auth/me").status_code for address in here] == [401, 401]
        assert [rob.get(f"{address}/auth/me").status_code for address in here] == [200, 200]
        ledger("session", "end", "--all")
        assert rob.get(f"{port.address}/auth/me").status_code == 401
        assert "Nobody" in ledger("session", "list")


def assert_not_signed_in(browser: httpx2.Client, answer: httpx2.Response, status: int, said: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert said in answer.text
    assert "ledger-session" not in browser.cookies
