"""Settings that matter are history: a server records at its start what is not as it was recorded last."""

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.settings import Settings
from infrastructure.wiring import build


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


def test_a_server_that_may_not_record_starts_all_the_same(tmp_path: Path) -> None:
    assert started(tmp_path) == []
    (tmp_path / "log" / "read-only").write_text("by hand")
    services = build(Settings(data_dir=tmp_path, log_level="error", four_eyes=False))
    with TestClient(create_app(services)) as client:
        assert client.get("/health/live").status_code == 200
