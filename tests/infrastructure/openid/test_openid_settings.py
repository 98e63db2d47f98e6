from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from infrastructure.openid.configuration import parse_roles
from infrastructure.settings import Settings

GOOD: dict[str, Any] = {
    "oidc_issuer": "https://id.example",
    "oidc_audience": "https://ledger.example",
    "oidc_roles": "groups recorders=recorder",
}


def test_a_provider_needs_an_address_an_audience_and_roles() -> None:
    assert Settings().openid() is None
    assert Settings(**GOOD).openid() is not None
    for name in ("oidc_audience", "oidc_roles"):
        with pytest.raises(ValidationError, match="LEDGER_OIDC_ISSUER needs"):
            Settings(**GOOD | {name: ""})


@pytest.mark.parametrize("issuer", ["https://id.example", "https://id.example/realms/port", "http://127.0.0.1:4000",
                                    "http://[::1]:4000", "http://localhost:4000"])  # fmt: skip
def test_a_provider_is_asked_over_tls_or_on_this_machine(issuer: str) -> None:
    openid = Settings(**GOOD | {"oidc_issuer": issuer}).openid()
    assert openid is not None
    assert openid.issuer == issuer


@pytest.mark.parametrize("issuer", ["http://id.example", "http://10.0.0.7", "id.example", "ftp://id.example", "https://",
                                    "https://ada:secret@id.example", "https://id.example?x=1", "https://id.example#x",
                                    "http://localhost.evil.example", "http://127.0.0.1.evil.example"])  # fmt: skip
def test_no_other_address_is_a_provider(issuer: str) -> None:
    with pytest.raises(ValidationError, match="accepted: https://"):
        Settings(**GOOD | {"oidc_issuer": issuer})


CLIENT = GOOD | {"oidc_client_id": "ledger", "public_url": "https://ledger.example"}


def test_signing_in_needs_an_address_to_come_back_to() -> None:
    assert Settings(**CLIENT | {"oidc_audience": ""}).openid() is not None
    with pytest.raises(ValidationError, match="needs LEDGER_PUBLIC_URL"):
        Settings(**CLIENT | {"public_url": ""})
    for address in ("http://ledger.example", "https://ledger.example/app", "ledger.example"):
        with pytest.raises(ValidationError, match="accepted"):
            Settings(**CLIENT | {"public_url": address})
    assert Settings(**CLIENT | {"public_url": "https://ledger.example/"}).public_url == "https://ledger.example"


def test_an_audience_that_is_the_client_itself_is_refused_since_id_tokens_could_pass_for_access_tokens() -> None:
    with pytest.raises(ValidationError, match="ID tokens could pass for access tokens"):
        Settings(**CLIENT | {"oidc_audience": "ledger"})


def test_the_secret_comes_from_the_environment_or_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hush-hush\n")
    for given in ({"oidc_client_secret": "hush-hush"}, {"oidc_client_secret_file": str(file)}):
        settings = Settings(**CLIENT | given)
        openid = settings.openid()
        assert openid is not None
        assert openid.client_secret == "hush-hush"
        for shown in (settings, openid, settings.shown()):
            assert "hush" not in repr(shown)
    assert Settings(**CLIENT, oidc_client_secret="hush-hush").shown()["LEDGER_OIDC_CLIENT_SECRET"] == "masked"
    with pytest.raises(ValidationError, match="accepted: one of them") as refused:
        Settings(**CLIENT, oidc_client_secret="hush-hush", oidc_client_secret_file=str(file))
    assert "hush" not in str(refused.value)
    with pytest.raises(ValidationError, match="cannot be read"):
        Settings(**CLIENT, oidc_client_secret_file=str(tmp_path / "nothing"))


@pytest.mark.parametrize("scope", ["", "groups", "openidx", "openid\nx"])
def test_what_is_asked_for_is_openid_at_least(scope: str) -> None:
    with pytest.raises(ValidationError):
        Settings(**CLIENT, oidc_scope=scope)
    assert Settings(**CLIENT, oidc_scope="profile openid groups").oidc_scope


@pytest.mark.parametrize("names", ["none", "HS256", "RS256 HS512", "", "rs256", "RS256,ES256", "ES256K"])
def test_algorithms_that_others_could_sign_with_cannot_be_allowed(names: str) -> None:
    with pytest.raises(ValidationError, match="accepted: some of RS256"):
        Settings(**GOOD, oidc_algorithms=names)


@pytest.mark.parametrize("text", ["groups", "groups recorders", "groups recorders=", "groups =recorder",
                                  "groups recorders=boss", 'groups "recorders=recorder', "groups a=recorder:",
                                  "groups a=recorder:Port", "groups a=recorder:port,", "groups a=:port"])  # fmt: skip
def test_roles_that_nobody_would_get_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="pairs VALUE=ROLE"):
        Settings(**GOOD | {"oidc_roles": text})


@pytest.mark.parametrize(
    ("text", "claims", "role"),
    [
        ("groups a=recorder b=auditor", {"groups": ["b", "a"]}, "recorder"),
        ("groups b=auditor a=recorder", {"groups": ["b", "a"]}, "auditor"),
        ("groups a=recorder", {"groups": "a"}, "recorder"),
        ("groups a=recorder", {"groups": "not a"}, None),
        ('groups "Ledger Recorders=recorder"', {"groups": ["Ledger Recorders"]}, "recorder"),
        ("groups cn=ledger,dc=port=auditor", {"groups": ["cn=ledger,dc=port"]}, "auditor"),
        ("https://port.example/roles a=recorder", {"https://port.example/roles": ["a"]}, "recorder"),
        ("/realm_access/roles a=recorder", {"realm_access": {"roles": ["a"]}}, "recorder"),
        ("/resource_access/a~1b/roles a=recorder", {"resource_access": {"a/b": {"roles": ["a"]}}}, "recorder"),
        ("/realm_access/roles a=recorder", {"realm_access": ["a"]}, None),
        ("/realm_access/roles a=recorder", {}, None),
        ("scope ledger.record=recorder", {"scope": "openid ledger.record"}, "recorder"),
        ("scp ledger.record=recorder", {"scp": ["ledger.record"]}, "recorder"),
        ("scope ledger.record=recorder", {"scope": "ledger.recorder"}, None),
    ],
)
def test_a_claim_gives_a_role_by_its_exact_values(text: str, claims: dict[str, Any], role: str | None) -> None:
    mapping = parse_roles(text)
    assert mapping is not None
    assert mapping.role_of(claims) == (None if role is None else (role, None))


def test_a_role_may_be_for_named_programmes() -> None:
    mapping = parse_roles("groups port=recorder:harbour,port-2 city=recorder")
    assert mapping is not None
    assert mapping.role_of({"groups": ["port"]}) == ("recorder", frozenset({"harbour", "port-2"}))
    assert mapping.role_of({"groups": ["city"]}) == ("recorder", None)
