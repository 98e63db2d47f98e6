"""What was published, before a program that knows nothing of this project: all of it, and as it was recorded."""

from collections.abc import Iterator
from pathlib import Path
from time import sleep

import httpx2
import pytest

from tests.http_ledger import COMMITMENT, PROGRAMME, STARTED, made
from tests.sealed import tamper
from tests.serving import Server
from tests.verifiers.running import published

REASON = {"reason": "The council has adopted it."}
PLAN = {**PROGRAMME, "code": "quay-plan", "visibility": "internal", "reference_prefix": "Q-"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Server]:
    """A server that everybody may read: an internal plan was published with Q-1, and later Q-2, which was so itself."""
    services, tokens = made(tmp_path)
    services.close()
    server = Server(tmp_path, LEDGER_PUBLIC_READ="true")
    internal = {"reference": "Q-2", "visibility": "internal"}
    for role, path, body in (
        ("recorder", "/v1/programmes", PLAN),
        ("recorder", "/v1/commitments", {**COMMITMENT, "programme": "quay-plan", "reference": "Q-1"}),
        ("recorder", "/v1/commitments/Q-1/events", {**STARTED, "note": "By night."}),
        ("recorder", "/v1/commitments", {**COMMITMENT, "programme": "quay-plan", **internal}),
        ("administrator", "/v1/programmes/quay-plan/publication", REASON),
        ("recorder", "/v1/commitments/Q-1/events", {**STARTED, "kind": "progressed", "external_id": "x:2"}),
        ("administrator", "/v1/commitments/Q-2/publication", REASON),
    ):
        headers = {"authorization": f"Bearer {tokens[role]}"}
        answer = httpx2.post(server.address + path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
    while httpx2.get(f"{server.address}/log/checkpoint").text.split("\n")[1] != answer.headers["ledger-position"]:
        sleep(0.02)
    yield server
    server.kill()


def test_all_of_it_is_accepted(served: Server) -> None:
    verdict = published(served.address)
    assert verdict.accepted, verdict
    assert "4 closed entries are shown as they were recorded, 2 publications whole" in verdict.reason


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE open_forms SET salt = zeroblob(32)",
        "UPDATE open_forms SET entry = CAST(replace(CAST(entry AS TEXT), '2024-03', '2024-04') AS BLOB)",
        "UPDATE prose SET value = '\"By day.\"' WHERE member = 'note'",
        "UPDATE streams SET public_from = 4611686018427387904 WHERE reference = 'Q-1'",
    ],
    ids=["a salt", "an open form", "a text", "a commitment kept back"],
)
def test_whatever_is_changed_or_kept_back_is_rejected(served: Server, tmp_path: Path, statement: str) -> None:
    assert published(served.address).accepted
    tamper(tmp_path / "ledger.db", statement)
    verdict = published(served.address)
    assert not verdict.accepted, verdict
