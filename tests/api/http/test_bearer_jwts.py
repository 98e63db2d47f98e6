"""Access tokens of an OpenID provider: who is let in by them, and everything that is not believed."""

import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey, generate_key

from api.app import create_app
from tests.http_ledger import EVENTS, Ledger, assert_problem, filled, made
from tests.published_provider import AUDIENCE, ROLES, PublishedProvider, encoded, new_key, published_provider, signed
from tests.stores import MovableClock


@pytest.fixture(scope="module")
def backend() -> str:
    """What is believed of a provider's token is decided outside the database."""
    return "sqlite"


EVENT = {"kind": "progressed", "occurred_on": "2024-05-10", "statement": "The first quay."}
TWICE = b'{"alg": "ES256", "alg": "none"}'
LONG_AGO, AT_ONCE = -10_000, 10_000


class Office:
    """A ledger that trusts a provider, on a clock of the test."""

    def __init__(self, ledger: Ledger, provider: PublishedProvider, clock: MovableClock) -> None:
        self.ledger, self.provider, self.clock = ledger, provider, clock

    @property
    def now(self) -> int:
        return int(self.clock.now.timestamp())

    def token(self, **claims: Any) -> str:
        return self.provider.token(self.clock.now, **claims)

    def signed(self, payload: dict[str, Any] | None = None, /, **header: Any) -> str:
        """Sign good claims under another header."""
        key = self.provider.keys[0]
        said = {"alg": key.alg, "kid": key.kid, "typ": "at+jwt"} | header
        return signed(said, payload or self.provider.claims(self.clock.now), key, key.alg)

    def read(self, token: str, path: str = "/v1/commitments/H-1") -> Any:
        return self.ledger.client.get(path, headers={"authorization": f"Bearer {token}"})

    def record(self, token: str, **members: Any) -> Any:
        return self.ledger.post(EVENTS, EVENT | members, authorization=f"Bearer {token}")


@contextmanager
def trusting(folder: Path, **settings: Any) -> Iterator[Office]:
    clock = MovableClock("2024-06-01T09:00:00+00:00")
    with published_provider() as provider:
        trust = {"oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE, "oidc_roles": ROLES}
        services, tokens = made(folder, clock, rate_limit_failures=0, **trust | settings)
        with TestClient(create_app(services), raise_server_exceptions=False) as client:
            yield Office(filled(client, tokens), provider, clock)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with trusting(tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def new_office(tmp_path: Path) -> Iterator[Office]:
    with trusting(tmp_path) as office:
        yield office


def assert_not_believed(office: Office, token: str, *said: str) -> None:
    before = office.ledger.head()
    answers = office.record(token), office.read(token)
    for answer in answers:
        assert_problem(answer, 401, *said)
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert token[:20] not in answer.text
    assert office.ledger.head() == before


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"])
def test_a_good_access_token_reads_and_records_with_every_algorithm(office: Office, algorithm: str) -> None:
    key = new_key(algorithm, kid=algorithm)
    office.provider.keys.append(key)
    office.clock.move(seconds=11)
    token = office.token(key=key)
    assert office.read(token).json()["reference"] == "H-1"
    recorded = office.record(token)
    assert recorded.status_code == 201, recorded.text
    entry = office.read(token, f"/v1/events/{recorded.json()['position']}").json()
    assert entry["role"] == "recorder"


def test_who_recorded_is_a_pseudonym_that_stays_the_same_and_names_nobody(office: Office) -> None:
    first, second = office.record(office.token()), office.record(office.token(jti="another", groups="ledger-recorders"))
    stranger = office.record(office.token(sub="bob@example.org"))
    lines = [office.read(office.token(), f"/v1/events/{each.json()['position']}") for each in (first, second, stranger)]
    ada, again, bob = (line.json()["recorded_by"] for line in lines)
    assert ada == again != bob
    assert ada.startswith("oidc-")
    assert not any("example.org" in line.text for line in lines)


def test_nobody_corrects_their_own_entry_with_another_token_of_theirs(office: Office) -> None:
    version = office.record(office.token()).json()["version"]
    correction = {"kind": "retracted", "entry": version, "reason": "Not so."}
    own = office.token(groups=["ledger-reviewers"])
    for members in (correction, {**correction, "statement": "No."}):
        assert_problem(office.ledger.post(EVENTS, members, authorization=f"Bearer {own}"), 403, "four-eyes")
    other = office.token(groups=["ledger-reviewers"], sub="bob")
    assert office.ledger.post(EVENTS, correction, authorization=f"Bearer {other}").status_code == 201


def test_the_role_is_the_first_of_the_setting_that_the_claims_give(office: Office) -> None:
    assert office.record(office.token(groups=["everybody", "ledger-recorders"])).status_code == 201
    assert_problem(office.record(office.token(groups=["ledger-recorders", "ledger-admins"])), 403, "administrator")
    assert_problem(office.record(office.token(groups="everybody")), 403, "auditor")


def test_a_role_that_is_held_for_other_programmes_is_none_for_this_one(office: Office) -> None:
    token = office.token(groups=["port"])
    assert office.read(token).status_code == 200
    assert_problem(office.record(token), 403, "airport", "harbour")


@pytest.mark.parametrize("groups", [None, [], "", "ledger", ["Ledger-Recorders"], {"ledger-recorders": True}, 7, [[]]])
def test_an_account_without_a_role_is_told_which_claim_would_give_one(office: Office, groups: Any) -> None:
    token = office.token(groups=groups)
    for answer in (office.read(token), office.record(token)):
        assert_problem(answer, 403, "groups", "LEDGER_OIDC_ROLES")
        assert "ledger-admins" not in answer.text


OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": LONG_AGO}, "expired"),
    "without an end": ({"exp": None}, "never expire"),
    "with an end that is no number": ({"exp": "tomorrow"}, "exp is no time"),
    "with an end that is true": ({"exp": True}, "exp is no time"),
    "with an endless end": ({"exp": float("inf")}, "claims nothing"),
    "not good yet": ({"nbf": AT_ONCE}, "not good yet"),
    "issued in the future": ({"iat": AT_ONCE}, "not good yet"),
    "of another issuer": ({"iss": "https://elsewhere.example"}, "issuer"),
    "of nearly the same issuer": ({"iss": "{issuer}/"}, "issuer"),
    "without an issuer": ({"iss": None}, "issuer"),
    "for another audience": ({"aud": "https://elsewhere.example"}, "meant for others"),
    "for other audiences": ({"aud": ["a", "b"]}, "meant for others"),
    "for an audience that begins so": ({"aud": AUDIENCE + ".evil"}, "meant for others"),
    "for nobody": ({"aud": None}, "meant for others"),
    "about nobody": ({"sub": None}, "subject"),
    "about a number": ({"sub": 7}, "subject"),
    "bound to a key": ({"cnf": {"jkt": "x"}}, "bound to a key"),
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_a_token_that_the_provider_signed_is_refused_if_it_is(office: Office, how: str) -> None:
    claims, said = OTHERWISE[how]
    moved = {
        name: office.now + value if value in (LONG_AGO, AT_ONCE) and not isinstance(value, bool) else value
        for name, value in claims.items()
    }
    if moved.get("iss"):
        moved["iss"] = moved["iss"].format(issuer=office.provider.issuer)
    assert_not_believed(office, office.token(**moved), said)


def test_clocks_may_differ_by_the_leeway_and_no_more(office: Office) -> None:
    for claims in ({"exp": office.now - 59}, {"nbf": office.now + 60}, {"iat": office.now + 60}):
        assert office.read(office.token(**claims)).status_code == 200
    for claims in ({"exp": office.now - 60}, {"nbf": office.now + 61}, {"iat": office.now + 61}):
        assert_not_believed(office, office.token(**claims))


@pytest.mark.parametrize(
    "claims", [{"nonce": "n"}, {"at_hash": "h"}, {"typ": "ID"}, {"typ": "Refresh"}, {"events": {}}]
)
@pytest.mark.parametrize("stated", ["JWT", None])
def test_an_id_token_is_no_access_token(office: Office, claims: dict[str, Any], stated: str | None) -> None:
    payload = office.provider.claims(office.clock.now, **claims)
    header = {"typ": stated} if stated else {}
    key = office.provider.keys[0]
    assert_not_believed(office, signed({"alg": key.alg, "kid": key.kid} | header, payload, key), "no access token")


@pytest.mark.parametrize("stated", ["logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE"])
def test_what_the_provider_signed_for_another_purpose_is_no_access_token(office: Office, stated: str) -> None:
    assert_not_believed(office, office.signed(typ=stated), "no access token")


@pytest.mark.parametrize("stated", ["at+jwt", "AT+JWT", "application/at+jwt", "JWT"])
def test_access_tokens_of_every_usual_type_are_taken(office: Office, stated: str) -> None:
    assert office.read(office.signed(typ=stated)).status_code == 200


def none_of(office: Office, name: str) -> str:
    claims = office.provider.claims(office.clock.now)
    return f"{encoded(json.dumps({'alg': name}).encode())}.{encoded(json.dumps(claims).encode())}."


def hmac_with(office: Office, secret: bytes) -> str:
    """Use what everybody knows as the secret of an HMAC; the library refuses to, an attacker does not."""
    header = {"alg": "HS256", "kid": office.provider.keys[0].kid, "typ": "at+jwt"}
    parts = (header, office.provider.claims(office.clock.now))
    protected = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{protected}.{encoded(hmac.digest(secret, protected.encode(), 'sha256'))}"


def changed_claims(office: Office) -> str:
    header, _, signature = office.token().split(".")
    more = office.provider.claims(office.clock.now, groups=["ledger-admins"])
    return f"{header}.{encoded(json.dumps(more).encode())}.{signature}"


def own_key_inside(office: Office) -> str:
    own = new_key()
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "first", "jwk": own.as_dict(private=False)}
    return signed(header, office.provider.claims(office.clock.now), own)


FORGED: dict[str, Callable[[Office], str]] = {
    "unsigned": lambda office: none_of(office, "none"),
    "unsigned in other letters": lambda office: none_of(office, "nOnE"),
    "unsigned with a signature": lambda office: none_of(office, "none") + "AAAA",
    "an HMAC with the public key as PEM": lambda office: hmac_with(
        office, office.provider.keys[0].as_pem(private=False)
    ),
    "an HMAC with the public key as DER": lambda office: hmac_with(office, office.provider.keys[0].as_der()),
    "an HMAC with the public key as JWK": lambda office: hmac_with(
        office, json.dumps(office.provider.keys[0].as_dict(private=False)).encode()
    ),
    "signed by another key of that name": lambda office: office.token(key=new_key()),
    "signed by a key of another kind": lambda office: office.token(key=new_key("RS256")),
    "signed by the key inside": own_key_inside,
    "with other claims": changed_claims,
    "with a signature that was touched": lambda office: office.token()[:-6] + "AAAAAA",
    "without a signature": lambda office: office.token().rpartition(".")[0] + ".",
    "with an algorithm that does not fit the key": lambda office: office.signed(alg="RS256"),
    "with extensions that must be understood": lambda office: office.signed(crit=["exp"], exp=AT_ONCE),
    "with a demand to understand what is understood anyway": lambda office: office.signed(crit=["kid"]),
    "with an unencoded payload": lambda office: office.signed(crit=["b64"], b64=False),
    "with a name of the key that is a list": lambda office: office.signed(kid=["first"]),
    "with a name of the key that is a path": lambda office: office.signed(kid="../../../dev/null"),
    "with algorithms": lambda office: office.signed(alg=["ES256"]),
    "with a type that is a number": lambda office: office.signed(typ=7),
    "without an algorithm": lambda office: office.signed(alg=None),
    "too long": lambda office: office.token(padding="x" * 8_000),
    "encrypted": lambda office: ".".join([*office.token().split("."), "AAAA", "AAAA"]),
    "two parts": lambda office: office.token().rpartition(".")[0],
    "three dots and nothing": lambda _: "...",
    "a header that is too deep": lambda _: f"{encoded(b'[' * 5_000)}.AAAA.AAAA",
    "a header that is a list": lambda _: f"{encoded(b'[1]')}.AAAA.AAAA",
    "a header that says it twice": lambda _: f"{encoded(TWICE)}.AAAA.AAAA",
    "claims that are a list": lambda office: signed({"alg": "ES256", "kid": "first"}, [1], office.provider.keys[0]),
    "claims that are too deep": lambda office: signed(
        {"alg": "ES256", "kid": "first"}, b"[" * 5_000, office.provider.keys[0]
    ),
    "claims that are no JSON": lambda office: signed(
        {"alg": "ES256", "kid": "first"}, b"\xff", office.provider.keys[0]
    ),
}


@pytest.mark.parametrize("how", FORGED)
def test_what_the_provider_did_not_sign_for_us_is_refused(office: Office, how: str) -> None:
    assert_not_believed(office, FORGED[how](office), "not valid")


def test_an_algorithm_that_is_not_on_the_list_is_refused_even_with_a_key_of_the_provider(tmp_path: Path) -> None:
    with trusting(tmp_path, oidc_algorithms="RS256 Ed25519") as office:
        assert_not_believed(office, office.token(), "not allowed; allowed: RS256 Ed25519")
        office.provider.keys.append(new_key("Ed25519", "second"))
        office.clock.move(seconds=11)
        assert office.read(office.token(key=office.provider.keys[1])).status_code == 200


def test_keys_are_never_fetched_from_where_a_token_says(office: Office) -> None:
    own = new_key()
    with published_provider() as attacker:
        attacker.keys = [own]
        header = {
            "alg": "ES256",
            "kid": "first",
            "typ": "at+jwt",
            "jku": f"{attacker.issuer}/keys",
            "x5u": attacker.issuer,
        }
        assert_not_believed(office, signed(header, office.provider.claims(office.clock.now), own))
        assert not attacker.asked


def test_published_keys_that_cannot_be_relied_on_are_not_used(office: Office) -> None:
    with pytest.warns(match="2048"):
        weak = generate_key("RSA", 1024, {"kid": "weak", "alg": "RS256"})
    shared = OctKey.import_key(b"a secret that is shared with everybody", {"kid": "shared", "alg": "HS256"})
    for_secrets = generate_key("EC", "P-256", {"kid": "for-secrets", "use": "enc"})
    unknown = {"kty": "LWE", "kid": "unknown"}
    published = [key.as_dict() for key in (weak, for_secrets)]
    office.clock.move(seconds=11)
    office.provider.more_keys = [*published, shared.as_dict(private=True), unknown, {"kty": "EC", "kid": "half"}]
    claims = office.provider.claims(office.clock.now)
    for key, algorithm in ((weak, "RS256"), (shared, "HS256"), (for_secrets, "ES256")):
        assert_not_believed(office, signed({"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}, claims, key))
    assert office.read(office.token()).status_code == 200


@given(token=st.from_regex(r"[!-~]{0,40}\.[!-~]{0,40}\.?[!-~]{0,40}", fullmatch=True))
def test_whatever_is_sent_as_a_token_is_refused_with_a_reason(office: Office, token: str) -> None:
    assert_problem(office.read(token), 401, "token")


@given(header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "zip"]), st.one_of(
    st.none(), st.booleans(), st.sampled_from(["ES256", "none", "HS256", "first", "JWT", "at+jwt"]), st.lists(st.text())
)))  # fmt: skip
def test_whatever_a_header_says_a_wrong_signature_is_refused(office: Office, header: dict[str, Any]) -> None:
    claims = office.provider.claims(office.clock.now)
    token = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}.{'A' * 86}"
    assert_problem(office.read(token), 401, "token")


def test_new_keys_are_followed_and_old_ones_forgotten_without_a_restart(new_office: Office) -> None:
    old, new = new_office.provider.keys[0], new_key(kid="second")
    assert new_office.read(new_office.token()).status_code == 200
    new_office.clock.move(seconds=11)
    new_office.provider.keys = [new]
    assert new_office.read(new_office.token(key=new)).status_code == 200
    assert_not_believed(new_office, new_office.token(key=old), "no key")


def test_a_key_that_was_withdrawn_is_not_used_for_long(new_office: Office) -> None:
    old = new_office.provider.keys[0]
    assert new_office.read(new_office.token()).status_code == 200
    new_office.provider.keys = [new_key(kid="second")]
    new_office.clock.move(minutes=5)
    # The first answer does not wait for the provider; one of the next has heard of it.
    assert any(new_office.read(new_office.token(key=old)).status_code == 401 for _ in range(1_000))


def test_the_provider_is_not_asked_for_every_key_that_somebody_makes_up(new_office: Office) -> None:
    for number in range(30):
        assert_not_believed(new_office, new_office.token(key=new_key(kid=f"made-up-{number}")), "no key")
    assert new_office.provider.asked["/keys"] <= 2
    new_office.clock.move(seconds=11)
    assert_not_believed(new_office, new_office.token(key=new_key(kid="again")), "no key")
    assert new_office.provider.asked["/keys"] <= 3


def test_while_the_provider_is_down_known_keys_go_on_for_an_hour_and_tokens_of_ours_for_ever(
    new_office: Office,
) -> None:
    assert new_office.read(new_office.token()).status_code == 200
    new_office.provider.is_down = True
    new_office.clock.move(minutes=59)
    assert new_office.read(new_office.token()).status_code == 200
    assert_problem(new_office.read(new_office.token(key=new_key(kid="second"))), 503, "cannot be asked", "API token")
    new_office.clock.move(minutes=2)
    answer = new_office.read(new_office.token())
    assert_problem(answer, 503, "cannot be asked", "API token")
    assert answer.headers["retry-after"]
    assert new_office.ledger.get("/v1/commitments/H-1").status_code == 200
    new_office.provider.is_down = False
    new_office.clock.move(seconds=11)
    assert new_office.read(new_office.token()).status_code == 200


@pytest.mark.parametrize("said", [
    {"issuer": "https://elsewhere.example"}, {"jwks_uri": "http://elsewhere.example/keys"}, {"jwks_uri": None},
    {"token_endpoint": "ftp://127.0.0.1"},
])  # fmt: skip
def test_a_provider_that_publishes_nonsense_is_not_believed(new_office: Office, said: dict[str, Any]) -> None:
    new_office.provider.said = said
    assert_problem(new_office.read(new_office.token()), 503, "cannot be asked")


def test_without_a_provider_a_jwt_is_a_token_like_any_other_that_is_wrong(ledger: Ledger) -> None:
    with published_provider() as provider:
        token = provider.token(MovableClock().now)
        answer = ledger.client.get("/v1/commitments", headers={"authorization": f"Bearer {token}"})
        assert_problem(answer, 401, "not valid")
        assert not provider.asked
