"""Requests that are too long, too deep, packed or too frequent: refused early, with what would be accepted."""

import json
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.http import guard
from api.http.client_address import ClientAddresses
from api.http.rate_limits import Allowance
from application.strict_json import DEEPEST, parse
from infrastructure.wiring import BadCatalogue
from tests.http_ledger import EVENTS, Ledger, assert_problem, filled, made


@pytest.fixture(scope="module")
def backend() -> str:
    """Limits hold before the database is asked."""
    return "sqlite"


EVENT = {"kind": "progressed", "occurred_on": "2024-05", "statement": "The first quay."}


@pytest.fixture
def public(tmp_path: Any) -> Iterator[tuple[TestClient, dict[str, str]]]:
    services, tokens = made(
        tmp_path, public_read=True, rate_limit=5, rate_limit_anonymous=6, rate_limit_failures=3,
        trusted_proxies="10.0.0.0/8",
    )  # fmt: skip
    with TestClient(create_app(services), client=("10.0.0.1", 1234)) as client:
        yield client, tokens


@pytest.fixture(autouse=True)
def _refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "DALLY_SECONDS", 0)


def nested(levels: int) -> bytes:
    return b'{"kind": "progressed", "occurred_on": "2024-05", "x": ' + b"[" * levels + b"]" * levels + b"}"


def test_deeply_nested_bodies_are_refused_before_anything_looks_into_them(ledger: Ledger) -> None:
    for levels in (DEEPEST, 300, 900, 5_000, 120_000):
        for more in ({}, {"idempotency-key": f"deep-{levels}"}):
            answer = ledger.post(EVENTS, nested(levels), **more)
            assert_problem(answer, 400, "too deep", f"accepted: {DEEPEST} levels")
    assert parse(nested(DEEPEST - 1)) is not None
    assert_problem(ledger.post(EVENTS, nested(DEEPEST - 1)), 422, "unknown")
    wide = json.dumps({**EVENT, "evidence": [{"title": "t", "grade": "A"}] * 60}).encode()
    assert ledger.post(EVENTS, wide).status_code in (201, 422)  # many beside each other are not deep


def test_the_last_of_thirty_thousand_names_that_stands_twice_is_found_at_once(ledger: Ledger) -> None:
    names = ",".join(f'"{number}":0' for number in range(24_000))
    assert_problem(ledger.post(EVENTS, f'{{{names},"23999":0}}'.encode()), 400, "23999", "stands twice")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"content-encoding": "gzip"}, "compressed"),
        ({"content-encoding": "br"}, "compressed"),
        ({"content-encoding": "GZIP, gzip"}, "compressed"),
        ({"content-type": "application/json; charset=utf-16"}, "utf-16"),
        ({"content-type": "application/json; charset=iso-8859-1"}, "iso-8859-1"),
        ({"content-type": "text/plain"}, "text/plain"),
    ],
)
def test_bodies_in_other_clothes_are_refused_unopened(ledger: Ledger, headers: dict[str, str], said: str) -> None:
    bomb = zlib.compress(b" " * 100_000_000, 9)
    assert len(bomb) < 262_144
    tracemalloc.start()
    try:
        assert_problem(ledger.post(EVENTS, bomb, **headers), 415, said, "accepted: application/json")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_body_in_pieces_is_refused_as_soon_as_it_is_too_long(ledger: Ledger) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 65_536
            yield b" " * 65_536

    given = {"authorization": f"Bearer {ledger.tokens['recorder']}", "content-type": "application/json"}
    answer = ledger.client.post(EVENTS, content=pieces(), headers=given)
    assert_problem(answer, 413, "262144")


def test_a_head_is_bounded_in_bytes_headers_address_and_parameters(ledger: Ledger) -> None:
    many = {f"x-{number}": "1" for number in range(120)}
    assert_problem(ledger.get("/v1/commitments", **many), 431, "headers; accepted: up to 100")
    assert_problem(ledger.get("/v1/commitments", cookie="x" * 40_000), 431, "accepted: up to 32768")
    assert_problem(ledger.get("/v1/commitments?q=" + "x" * 9_000), 414, "accepted: up to 8192")
    assert_problem(ledger.get("/v1/commitments?" + "q=x&" * 300), 422, "accepted: up to 200")


def test_whoever_reads_without_a_token_is_told_how_much_is_left_and_when_to_come_back(public: Any) -> None:
    client, _ = public
    for left in range(5, -1, -1):
        answer = client.get("/v1/commitments")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"anonymous";q=6;w=60'
        assert answer.headers["ratelimit"].startswith(f'"anonymous";r={left};t=')
    refused = client.get("/v1/commitments")
    assert_problem(refused, 429, "requests without a token", "accepted: 6 a minute")
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert client.get("/health/ready").status_code == 200
    assert client.get("/v1/commitments", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 200


def test_who_guesses_is_stopped_and_who_shares_the_address_is_not(public: Any) -> None:
    client, tokens = public
    guess = {"authorization": "Bearer ldg_guess"}
    statuses = [client.get("/v1/commitments", headers=guess).status_code for _ in range(8)]
    assert statuses == [401] * 3 + [429] * 5
    refused = client.get("/v1/commitments", headers=guess)
    assert_problem(refused, 429, "refused tokens from this address")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["ratelimit"].startswith('"refused-tokens";r=0;t=')
    valid = {"authorization": f"Bearer {tokens['auditor']}"}
    assert client.get("/v1/commitments", headers=valid).status_code == 200
    assert client.get("/v1/commitments").status_code == 200  # reading without a token is counted apart


def test_who_is_past_a_limit_waits_for_the_refusal_and_others_do_not(
    public: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, tokens = public
    guess, valid = {"authorization": "Bearer ldg_guess"}, {"authorization": f"Bearer {tokens['auditor']}"}
    for _ in range(4):
        client.get("/v1/commitments", headers=guess)
    monkeypatch.setattr(guard, "DALLY_SECONDS", 2)
    done: list[str] = []

    def ask(name: str, headers: dict[str, str]) -> None:
        client.get("/v1/commitments", headers=headers)
        done.append(name)

    guessing = threading.Thread(target=ask, args=("guess", guess))
    guessing.start()
    ask("valid", valid)
    guessing.join()
    assert done == ["valid", "guess"]


def test_a_token_made_while_its_address_is_stopped_is_let_in_within_a_second(tmp_path: Any) -> None:
    services, _ = made(tmp_path, rate_limit_failures=1)
    with TestClient(create_app(services)) as client:
        guess = {"authorization": "Bearer ldg_guess"}
        assert [client.get("/v1/commitments", headers=guess).status_code for _ in range(2)] == [401, 429]
        fresh = {"authorization": f"Bearer {services.create_token('somebody-new', 'auditor', 'local')}"}
        for _ in range(40):
            if client.get("/v1/commitments", headers=fresh).status_code == 200:
                return
            services.known_tokens.read()
        raise AssertionError("a valid token was locked out")


def test_a_limit_for_valid_tokens_counts_each_by_itself(public: Any) -> None:
    client, tokens = public
    one, other = ({"authorization": f"Bearer {tokens[role]}"} for role in ("auditor", "recorder"))
    statuses = [client.get("/v1/commitments", headers=one).status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert_problem(client.get("/v1/commitments", headers=one), 429, "requests with this token")
    assert client.get("/v1/commitments", headers=other).headers["ratelimit"].startswith('"token";r=4;t=')


def test_without_a_limit_nothing_is_said_of_one(tmp_path: Any) -> None:
    services, tokens = made(tmp_path, public_read=True, rate_limit_anonymous=0, rate_limit_failures=0)
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        for headers in ({}, {"authorization": "Bearer no"}, {"authorization": f"Bearer {tokens['auditor']}"}):
            assert "ratelimit" not in ledger.client.get("/v1/commitments", headers=headers).headers


def test_a_catalogue_that_is_too_large_is_not_read(tmp_path: Any) -> None:
    services, _ = made(tmp_path, max_catalogue_megabytes=1)
    path = tmp_path / "large.json"
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(BadCatalogue, match=r"large.json: has 1.0 MB; accepted: up to 1 MB"):
        services.load(str(path), "catalogue", lambda _, __: None)
    services.close()


def test_an_allowance_fills_evenly_and_remembers_a_bounded_number() -> None:
    allowance = Allowance("x", 60)
    for spent in range(60):
        assert allowance.left("a", 100.0) == 60 - spent
        allowance.spend("a", 100.0)
    assert allowance.left("a", 100.0) == 0
    assert allowance.left("b", 100.0) == 60
    assert allowance.seconds_until_one("a", 100.0) == 1
    assert allowance.left("a", 110.0) == 10
    assert allowance.left("a", 160.0) == 60
    for _ in range(500):  # side by side, before any of them was counted
        allowance.spend("c", 100.0)
    assert allowance.left("c", 100.0) == 0
    assert allowance.seconds_until_one("c", 100.0) == 1
    for number in range(20_000):
        allowance.spend(number, 100.0)
    assert len(allowance._full_at) == 10_000


def test_a_client_is_its_connection_or_what_a_trusted_proxy_says() -> None:
    nobody, proxied = ClientAddresses(""), ClientAddresses("10.0.0.0/8 2001:db8::1")
    assert nobody.client("10.0.0.1", [b"192.0.2.7"]) == "10.0.0.1"
    assert proxied.client("10.0.0.1", [b"192.0.2.7"]) == "192.0.2.7"
    assert proxied.client("10.0.0.1", [b"6.6.6.6, 192.0.2.7, 10.9.9.9"]) == "192.0.2.7"
    assert proxied.client("10.0.0.1", [b"6.6.6.6", b"192.0.2.7"]) == "192.0.2.7"
    assert proxied.client("192.0.2.9", [b"6.6.6.6"]) == "192.0.2.9"
    assert proxied.client("2001:db8::1", [b"::ffff:192.0.2.7"]) == "192.0.2.7"
    assert nobody.client("2001:db8:1:2:3:4:5:6", []) == nobody.client("2001:db8:1:2::9", []) == "2001:db8:1:2::/64"
    assert proxied.client("10.0.0.1", [b"nonsense"]) == "nonsense"
