"""The log of a real server, growing, before verifiers that know nothing of this project."""

import json
import sqlite3
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from shutil import copytree

import httpx2
import pytest

from domain.tiles import parse_entry_bundle, tile_of
from infrastructure.settings import Settings
from infrastructure.wiring import build
from tests.http_ledger import COMMITMENT, PROGRAMME, STARTED
from tests.serving import Server, made_ledger
from tests.verifiers.running import LOG_VERIFIERS, RECEIPT_VERIFIERS, fetched, openssl

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("verified-server")]
EVENTS = f"/v1/commitments/{COMMITMENT['reference']}/events"
NOTE = {
    "kind": "evidence_added", "occurred_on": "2024-03", "statement": "Noted – Σημείωση.", "entry": 1,
    "evidence": [{"title": "Minutes", "grade": "C"}],
}  # fmt: skip


class Served:
    """A server, a recorder's client of it, and what an auditor keeps."""

    def __init__(self, folder: Path, token: str | None = None) -> None:
        self.folder, self.server = folder, Server(folder, LEDGER_PUBLIC_READ="true")
        self.log = f"{self.server.address}/log"
        self.client = httpx2.Client(base_url=self.server.address)
        if token is not None:
            self.records_with(token)
        # As somebody gets it who asks the operator.
        self.key = self.client.get("/log/key").text.splitlines()[0]

    def records_with(self, token: str) -> None:
        self.client.headers["authorization"] = f"Bearer {token}"

    @property
    def size(self) -> int:
        return int(self.client.get("/health/ready").json()["position"])

    def record(self, path: str, body: object) -> None:
        answer = self.client.post(path, json=body)
        assert answer.status_code == 201, answer.text

    def note(self, size: int) -> None:
        """Record notes on the commitment until there are so many entries."""
        for _ in range(self.size, size):
            self.record(EVENTS, NOTE)

    def published(self, size: int) -> None:
        until = time.monotonic() + 60
        while self.client.get("/log/checkpoint").text.split("\n")[1] != str(size):
            assert time.monotonic() < until
            time.sleep(0.02)

    def close(self) -> None:
        self.client.close()
        self.server.stop()


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Served]:
    """Give a server of a ledger that holds nothing but that it is read by everybody."""
    services = build(Settings(data_dir=tmp_path / "begun", log_level="error"))
    services.migrate()
    services.close()  # or it would go on being the one that seals
    served = Served(tmp_path / "begun")
    yield served
    served.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give the folder of a ledger with some 300 entries, to be copied, and its recorder's token."""
    folder = tmp_path_factory.mktemp("made")
    return folder, made_ledger(folder, 149)


@pytest.fixture(scope="module")
def served(made: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a server of it."""
    served = Served(copytree(made[0], tmp_path_factory.mktemp("served") / "data"), made[1])
    served.published(served.size)
    yield served
    served.close()


def checked(served: Served, kept: Path, size: int) -> None:
    """Let every verifier check the log, each against the checkpoint kept last; then keep the new one."""
    old = max(kept.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]), default=None)
    for verifier in LOG_VERIFIERS:
        verdict = verifier(served.log, served.key, old)
        assert verdict.accepted, verdict
        assert f"{size} entries" in verdict.reason
    assert openssl(fetched(f"{served.log}/checkpoint", kept / f"checkpoint-{size}"), served.key).accepted


def entry_of(served: Served, position: int, size: int) -> bytes:
    """Give an entry's bytes as the log has them."""
    tile = tile_of(None, (position - 1) // 256, size)
    bundle = served.client.get(f"/log/{tile.path}").content
    return parse_entry_bundle(bundle, tile.width)[(position - 1) % 256]


def test_the_log_is_accepted_from_its_first_entry_on_and_as_an_extension_of_itself(begun, tmp_path):
    def accepted(size: int) -> None:
        begun.published(size)
        checked(begun, tmp_path, size)

    accepted(1)
    (tmp_path / "programme.json").write_text(json.dumps({"programme": PROGRAMME, "commitments": [], "history": []}))
    begun.server.command("load", tmp_path / "programme.json")
    accepted(2)
    begun.records_with(begun.server.command("token", "create", "--role", "recorder", "--actor", "the-recorder").strip())
    accepted(4)  # the role, too
    begun.record("/v1/commitments", COMMITMENT)
    begun.record(EVENTS, STARTED)
    for size in (255, 256, 257, 1_000):
        begun.note(size)
        accepted(size)


@pytest.mark.parametrize("verifier", RECEIPT_VERIFIERS, ids=lambda verifier: verifier.__name__)
def test_receipts_are_accepted_offline(served, tmp_path, verifier):
    size = served.size
    assert size > 256
    for position in {1, 2, size // 2, size - 1, size}:
        receipt = fetched(f"{served.server.address}/v1/events/{position}/receipt", tmp_path / f"{position}.tlog-proof")
        entry = entry_of(served, position, size)
        told = served.client.get(f"/v1/events/{position}").json()["leaf_hash"]
        assert sha256(b"\0" + entry).hexdigest() == told
        (tmp_path / "entry").write_bytes(entry)
        assert verifier(receipt, tmp_path / "entry", served.key).accepted
        (tmp_path / "entry").write_bytes(entry.replace(b'"v":1', b'"v":2'))
        assert not verifier(receipt, tmp_path / "entry", served.key).accepted


_REPLACED = "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), {}) AS BLOB) WHERE position = 2"
REWRITINGS = {
    "what an entry says": _REPLACED.format("'C-0', 'C-X'"),
    "who recorded it": _REPLACED.format("'catalogue', 'somebody'"),
    "the hash of an entry": "UPDATE entries SET leaf_hash = zeroblob(32) WHERE position = 2",
    "a node of the tree": "UPDATE entries SET nodes = zeroblob(length(nodes)) WHERE position = 256",
    "the order": "UPDATE entries SET entry = (SELECT entry FROM entries WHERE position = 5) WHERE position = 6",
    "the last entry": "DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)",
}


@pytest.fixture
def superuser(made: tuple[Path, str], tmp_path: Path) -> Iterator[tuple[Served, sqlite3.Connection]]:
    """Give a server of it for one test, and its database without the triggers that guard it."""
    folder = copytree(made[0], tmp_path / "data")
    served = Served(folder, made[1])
    served.published(served.size)
    with sqlite3.connect(folder / "ledger.db", isolation_level=None) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        yield served, connection
    connection.close()
    served.close()


@pytest.mark.parametrize("what", REWRITINGS)
def test_who_rewrites_the_database_is_found_out_from_outside(superuser, what):
    served, connection = superuser
    for verifier in LOG_VERIFIERS:
        assert verifier(served.log, served.key).accepted
    assert connection.execute(REWRITINGS[what]).rowcount == 1
    for verifier in LOG_VERIFIERS:
        assert not verifier(served.log, served.key).accepted, verifier


@pytest.mark.soak
def test_a_log_of_70000_is_accepted_over_http(tmp_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("big")
    served = Served(folder, made_ledger(folder, 34_990))
    try:
        size = served.size
        served.published(size)
        checked(served, tmp_path, size)
        for number in range(70_000 - size):
            served.record(f"/v1/commitments/C-{number}/events", NOTE)
        served.published(70_000)
        checked(served, tmp_path, 70_000)
    finally:
        served.close()
