"""What a server says and leaves behind tells no secret, and what is recorded sends it nowhere."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.serving import CLEAN, PROGRAM, Server, made_ledger

pytestmark = pytest.mark.slow
EVENTS = "/v1/commitments/C-0/events"
EVENT = {"kind": "progressed", "occurred_on": "2024-03-01", "statement": "The harbour-master's private words."}


def secret_key(folder: Path) -> str:
    """Give the secret half of the key that signs, as the key file has it."""
    return str(json.loads((folder / "log-keys.json").read_text())["current"])[-40:]


def use_and_misuse(address: str, token: str) -> bytes:
    """Do everything right and wrong that one can do with a token; give all that was answered."""
    given = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    mistyped = {"authorization": f"Bearer {token[:-1]}", "content-type": "application/json"}
    keyed = {**given, "idempotency-key": "a-key-nobody-guesses"}
    answers = [
        httpx2.post(address + EVENTS, json=EVENT, headers=keyed),
        httpx2.post(address + EVENTS, json=EVENT, headers=keyed),
        httpx2.post(address + EVENTS, json={**EVENT, "note": "other"}, headers=keyed),
        httpx2.post(address + EVENTS, content=b'{"kind', headers=given),
        httpx2.post(address + EVENTS, content=b"x" * 300_000, headers=given),
        httpx2.post(address + EVENTS, json=EVENT, headers={**given, "content-encoding": "gzip"}),
        httpx2.post(address + EVENTS, json=EVENT, headers={**given, "if-match": '"99"'}),
        httpx2.post(address + EVENTS, json=EVENT, headers=mistyped),
        httpx2.post(address + EVENTS, json=EVENT, headers={**given, "authorization": f"Basic {token}"}),
        httpx2.post(f"{address}/v1/events/1/erasure", json={}, headers=given),
        httpx2.get(f"{address}/v1/commitments?token={token}", headers=given),
        httpx2.get(f"{address}/v1/commitments/{token}", headers=mistyped),
        *(
            httpx2.get(address + path, headers=given)
            for path in ("/metrics", "/openapi.json", "/docs", "/health/ready", "/v1/events", "/problems/invalid")
        ),
    ]
    assert {answer.status_code for answer in answers} >= {200, 201, 400, 401, 403, 412, 413, 415, 422}
    return b"\n".join(str(answer.headers).encode() + answer.content for answer in answers)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server, str, bytes, Path]]:
    folder, said = tmp_path_factory.mktemp("leaks") / "ledger-data", tmp_path_factory.mktemp("said") / "log"
    folder.mkdir()
    token = made_ledger(folder, 1)
    server = Server(folder, said=said, LEDGER_LOG_LEVEL="debug")
    yield folder, server, token, use_and_misuse(server.address, token), said
    assert server.stop() == 0


def test_no_token_key_or_text_stands_in_logs_answers_or_the_list_of_processes(
    used: tuple[Path, Server, str, bytes, Path],
) -> None:
    folder, server, token, answered, said = used
    logged = said.read_bytes()
    assert logged.count(b'"event":"request"') >= 18  # it does log
    shown = Path(f"/proc/{server.pid}/cmdline").read_bytes()
    own = subprocess.run(
        [PROGRAM, "config"], env={**CLEAN, "LEDGER_DATA_DIR": str(folder)}, capture_output=True, check=True
    )
    for secret in (token[:-1], secret_key(folder), "a-key-nobody-guesses"):
        for place in (logged, shown, own.stdout + own.stderr, answered):
            assert secret.encode() not in place
    assert b"private words" not in logged


def test_tokens_and_keys_of_repeated_requests_stand_in_no_file_and_the_log_key_in_one(
    used: tuple[Path, Server, str, bytes, Path],
) -> None:
    folder, _, token, _, _ = used
    files = [each for each in folder.rglob("*") if each.is_file() and each.name != "crowd.json"]
    assert len(files) > 4
    for each in files:
        content = each.read_bytes()
        assert token[4:-1].encode() not in content, each
        assert b"a-key-nobody-guesses" not in content, each
        assert (secret_key(folder).encode() in content) == (each.name == "log-keys.json"), each


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_what_the_ledger_makes_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "ledger-data"
    environment = {**CLEAN, "LEDGER_DATA_DIR": str(folder)}

    def ledger(*arguments: str) -> None:
        subprocess.run([PROGRAM, *arguments], env=environment, check=True, capture_output=True, umask=0o022)

    ledger("migrate")
    ledger("backup", "-o", str(tmp_path / "copy.db"))
    ledger("export", "-o", str(tmp_path / "export.zip"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = [*folder.glob("ledger.db*"), folder / "log-keys.json", tmp_path / "copy.db", tmp_path / "export.zip"]
    assert {each.name: oct(stat.S_IMODE(each.stat().st_mode)) for each in made} == {each.name: "0o600" for each in made}


@pytest.mark.parametrize("command", [["config"], ["serve", "--port", "0"]])
def test_the_password_of_a_database_is_never_shown(tmp_path: Path, command: list[str]) -> None:
    for url in (
        "postgresql+psycopg://ledger:hunter2secret@127.0.0.1:1/ledger?connect_timeout=2",
        "postgresql+psycopg://ledger@127.0.0.1:1/ledger?password=hunter2secret&connect_timeout=2",
        "postgresql+nodriver://ledger:hunter2secret@127.0.0.1:1/ledger",
        "not an address with hunter2secret in it",
    ):
        environment = {
            **CLEAN,
            "LEDGER_DATABASE_URL": url,
            "LEDGER_DATA_DIR": str(tmp_path),
            "LEDGER_LOG_LEVEL": "debug",
        }
        ran = subprocess.run([PROGRAM, *command], env=environment, capture_output=True, timeout=60, check=False)
        assert ran.stdout + ran.stderr
        assert b"hunter2secret" not in ran.stdout + ran.stderr, (url, command)


def test_links_are_never_followed_by_the_server(used: tuple[Path, Server, str, bytes, Path], tmp_path: Path) -> None:
    _, server, token, _, _ = used
    given = {"authorization": f"Bearer {token}"}
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(1)
        link = f"http://127.0.0.1:{trap.getsockname()[1]}/metadata"
        evidence = [{"title": "Minutes", "url": link, "archived_url": f"{link}/archived", "grade": "B"}]
        achieved = {"kind": "achieved", "occurred_on": "2024-05-01", "statement": f"See {link}", "evidence": evidence}
        assert httpx2.post(server.address + EVENTS, json=achieved, headers=given).status_code == 201
        issued = httpx2.post(f"{server.address}/v1/reports", json={}, headers=given)
        for form in ("json", "csv", "html", "xlsx", "pdf"):
            for path in ("/v1/reports/status?appendix=true&", f"{issued.json()['address']}?"):
                answer = httpx2.get(f"{server.address}{path}format={form}", headers=given, timeout=120)
                assert answer.status_code == 200
        assert link in httpx2.get(f"{server.address}/v1/reports/status?appendix=true&format=html", headers=given).text
        with pytest.raises(TimeoutError):
            trap.accept()
