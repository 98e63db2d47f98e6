"""`ledger verify URL`: what a real server shows is held against its log; and a log behind a plain file server."""

import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.api.cli.conftest import CATALOGUE, Ledger
from tests.sealed import tamper
from tests.serving import Server
from tests.verifiers.running import file_server

BASIS = ("--legal-basis", "Article 19")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Server, str]]:
    """A server with public, internal, corrected, erased and reported things, its ledger and an auditor's token."""
    ledger = Ledger(tmp_path_factory.mktemp("served") / "data")
    ledger.done("migrate")
    ledger.done("load", ledger.catalogue(programme=CATALOGUE["programme"] | {"reference_prefix": "HP-"}))
    secret = {"title": "Secret", "kind": "one_off", "tier": "action", "timeframe": {"wording": "soon"},
              "programme": "harbour-plan", "visibility": "internal"}  # fmt: skip
    options = ("--on", "2024-02-01", "--body", "-")
    assert ledger.do("record", "announced", "HP-9", *options, text=json.dumps(secret)).code == 0
    said = ("--on", "2024-06", "--statement", "It is late.", "--field", "cause=Illness")
    ledger.done("record", "slipped", "HP-1", *said, "--actor", "clerk")
    changes = {"statement": "It was late.", "evidence": [{"title": "Minutes", "grade": "B"}], "cause": None}
    body = json.dumps({"entry": 3, "changes": changes, "reason": "The minutes."})
    assert ledger.do("record", "rectified", "HP-1", "--body", "-", text=body).code == 0
    several = [{"entry": 2, "changes": {"note": "Seen."}}, {"entry": 3, "changes": {"note": "Told."}}]
    body = json.dumps({"corrections": several, "reason": "More is known."})
    assert ledger.do("record", "rectified", "HP-1", "--body", "-", text=body).code == 0
    ledger.done("erase", "6", "--member", "statement", "--member", "cause", *BASIS)
    recorder = ledger.done("token", "create", "--role", "recorder", "--actor", "clerk").out.strip()
    token = ledger.done("token", "create", "--role", "auditor", "--actor", "judge").out.strip()
    server = Server(ledger.folder)
    for asked in ({"as_of": "2024-12-31", "compare_to": "2024-03-01"}, {"visibility": "all"}):
        issued = httpx2.post(
            f"{server.address}/v1/reports", json=asked, headers={"Authorization": f"Bearer {recorder}"}
        )
        assert issued.status_code == 201, issued.text
    yield ledger, server, token
    server.stop()


def test_a_good_server_is_accepted_with_all_that_it_shows(served):
    ledger, server, token = served
    key = ledger.done("key", "show").out.strip()
    ran = ledger.run("verify", server.address, "--token", token, "--key", key, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["faults"], ran.json["size"]) == (0, 15)
    checked = ran.json["checked"]
    assert (checked["shown_entries"], checked["issued_reports"], checked["erased_texts"]) == (15, 1, 2)
    assert checked["streams"] == 5
    assert checked["closed_entries"] == 2, "whoever may see them sees their open forms"
    assert not [each for each in ran.json["not_checked"] if "closed entries" in each]
    told = ledger.do("verify", f"{server.address}/log/", LEDGER_TOKEN=token)
    assert told.code == 0
    assert "whose key it is" in told.err


def test_a_server_that_gives_no_report_so_large_is_verified_in_all_else_and_that_is_told(served):
    ledger, _, token = served
    server = Server(ledger.folder, LEDGER_MAX_REPORT_COMMITMENTS="1")
    try:
        ran = ledger.run("verify", server.address, "--token", token, "--json")
    finally:
        server.stop()
    assert ran.code == 0, ran.err
    assert ran.json["checked"]["issued_reports"] == 1
    assert "the server shows none about so many commitments" in str(ran.json["not_checked"])


def test_a_server_that_is_asked_too_often_is_asked_again_when_it_says(served):
    ledger, server, token = served
    refused: set[str] = set()

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = self.path not in refused
            refused.add(self.path)
            asked = {name: self.headers[name] for name in ("accept", "authorization") if name in self.headers}
            answer = None if first else httpx2.get(server.address + self.path, headers=asked)
            self.send_response(429 if answer is None else answer.status_code)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(b"" if answer is None else answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as busy:
        threading.Thread(target=busy.serve_forever, daemon=True).start()
        done = ledger.done("verify", f"http://127.0.0.1:{busy.server_port}", "--token", token, "--json")
        busy.shutdown()
    assert json.loads(done.out)["faults"] == 0
    assert any(path.startswith("/v1/events?") for path in refused)


def test_without_a_token_a_closed_server_cannot_be_verified(served):
    ledger, server, _ = served
    ran = ledger.do("verify", server.address)
    assert ran.code == 4
    assert "LEDGER_TOKEN" in ran.err
    assert ledger.do("verify", server.address, "--token", "wrong").code == 4


def test_a_server_that_is_not_there_cannot_be_verified(nothing):
    ran = nothing.do("verify", "http://127.0.0.1:9")
    assert ran.code == 4
    assert "cannot be reached" in ran.err


def test_a_log_behind_a_plain_file_server_is_verified_as_far_as_it_goes(served, tmp_path):
    ledger, *_ = served
    path = tmp_path / "export.zip"
    ledger.done("export", "-o", str(path))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "web")
    with file_server(tmp_path / "web") as address:
        ran = ledger.do("verify", address)
        assert ran.code == 0, ran.err
        assert "the server shows a log alone" in ran.err
        bundle = next((tmp_path / "web/log/tile/entries").rglob("0*/*"))
        bundle.write_bytes(bundle.read_bytes().replace(b"2024-05", b"2024-04", 1))
        ran = ledger.do("verify", address)
        assert ran.code == 3
        assert "first: entry 4: " in ran.err


@pytest.fixture
def public(tmp_path: Path) -> Iterator[tuple[Ledger, Server]]:
    """A server that everybody may read, of a ledger in which HP-9 was internal until it was published."""
    ledger = Ledger(tmp_path / "public")
    ledger.done("migrate")
    ledger.done("load", ledger.catalogue(programme=CATALOGUE["programme"] | {"reference_prefix": "HP-"}))
    secret = {"title": "Secret", "kind": "one_off", "tier": "action", "timeframe": {"wording": "soon"},
              "programme": "harbour-plan", "visibility": "internal"}  # fmt: skip
    asked = ("--on", "2024-02-01", "--body", "-", "--actor", "clerk", "--json")
    ledger.do("record", "announced", "HP-9", *asked, text=json.dumps(secret))
    said = (
        "--on",
        "2024-03",
        "--statement",
        "It began.",
        "--field",
        "note=By Mr. Smith.",
        "--actor",
        "clerk",
        "--json",
    )
    position = ledger.done("record", "started", "HP-9", *said).json["position"]
    ledger.done("erase", str(position), "--member", "note", *BASIS)
    ledger.done("publish", "commitment", "HP-9", "--reason", "The council has adopted it.")
    server = Server(ledger.folder, LEDGER_PUBLIC_READ="true")
    yield ledger, server
    server.kill()


def test_everybody_verifies_what_was_published(public):
    ledger, server = public
    ran = ledger.run("verify", server.address, "--json")
    assert ran.code == 0, ran.err
    checked = ran.json["checked"]
    assert (checked["closed_entries"], checked["publications"], checked["erased_texts"]) == (3, 1, 1)
    assert not [each for each in ran.json["not_checked"] if "closed entries" in each]


CLOSED_OTHERWISE = "UPDATE open_forms SET entry = CAST(replace(CAST(entry AS TEXT), '2024-03', '2024-04') AS BLOB)"
KEPT_BACK = {
    "the open form of an entry": (CLOSED_OTHERWISE, "is not the one that was closed"),
    "its salt": ("UPDATE open_forms SET salt = zeroblob(32)", "is not the one that was closed"),
    "that it was published": (
        "UPDATE streams SET public_from = 4611686018427387904 WHERE reference = 'HP-9'",
        "it published 2 entries of HP-9, but 0 of them can be read",
    ),
}


@pytest.mark.parametrize("what", KEPT_BACK)
def test_what_a_server_shows_otherwise_of_what_was_published_or_keeps_back_is_found(public, what: str):
    ledger, server = public
    statement, found = KEPT_BACK[what]
    tamper(ledger.folder / "ledger.db", statement)
    ran = ledger.run("verify", server.address, "--json")
    assert ran.code == 3, ran.out
    assert found in ran.json["first"]["what"], ran.json


OTHER_MONTH = (
    "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), '2024-05', '2024-04') AS BLOB) WHERE position = 4"
)
DOCTORED = {
    "a text": ("UPDATE prose SET value = '\"Nothing began.\"' WHERE position = 4 AND member = 'statement'", 4),
    "a salt": ("UPDATE prose SET salt = zeroblob(32) WHERE position = 4 AND member = 'evidence'", 4),
    "a text that is gone": ("DELETE FROM prose WHERE position = 4 AND member = 'statement'", 4),
    "an entry": (OTHER_MONTH, 4),
    "a reference": ("UPDATE streams SET reference = 'HP-3' WHERE reference = 'HP-2'", None),
    "a state": ("UPDATE course SET state = replace(state, '\"started\"', '\"reviewed\"')", None),
}  # fmt: skip


@pytest.mark.parametrize("what", DOCTORED)
def test_whatever_a_server_shows_otherwise_than_recorded_is_found(ledger: Ledger, tmp_path: Path, what: str):
    statement, position = DOCTORED[what]
    ledger.done("record", "slipped", "HP-1", "--on", "2024-06", "--statement", "It is late.")
    token = ledger.done("token", "create", "--role", "auditor", "--actor", "judge").out.strip()
    if position is None:  # a server remembers the states that it has shown
        tamper(ledger.folder / "ledger.db", statement)
    server = Server(ledger.folder)
    try:
        if position is not None:
            assert ledger.do("verify", server.address, "--token", token).code == 0
            tamper(ledger.folder / "ledger.db", statement)
        ran = ledger.do("verify", server.address, "--token", token, "--json")
        assert ran.code == 3, ran.out
        assert ran.json["first"]["position"] == position, ran.json
    finally:
        server.kill()
