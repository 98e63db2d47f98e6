"""Access tokens as a real provider issues them, on a real server."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.openid.running import RunningProvider
from tests.published_provider import AUDIENCE, new_key
from tests.serving import Server, made_ledger

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("openid")]
ROLES = "scope ledger.record=recorder ledger.read=auditor"
EVENT = {"kind": "progressed", "occurred_on": "2024-03-10", "statement": "The first quay."}


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    provider = RunningProvider([new_key("RS256", "first")])
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def ledger(provider: RunningProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    folder = tmp_path_factory.mktemp("ledger")
    token = made_ledger(folder, 1)
    server = Server(
        folder,
        LEDGER_OIDC_ISSUER=provider.issuer,
        LEDGER_OIDC_AUDIENCE=AUDIENCE,
        LEDGER_OIDC_ROLES=ROLES,
        LEDGER_RATE_LIMIT_FAILURES="0",
    )
    yield server, token
    server.stop()


def read(server: Server, token: str) -> httpx2.Response:
    return httpx2.get(f"{server.address}/v1/commitments/C-0", headers={"authorization": f"Bearer {token}"})


def record(server: Server, token: str) -> httpx2.Response:
    address = f"{server.address}/v1/commitments/C-0/events"
    return httpx2.post(address, json=EVENT, headers={"authorization": f"Bearer {token}"})


def test_a_service_does_what_its_scopes_allow(provider: RunningProvider, ledger: tuple[Server, str]) -> None:
    server, _ = ledger
    reading, recording = provider.access_token("ledger.read"), provider.access_token("ledger.record")
    assert read(server, reading).status_code == 200
    assert record(server, reading).status_code == 403
    assert record(server, recording).status_code == 201
    assert read(server, provider.access_token("groups")).status_code == 403


def test_the_provider_changes_its_keys_and_goes_away_while_the_server_runs(
    provider: RunningProvider, ledger: tuple[Server, str]
) -> None:
    server, own = ledger
    before = provider.access_token("ledger.read")
    assert read(server, before).status_code == 200
    provider.start([new_key("ES256", "second")])
    after = provider.access_token("ledger.read")
    until_followed(server, after)
    assert read(server, before).status_code == 401
    provider.stop()
    assert read(server, after).status_code == 200
    assert read(server, own).status_code == 200


def until_followed(server: Server, token: str) -> None:
    """Ask until the new key is known: the provider is asked again ten seconds after the last time."""
    for _ in range(120):
        answer = read(server, token)
        if answer.status_code == 200:
            return
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
        time.sleep(0.25)
    raise AssertionError(answer.text)
