"""Settings that matter are history: a server records at its start what is not as it was recorded last."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from application.settings_history import NOTED
from infrastructure.settings import Settings
from infrastructure.wiring import build
from tests.http_ledger import PROGRAMME, Ledger, made
from tests.witness import Witness


def started(folder: Path, **settings: Any) -> list[tuple[str, str | None, str | None]]:
    """Start a server with these settings; give the changes of settings that are recorded then."""
    services = build(Settings(data_dir=folder, log_level="error", **settings))
    services.migrate()
    token = services.create_token("the-auditor", "auditor", "local")
    with TestClient(create_app(services)) as client:
        items = client.get("/v1/events?limit=500", headers={"authorization": f"Bearer {token}"}).json()["items"]
    return [
        (each["setting"], each["from"], each["to"])
        for each in items
        if each["kind"] == "setting_changed" and (each["reference"], each["role"]) == ("ledger", "administrator")
    ]


def test_the_usual_settings_are_no_news(tmp_path: Path) -> None:
    assert started(tmp_path) == []


def test_each_change_is_recorded_once_and_so_is_the_way_back(tmp_path: Path) -> None:
    off = ("four_eyes", "true", "false")
    assert started(tmp_path, four_eyes=False) == [off]
    assert started(tmp_path, four_eyes=False) == [off]
    assert started(tmp_path, four_eyes=False, time_zone="Europe/Brussels") == [
        off,
        ("time_zone", "UTC", "Europe/Brussels"),
    ]
    changes = started(tmp_path, public_read=True)
    assert set(changes[2:]) == {
        ("four_eyes", "false", "true"),
        ("time_zone", "Europe/Brussels", "UTC"),
        ("public_read", "false", "true"),
    }


def test_who_signs_in_with_which_role_is_recorded_and_no_value_is_empty_text(tmp_path: Path) -> None:
    openid = {
        "oidc_issuer": "https://login.example.org",
        "oidc_audience": "ledger",
        "oidc_roles": "groups admins=administrator",
    }
    assert set(started(tmp_path, **openid)) == {(name, None, value) for name, value in openid.items()}


KEY = Witness(Path()).vkey
SETTINGS: dict[str, tuple[str, str]] = {
    "witness_quorum": ("1", "1"),
    "witnesses": (f"{KEY} http://127.0.0.1:9/hidden-word", KEY),
    "oidc_client_id": ("ledger-web", "ledger-web"),
    "oidc_scope": ("openid groups", "openid groups"),
    "oidc_algorithms": ("ES256", "ES256"),
    "oidc_leeway_seconds": ("5", "5"),
    "public_url": ("https://ledger.example.org", "https://ledger.example.org"),
    "session_idle_minutes": ("5", "5"),
    "session_hours": ("2", "2"),
    "cors_origins": ("https://pages.example.org", "https://pages.example.org"),
    "oidc_issuer": ("https://login.example.org", "https://login.example.org"),
    "oidc_audience": ("ledger", "ledger"),
    "oidc_roles": ("groups admins=administrator", "groups admins=administrator"),
    "four_eyes": ("false", "false"),
    "public_read": ("true", "true"),
    "time_zone": ("Europe/Brussels", "Europe/Brussels"),
}


def test_every_setting_that_decides_about_rights_and_rules_is_recorded_and_no_secret_with_it(tmp_path: Path) -> None:
    given = {name: value for name, (value, _) in SETTINGS.items()}
    secret = {"oidc_client_secret": "hidden-word", "key_dir": str(tmp_path / "hidden-word")}
    recorded = started(tmp_path / "data", **given, **secret)
    assert {name: to for name, _, to in recorded} == {name: told for name, (_, told) in SETTINGS.items()}
    assert "hidden-word" not in str(recorded)
    assert set(SETTINGS) == set(NOTED)


def test_each_of_them_is_recorded_by_itself_when_it_changes(tmp_path: Path) -> None:
    given = {name: value for name, (value, _) in SETTINGS.items()}
    before = started(tmp_path, **given)
    changes = {"oidc_roles": "groups admins=auditor", "oidc_audience": "ledger-api", "session_hours": "3"}
    after = started(tmp_path, **given | changes)
    assert {(name, told) for name, _, told in after[len(before) :]} == {*changes.items()}


@pytest.mark.parametrize("value", ["groups " + "é=auditor " * 3_000, "groups a\x1b=auditor"], ids=["long", "control"])
def test_a_setting_that_no_entry_could_hold_is_recorded_so_that_it_can_be_told_from_another(
    tmp_path: Path, value: str
) -> None:
    openid = {"oidc_issuer": "https://login.example.org", "oidc_audience": "ledger"}
    first = started(tmp_path, **openid, oidc_roles=value)
    assert started(tmp_path, **openid, oidc_roles=value) == first
    again = started(tmp_path, **openid, oidc_roles=f"{value} b=auditor")
    assert [name for name, _, _ in again[len(first) :]] == ["oidc_roles"]


def test_roles_for_an_internal_programme_are_not_told_to_everybody(tmp_path: Path) -> None:
    services, tokens = made(tmp_path, public_read=True)
    with TestClient(create_app(services)) as client:
        within = {**PROGRAMME, "code": "harbour-within", "visibility": "internal", "reference_prefix": "W-"}
        assert Ledger(client, tokens).post("/v1/programmes", within).status_code == 201
        assert Ledger(client, tokens).post("/v1/programmes", PROGRAMME).status_code == 201
    openid = {"oidc_issuer": "https://login.example.org", "oidc_audience": "ledger", "public_read": True}
    for roles, hidden in (
        ("groups port=auditor:harbour", False),
        ('groups "port inside=auditor:harbour,harbour-within"', True),
        ("groups port=auditor:not-there-yet", True),
        ("groups port=auditor", True),  # tells what it was before
        ("groups port=recorder", False),
    ):
        services = build(Settings(data_dir=tmp_path, log_level="error", oidc_roles=roles, **openid))
        with TestClient(create_app(services)) as client:
            (whole, public) = (
                [
                    each["to"]
                    for each in client.get("/v1/events?limit=500", headers=headers).json()["items"]
                    if each.get("setting") == "oidc_roles"
                ]
                for headers in ({"authorization": f"Bearer {tokens['auditor']}"}, {})
            )
        assert whole[-1] == roles
        assert (roles not in public) == hidden


def test_a_server_that_may_not_record_starts_all_the_same(tmp_path: Path) -> None:
    assert started(tmp_path) == []
    (tmp_path / "log" / "read-only").write_text("by hand")
    services = build(Settings(data_dir=tmp_path, log_level="error", four_eyes=False))
    with TestClient(create_app(services)) as client:
        assert client.get("/health/live").status_code == 200
