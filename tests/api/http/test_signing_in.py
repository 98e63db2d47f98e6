"""Signing in with a browser: what ties an answer to who asked, what a session may do, and when it ends."""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from application.doors import ROUTES, SIGNING_IN
from infrastructure.wiring import Services
from tests.app_routes import routes
from tests.http_ledger import EVENTS, Ledger, assert_problem, filled, made
from tests.published_provider import CLIENT, ROLES, PublishedProvider, encoded, new_key, published_provider, signed
from tests.stores import MovableClock


@pytest.fixture(scope="module")
def backend() -> str:
    """Signing in needs the database for sessions only: tests/infrastructure/callers/test_sessions.py."""
    return "sqlite"


PUBLIC = "https://ledger.example"
EVENT = {"kind": "progressed", "occurred_on": "2024-05-10", "statement": "The first quay."}
SESSION, SIGN_IN = "__Host-ledger-session", "__Host-ledger-sign-in"
UNSIGNED = b'{"alg": "none"}'
SECRET = "what only ledger & provider know"


class Door:
    """A ledger that lets people in by a provider, on a clock of the test."""

    def __init__(self, services: Services, ledger: Ledger, provider: PublishedProvider, clock: MovableClock) -> None:
        self.services, self.ledger, self.provider, self.clock = services, ledger, provider, clock

    def browser(self) -> "Visitor":
        return Visitor(self)


class Visitor:
    """A browser of its own."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.client = TestClient(door.ledger.client.app, PUBLIC, raise_server_exceptions=False, follow_redirects=False)

    def begin(self, path: str = "/v1/partners") -> dict[str, str]:
        """Ask to sign in; give what the provider is asked."""
        answer = self.client.get("/auth/login", params={"next": path})
        assert answer.status_code == 303, answer.text
        asked = httpx2.URL(answer.headers["location"])
        assert str(asked).startswith(f"{self.door.provider.issuer}/authorize?")
        return dict(asked.params)

    def come_back(self, asked: dict[str, str], token: str | None = None, /, **answer: str) -> Any:
        """Come back from the provider, which has said that it is Ada."""
        provider = self.door.provider
        given = provider.id_token(self.door.clock.now, nonce=asked["nonce"]) if token is None else token
        provider.issued = {"id_token": given, "access_token": "opaque", "token_type": "Bearer"}
        return self.client.get("/auth/callback", params={"code": "c", "state": asked["state"]} | answer)

    def sign_in(self, **claims: Any) -> "Visitor":
        asked = self.begin()
        answer = self.come_back(asked, self.door.provider.id_token(self.door.clock.now, nonce=asked["nonce"], **claims))
        assert (answer.status_code, answer.headers["location"]) == (303, "/v1/partners"), answer.text
        return self

    def me(self) -> Any:
        return self.client.get("/auth/me")

    def record(self, **headers: str) -> Any:
        return self.client.post(EVENTS, json=EVENT, headers=headers)

    def token(self) -> str:
        return str(self.me().json()["csrf_token"])

    def is_signed_in(self) -> bool:
        return bool(self.client.get("/v1/commitments/H-1").status_code == 200)


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[Door]:
    clock = MovableClock("2024-06-01T09:00:00+00:00")
    with published_provider() as provider:
        trust = {"oidc_issuer": provider.issuer, "oidc_roles": ROLES, "oidc_client_id": CLIENT, "public_url": PUBLIC}
        services, tokens = made(folder, clock, **trust | settings)
        with TestClient(create_app(services), raise_server_exceptions=False) as client:
            yield Door(services, filled(client, tokens), provider, clock)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("door"), oidc_client_secret=SECRET) as door:
        yield door


@pytest.fixture
def visitor(door: Door) -> Visitor:
    door.provider.said, door.provider.is_down = {}, False
    door.clock.move(seconds=11)  # one that was down may be asked again
    return door.browser()


def assert_page(answer: Any, status: int, *said: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for each in said:
        assert each in answer.text, answer.text
    assert SESSION not in answer.headers.get("set-cookie", "")


def test_what_the_provider_is_asked_ties_its_answer_to_the_browser_and_to_one_sign_in(visitor: Visitor) -> None:
    first, second = visitor.begin(), visitor.begin()
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    assert (first["client_id"], first["redirect_uri"]) == (CLIENT, f"{PUBLIC}/auth/callback")
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name]) == 43
    assert len({first["state"], first["nonce"], first["code_challenge"]}) == 3


def test_the_code_is_exchanged_with_the_verifier_and_the_secret(visitor: Visitor) -> None:
    asked = visitor.begin()
    for methods, in_body in ((None, False), (["client_secret_basic"], False), (["client_secret_post"], True)):
        visitor.door.provider.said = {"token_endpoint_auth_methods_supported": methods} if methods else {}
        visitor.door.clock.move(hours=2)  # what is published is asked for again
        asked = visitor.begin()
        assert visitor.come_back(asked).status_code == 303
        header, form = visitor.door.provider.exchanges[-1]
        assert (form["grant_type"], form["code"]) == ("authorization_code", "c")
        digest = sha256(form["code_verifier"].encode()).digest()
        assert encoded(digest) == asked["code_challenge"]
        if in_body:
            assert (header, form["client_id"], form["client_secret"]) == (None, CLIENT, SECRET)
        else:
            assert header is not None
            assert b64decode(header.removeprefix("Basic ")) == b"ledger:what%20only%20ledger%20%26%20provider%20know"
            assert "client_secret" not in form


def test_cookies_are_for_this_host_only_and_out_of_reach_of_scripts(visitor: Visitor) -> None:
    login = visitor.client.get("/auth/login")
    back = visitor.come_back(visitor.begin())
    for answer, name in ((login, SIGN_IN), (back, SESSION)):
        (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}=")]
        attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(each.startswith("domain") for each in attributes)
    assert any(each.startswith(f'{SIGN_IN}="";') for each in back.headers.get_list("set-cookie"))


def test_the_id_of_a_session_is_kept_nowhere(visitor: Visitor) -> None:
    visitor.sign_in()
    secret = visitor.client.cookies[SESSION]
    folder = visitor.door.services.settings.data_dir
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not any(secret.encode() in content for content in files)


OTHERWISE: dict[str, dict[str, Any]] = {
    "of another sign-in": {"nonce": "another"},
    "without a nonce": {"nonce": None},
    "for another client": {"aud": "another"},
    "issued to another client": {"azp": "another"},
    "for several, and none says for whom": {"aud": [CLIENT, "another"]},
    "expired": {"exp": 1},
    "of another issuer": {"iss": "https://elsewhere.example"},
    "about nobody": {"sub": ""},
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_an_id_token_is_not_believed_if_it_is(visitor: Visitor, how: str) -> None:
    asked, provider = visitor.begin(), visitor.door.provider
    token = provider.id_token(visitor.door.clock.now, **{"nonce": asked["nonce"]} | OTHERWISE[how])
    assert_page(visitor.come_back(asked, token), 403, "You were not signed in", "cannot be believed")
    assert not visitor.is_signed_in()


FORGED: dict[str, Callable[[dict[str, Any], PublishedProvider], str]] = {
    "unsigned": lambda claims, _: f"{encoded(UNSIGNED)}.{encoded(json.dumps(claims).encode())}.",
    "by another key": lambda claims, _: signed({"alg": "ES256", "kid": "first"}, claims, new_key()),
    "as an access token": lambda claims, provider: signed(
        {"alg": "ES256", "kid": "first", "typ": "at+jwt"}, claims, provider.keys[0]
    ),
    "not at all": lambda _, __: "",
}


@pytest.mark.parametrize("how", FORGED)
def test_an_id_token_is_not_believed_if_it_is_signed(visitor: Visitor, how: str) -> None:
    asked, provider = visitor.begin(), visitor.door.provider
    claims = provider.claims(visitor.door.clock.now, nonce=asked["nonce"], aud=CLIENT)
    assert_page(visitor.come_back(asked, FORGED[how](claims, provider)), 403, "cannot be believed")
    assert not visitor.is_signed_in()


def test_an_answer_that_belongs_to_no_sign_in_of_this_browser_signs_nobody_in(visitor: Visitor) -> None:
    asked = visitor.begin()
    stranger = visitor.door.browser()
    assert_page(stranger.come_back(asked), 400, "no longer good", "Start again")
    stranger.begin()
    assert_page(stranger.come_back(asked), 400, "no longer good")
    assert_page(visitor.come_back(asked, state="another"), 400, "no longer good")
    assert_page(visitor.come_back(asked, state=asked["state"]), 400)  # the first answer ended it, good or bad


@pytest.mark.parametrize("moved", [{"minutes": 10, "seconds": 1}, {"minutes": -1}])
def test_a_sign_in_has_to_be_done_in_ten_minutes(visitor: Visitor, moved: dict[str, float]) -> None:
    asked = visitor.begin()
    visitor.door.clock.move(**moved)
    assert_page(visitor.come_back(asked), 400, "10 minutes")


def test_a_sign_in_that_was_changed_in_the_browser_is_none(visitor: Visitor) -> None:
    asked = visitor.begin("/v1/partners")
    secret, at, _ = visitor.client.cookies[SIGN_IN].split(".")
    for changed in (f"{secret}.{int(at) + 1}.{encoded(b'/v1/partners')}", f"{secret}.{at}.{encoded(b'//evil')}", "x"):
        visitor.client.cookies.set(SIGN_IN, changed, domain="ledger.example", path="/")
        assert_page(visitor.come_back(asked), 400, "no longer good")


def test_an_answer_is_good_once(visitor: Visitor) -> None:
    asked = visitor.begin()
    copied = visitor.client.cookies[SIGN_IN]
    assert visitor.come_back(asked).status_code == 303
    thief = visitor.door.browser()
    thief.client.cookies.set(SIGN_IN, copied)
    assert_page(thief.come_back(asked), 400, "used before")


def test_an_answer_has_to_be_of_the_provider_that_was_asked(visitor: Visitor) -> None:
    visitor.door.provider.said = {"authorization_response_iss_parameter_supported": True}
    visitor.door.clock.move(hours=2)
    issuer = visitor.door.provider.issuer
    assert visitor.come_back(visitor.begin(), iss=issuer).status_code == 303
    assert_page(visitor.come_back(visitor.begin()), 403, "another provider")
    assert_page(visitor.come_back(visitor.begin(), iss="https://elsewhere.example"), 403, "another provider")
    visitor.door.clock.move(hours=2)


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\nb", "/a b", "/\t/evil.example"],
)
def test_nobody_is_sent_to_another_server_after_signing_in(visitor: Visitor, path: str) -> None:
    assert_problem(visitor.client.get("/auth/login", params={"next": path}), 422, "next", "/v1/reports/status")


def test_what_the_provider_says_is_shown_as_text(visitor: Visitor) -> None:
    answer = visitor.come_back(visitor.begin(), error="<script>alert(1)</script>")
    assert_page(answer, 403, "&lt;script&gt;")
    assert "<script" not in answer.text


def test_a_code_that_the_provider_refuses_signs_nobody_in(visitor: Visitor) -> None:
    asked, provider = visitor.begin(), visitor.door.provider
    provider.issued = {"error": "invalid_grant"}
    answer = visitor.client.get("/auth/callback", params={"code": "c", "state": asked["state"]})
    assert_page(answer, 403, "invalid_grant")


def test_who_has_no_role_is_told_which_claim_would_give_one(visitor: Visitor) -> None:
    asked = visitor.begin()
    token = visitor.door.provider.id_token(visitor.door.clock.now, nonce=asked["nonce"], groups=["others"])
    answer = visitor.come_back(asked, token)
    assert_page(answer, 403, "You have no role here", "claim groups", "Start again")
    assert not visitor.is_signed_in()


@pytest.mark.parametrize(("subject", "status"), [("ada@example.org", 303), ("somebody else", 403)])
def test_claims_that_the_id_token_leaves_out_are_asked_for(visitor: Visitor, subject: str, status: int) -> None:
    provider = visitor.door.provider
    provider.said = {"userinfo_endpoint": f"{provider.issuer}/userinfo"}
    provider.known = {"sub": subject, "groups": ["ledger-recorders"]}
    visitor.door.clock.move(hours=2)
    asked = visitor.begin()
    token = provider.id_token(visitor.door.clock.now, nonce=asked["nonce"], groups=None)
    assert visitor.come_back(asked, token).status_code == status


def test_while_the_provider_is_down_nobody_signs_in_and_sessions_go_on(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.door.provider.is_down = True
    use_after(visitor, 5)
    asked = visitor.begin()  # what it publishes is still known
    assert_page(visitor.come_back(asked), 503, "Try again")
    for _ in range(3):
        use_after(visitor, 25)
    assert_page(visitor.client.get("/auth/login"), 503, "Try again")
    token = visitor.token()
    answer = visitor.client.post("/auth/logout", headers={"X-CSRF-Token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/auth/logout")
    assert not visitor.is_signed_in()


def test_a_session_reads_like_a_token_and_is_the_person_of_their_access_tokens(visitor: Visitor) -> None:
    visitor.sign_in()
    me = visitor.me()
    assert me.headers["cache-control"] == "no-store"
    assert (me.json()["role"], me.json()["ends_at"]) == ("recorder", later(visitor.door, 30))
    recorded = visitor.record(**{"x-csrf-token": visitor.token()})
    assert recorded.status_code == 201, recorded.text
    entry = visitor.client.get(f"/v1/events/{recorded.json()['position']}").json()
    assert (entry["recorded_by"], entry["role"]) == (me.json()["actor"], "recorder")
    again = visitor.door.browser().sign_in(groups=["ledger-reviewers"])
    assert again.me().json()["actor"] == me.json()["actor"]
    correction = {"kind": "retracted", "entry": recorded.json()["version"], "reason": "Not so."}
    answer = again.client.post(EVENTS, json=correction, headers={"x-csrf-token": again.token()})
    assert_problem(answer, 403, "four-eyes")


def later(door: Door, minutes: int) -> str:
    clock = MovableClock(door.clock.now.isoformat())
    clock.move(minutes=minutes)
    return clock.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_session_is_for_the_programmes_that_the_role_is_held_for(visitor: Visitor) -> None:
    visitor.sign_in(groups=["port"])
    assert visitor.is_signed_in()
    assert_problem(visitor.record(**{"x-csrf-token": visitor.token()}), 403, "airport", "harbour")


FOREIGN: dict[str, dict[str, str]] = {
    "without the token of a page": {},
    "with another token": {"x-csrf-token": "00" * 32},
    "with the token of another session": {"x-csrf-token": "{other}"},
    "of a page of another site": {"x-csrf-token": "{own}", "sec-fetch-site": "cross-site"},
    "of a page of a sister's": {"x-csrf-token": "{own}", "sec-fetch-site": "same-site", "origin": PUBLIC},
    "typed in": {"x-csrf-token": "{own}", "sec-fetch-site": "none"},
    "of another origin": {"x-csrf-token": "{own}", "origin": "https://evil.example"},
    "of an origin that hides": {"x-csrf-token": "{own}", "origin": "null"},
    "of the same host without encryption": {"x-csrf-token": "{own}", "origin": "http://ledger.example"},
}


@pytest.mark.parametrize("how", FOREIGN)
def test_a_session_alone_records_nothing(visitor: Visitor, how: str) -> None:
    visitor.sign_in()
    own, other = visitor.token(), visitor.door.browser().sign_in().token()
    assert own != other
    headers = {name: value.format(own=own, other=other) for name, value in FOREIGN[how].items()}
    before = visitor.door.ledger.head()
    assert_problem(visitor.record(**headers), 403)
    assert visitor.client.post("/auth/logout", headers=headers).status_code == 403
    assert visitor.is_signed_in()
    assert visitor.door.ledger.head() == before


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": PUBLIC},
                                     {"sec-fetch-site": "same-origin", "origin": "null"}])  # fmt: skip
def test_a_page_of_the_ledger_records(visitor: Visitor, headers: dict[str, str]) -> None:
    visitor.sign_in()
    assert visitor.record(**{"x-csrf-token": visitor.token()}, **headers).status_code == 201


def test_a_token_that_is_sent_counts_before_the_session(visitor: Visitor) -> None:
    visitor.sign_in()
    auditor = {"authorization": f"Bearer {visitor.door.ledger.tokens['auditor']}"}
    me = visitor.client.get("/auth/me", headers=auditor).json()
    assert me == {"actor": "the-auditor", "role": "auditor", "csrf_token": None, "ends_at": None}
    assert_problem(visitor.record(**auditor), 403, "auditor")
    wrong = visitor.client.get("/v1/commitments", headers={"authorization": "Bearer ldg_wrong"})
    assert_problem(wrong, 401)


def test_signing_out_ends_the_session_for_everybody_who_has_its_cookie(visitor: Visitor) -> None:
    visitor.sign_in()
    thief = visitor.door.browser()
    thief.client.cookies.set(SESSION, visitor.client.cookies[SESSION])
    assert thief.is_signed_in()
    page = visitor.client.get("/auth/logout")
    assert_page(page, 200, "Sign out of the ledger?", visitor.token())
    answer = visitor.client.post("/auth/logout", data={"csrf_token": visitor.token()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/auth/logout")
    assert_page(visitor.client.get("/auth/logout"), 200, "You are signed out")
    for browser in (visitor, thief):
        assert not browser.is_signed_in()
        assert_problem(browser.me(), 401)
    assert visitor.client.post("/auth/logout").status_code == 303  # twice is as good as once


def test_the_provider_is_told_of_signing_out_if_it_wants_to_know(visitor: Visitor) -> None:
    provider = visitor.door.provider
    provider.said = {"end_session_endpoint": f"{provider.issuer}/end?x=1"}
    visitor.door.clock.move(hours=2)
    visitor.sign_in()
    assert provider.issuer in visitor.client.get("/auth/logout").headers["content-security-policy"]
    answer = visitor.client.post("/auth/logout", headers={"X-CSRF-Token": visitor.token()})
    address = httpx2.URL(answer.headers["location"])
    told = {"x": "1", "client_id": CLIENT, "post_logout_redirect_uri": f"{PUBLIC}/auth/logout"}
    assert dict(address.params) == told
    visitor.door.clock.move(hours=2)


def test_signing_in_again_begins_another_session_and_ends_the_one_before(visitor: Visitor) -> None:
    visitor.client.cookies.set(SESSION, "a-session-that-somebody-planted", domain="ledger.example", path="/")
    first = visitor.sign_in().client.cookies[SESSION]
    assert first != "a-session-that-somebody-planted"
    second = visitor.sign_in().client.cookies[SESSION]
    assert first != second
    before = visitor.door.browser()
    before.client.cookies.set(SESSION, first)
    assert not before.is_signed_in()
    assert visitor.is_signed_in()


def test_a_session_ends_when_it_is_not_used(visitor: Visitor) -> None:
    visitor.sign_in()
    for _ in range(3):
        use_after(visitor, 29)
    visitor.door.clock.move(minutes=31)
    assert not visitor.is_signed_in()


def test_a_session_ends_after_eight_hours_however_it_is_used(visitor: Visitor) -> None:
    visitor.sign_in()
    for _ in range(16):
        use_after(visitor, 29)
    assert visitor.me().json()["ends_at"] == later(visitor.door, 480 - 16 * 29)
    visitor.door.clock.move(minutes=16)
    assert not visitor.is_signed_in()


def test_whoever_makes_their_session_one_of_an_administrator_in_the_database_is_signed_out(visitor: Visitor) -> None:
    visitor.sign_in()
    url = visitor.door.services.settings.database()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET role = 'administrator'")
    assert not visitor.is_signed_in()


def use_after(visitor: Visitor, minutes: int) -> None:
    """Use the session, and wait until that is kept: it is done after the answer."""
    visitor.door.clock.move(minutes=minutes)
    for _ in range(1_000):
        assert visitor.is_signed_in()
        if any(each.used_at == visitor.door.clock.now for each in visitor.door.services.sessions.open_ones()):
            return
        time.sleep(0.01)
    raise TimeoutError


def test_people_who_open_a_page_are_sent_to_sign_in_and_programs_are_not(visitor: Visitor) -> None:
    answer = visitor.client.get("/v1/reports/status?as_of=2024-05-01", headers={"sec-fetch-mode": "navigate"})
    expected = "/auth/login?next=%2Fv1%2Freports%2Fstatus%3Fas_of%3D2024-05-01"
    assert (answer.status_code, answer.headers["location"]) == (303, expected)
    assert_problem(visitor.client.get("/v1/reports/status"), 401)
    wrong = {"sec-fetch-mode": "navigate", "authorization": "Bearer ldg_wrong"}
    assert_problem(visitor.client.get("/v1/reports/status", headers=wrong), 401)


def test_what_is_public_is_shown_to_whose_session_has_ended(tmp_path: Path) -> None:
    with opened(tmp_path, public_read=True) as door:
        visitor = door.browser().sign_in()
        door.clock.move(hours=9)
        assert visitor.is_signed_in()  # H-1 is public
        assert_problem(visitor.me(), 401)
        assert_problem(visitor.record(**{"x-csrf-token": "0"}), 401)


def test_without_a_client_at_a_provider_there_is_nothing_to_sign_in_to(ledger: Ledger) -> None:
    for path in ("/auth/login", "/auth/callback", "/auth/logout", "/auth/me"):
        assert_problem(ledger.client.get(path), 404)
    assert "/auth/me" not in ledger.client.get("/openapi.json").json()["paths"]
    cookie = {"cookie": f"{SESSION}=x; ledger-session=x"}
    assert_problem(ledger.client.get("/v1/commitments", headers=cookie), 401)


def test_every_route_of_signing_in_has_a_row_and_every_row_a_route(door: Door) -> None:
    assert isinstance(door.ledger.client.app, FastAPI)
    assert routes(door.ledger.client.app) == {*ROUTES, *SIGNING_IN}


def test_the_documentation_says_how_one_comes_in(visitor: Visitor, door: Door) -> None:
    described = visitor.client.get("/openapi.json").json()
    assert set(described["components"]["securitySchemes"]) == {"token", "session"}
    assert described["components"]["securitySchemes"]["session"]["name"] == SESSION
    assert described["paths"]["/v1/commitments"]["get"]["security"] == [{"token": []}, {"session": []}]
    assert "/auth/me" in described["paths"]
