"""A small ledger behind the HTTP API, with a token for each role."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from infrastructure import clock
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build
from tests.described import hold_to_description
from tests.tables import with_tables

ROLES = ("recorder", "reviewer", "auditor", "administrator")
PROGRAMME = {
    "code": "harbour", "title": "The harbour", "adopted_on": "2024-01-15",
    "partners": [{"code": "PORT", "name": "Port Authority", "type": "organisation"}],
}  # fmt: skip
COMMITMENT: dict[str, Any] = {
    "reference": "H-1", "programme": "harbour", "title": "Shore power", "kind": "one_off", "tier": "deliverable",
    "timeframe": {"wording": "by 2025", "due": "2025-12-31"}, "partners": ["PORT"], "occurred_on": "2024-01-15",
}  # fmt: skip
STARTED = {"kind": "started", "occurred_on": "2024-03", "statement": "Work began.", "external_id": "x:1"}
EVENTS = "/v1/commitments/H-1/events"


class Ledger:
    """A ledger with one started commitment, as a client with a recorder's token sees it."""

    def __init__(self, client: TestClient, tokens: dict[str, str]) -> None:
        self.client, self.tokens = client, tokens
        hold_to_description(client)

    def post(self, path: str, body: object, *, role: str = "recorder", **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        given = {"authorization": f"Bearer {self.tokens[role]}", "content-type": "application/json"}
        return self.client.post(path, content=content, headers={**given, **headers})

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={"authorization": f"Bearer {self.tokens['auditor']}", **headers})

    def head(self) -> int:
        return int(self.client.get("/health/ready").json()["position"])


def owns_a_prefix(ledger: Ledger, code: str = "harbour", prefix: str = "H-") -> None:
    """Give a programme the prefix that its internal commitments need."""
    said = {"kind": "programme_amended", "occurred_on": "2024-01-16", "statement": "All of it begins so."}
    body = {**said, "changes": {"reference_prefix": prefix}}
    assert ledger.post(f"/v1/programmes/{code}/events", body).status_code == 201


def assert_problem(answer: Any, status: int, *said: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    for fragment in said:
        assert fragment in answer.text, answer.text


def made(folder: Path, now: Callable[[], datetime] = clock.now, **settings: Any) -> tuple[Services, dict[str, str]]:
    """Make an empty ledger in *folder* with a token for each role."""
    chosen = Settings(data_dir=folder, log_level="error", **settings)
    if not (chosen.database_url or (folder / "ledger.db").exists()):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with_tables(folder / "ledger.db")
    services = build(chosen, now)
    services.migrate()
    return services, {role: services.create_token(f"the-{role}", role, "local") for role in ROLES}


def filled(client: TestClient, tokens: dict[str, str]) -> Ledger:
    """Publish the programme, announce its commitment, start it, record something and take it back: entries 1 to 4."""
    ledger = Ledger(client, tokens)
    for path, body in (("/v1/programmes", PROGRAMME), ("/v1/commitments", COMMITMENT), (EVENTS, STARTED)):
        assert ledger.post(path, body).status_code == 201
    assert ledger.post(EVENTS, {**STARTED, "kind": "progressed", "external_id": "x:2"}).status_code == 201
    assert ledger.post(EVENTS, {"kind": "retracted", "entry": 3, "reason": "twice"}, role="reviewer").is_success
    return ledger
