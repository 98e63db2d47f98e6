"""The public log over HTTP: checkpoint, tiles, receipts, proofs, for somebody who knows the verifier key."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.checkpoint import Checkpoint, open_checkpoint
from domain.merkle import leaf_hash, verify_consistency, verify_inclusion
from domain.notes import parse_verifier_key
from domain.policy import Party, Policy, parse_policy
from domain.receipt import parse_receipt, verify_receipt
from domain.tiles import all_tiles, parse_entry_bundle, tiles_of
from infrastructure.log.signatures import verify
from tests.http_ledger import COMMITMENT, EVENTS, Ledger, assert_problem, filled, made, owns_a_prefix
from tests.serving import Server, made_ledger
from tests.verifiers.running import LOG_VERIFIERS

NOTE = {"kind": "evidence_added", "occurred_on": "2024-03", "statement": "Noted.", "entry": 1,
        "evidence": [{"title": "Minutes", "grade": "C"}]}  # fmt: skip


@pytest.fixture(scope="module")
def ledger(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Some 300 entries, so that there are full tiles and partial ones; reading is public."""
    services, tokens = made(tmp_path_factory.mktemp("ledger"), public_read=True)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        made_one = filled(client, tokens)
        owns_a_prefix(made_one)
        hidden = {**COMMITMENT, "reference": "H-2", "visibility": "internal"}
        assert made_one.post("/v1/commitments", hidden).status_code == 201
        for _ in range(300 - made_one.head()):
            assert made_one.post(EVENTS, NOTE).status_code == 201
        sealed(made_one)
        yield made_one


def sealed(ledger: Ledger) -> Checkpoint:
    """Wait until all is published; give the head as somebody sees it who has the key."""
    head, until = ledger.head(), time.monotonic() + 30
    while True:
        shown = checkpoint(ledger)
        if shown.size >= head:
            return shown
        assert time.monotonic() < until
        time.sleep(0.02)


def policy(ledger: Ledger) -> Policy:
    (key,) = ledger.client.get("/log/key").text.splitlines()
    return Policy((Party(parse_verifier_key(key)),))


def checkpoint(ledger: Ledger) -> Checkpoint:
    return open_checkpoint(ledger.client.get("/log/checkpoint").content, policy(ledger), verify).checkpoint


def test_the_checkpoint_is_text_to_be_kept_for_seconds(ledger):
    answer = ledger.client.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"
    assert checkpoint(ledger).size == ledger.head()


def test_every_tile_of_every_published_size_is_there_and_stays_as_it_is(ledger):
    size = sealed(ledger).size
    for past in {1, 2, 255, 256, 257, size}:
        for tile in all_tiles(past):
            answer = ledger.client.get(f"/log/{tile.path}")
            assert answer.status_code == 200, tile.path
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            if tile.level is not None:
                assert len(answer.content) == 32 * tile.width


def test_the_bundles_hold_the_entries_that_the_events_have_the_hashes_of(ledger):
    size = sealed(ledger).size
    bytes_of_entries = [
        entry
        for tile in tiles_of(None, size)
        for entry in parse_entry_bundle(ledger.client.get(f"/log/{tile.path}").content, tile.width)
    ]
    hashes = {item["position"]: item["leaf_hash"] for item in ledger.get("/v1/events", limit="500").json()["items"]}
    assert len(bytes_of_entries) == size
    for position in range(1, 101):
        assert leaf_hash(bytes_of_entries[position - 1]).hex() == hashes[position]
    assert not [entry for entry in bytes_of_entries if b"H-2" in entry], "an internal entry shows nothing but its hash"
    assert sum(b'"closed":' in entry for entry in bytes_of_entries) == 1


@pytest.mark.parametrize(
    "path",
    ["0/001.p/200", "0/002", "0/1", "0/0", "00/000", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/x000/000", "64/000",
     "2/000", "1/000.p/2", "entries/002", "entries/000.p/", "entries", "", "0/000/", "0/-01", "0/000.p/1/"],
)  # fmt: skip
def test_what_is_no_tile_of_the_published_log_is_not_found(ledger, path):
    assert ledger.client.get(f"/log/tile/{path}").status_code == 404


def test_a_receipt_proves_an_entry_to_somebody_who_has_only_the_key(ledger):
    size = sealed(ledger).size
    bundle = parse_entry_bundle(ledger.client.get("/log/tile/entries/000").content, 256)
    for position in (1, 2, 128, 256):
        answer = ledger.client.get(f"/v1/events/{position}/receipt")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        opened = verify_receipt(parse_receipt(answer.content), bundle[position - 1], policy(ledger), verify)
        assert opened.checkpoint.size == size
        assert parse_receipt(answer.content).index == position - 1


def test_what_was_recorded_names_the_address_of_its_receipt(ledger):
    answer = ledger.post(EVENTS, NOTE).json()
    assert answer["receipt"] == f"/v1/events/{answer['position']}/receipt"
    until = time.monotonic() + 30
    while (receipt := ledger.client.get(answer["receipt"])).status_code == 202:
        assert receipt.headers["retry-after"] == "1"
        assert time.monotonic() < until
        time.sleep(0.02)
    assert parse_receipt(receipt.content).index == answer["position"] - 1


def test_there_is_no_receipt_of_what_does_not_exist_or_may_not_be_seen(ledger):
    hidden = next(item["position"] for item in ledger.get("/v1/events").json()["items"] if item["reference"] == "H-2")
    assert_problem(ledger.client.get(f"/v1/events/{hidden}/receipt"), 404)
    assert ledger.get(f"/v1/events/{hidden}/receipt").status_code == 200
    assert_problem(ledger.client.get("/v1/events/100000/receipt"), 404)


def test_inclusion_is_proven_as_json(ledger):
    head = sealed(ledger)
    for position, size in ((1, 1), (3, 7), (200, 256), (257, 257), (head.size, head.size)):
        shown = ledger.client.get(f"/log/proof/inclusion?position={position}&size={size}").json()
        hashes = [bytes.fromhex(each) for each in shown["hashes"]]
        root = bytes.fromhex(shown["root"])
        verify_inclusion(bytes.fromhex(shown["leaf_hash"]), position - 1, size, root, hashes)
        if size == head.size:
            assert root == head.root


def test_growth_is_proven_as_json(ledger):
    head = sealed(ledger)
    for old in (0, 1, 2, 255, 256, 257, head.size):
        shown = ledger.client.get(f"/log/proof/consistency?from={old}&to={head.size}").json()
        roots = bytes.fromhex(shown["from_root"]), bytes.fromhex(shown["to_root"])
        assert roots[1] == head.root
        verify_consistency(old, roots[0], head.size, roots[1], [bytes.fromhex(each) for each in shown["hashes"]])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("inclusion?position=5&size=4", "position"),
        ("inclusion?position=1&size=100000", "size"),
        ("inclusion?size=4", "position"),
        ("consistency?from=5&to=4", "from"),
        ("consistency?from=1&to=100000", "to"),
        ("consistency?to=4", "from"),
        ("consistency?from=1&until=4", "until"),
    ],
)
def test_a_proof_of_what_is_not_published_is_refused(ledger, path, said):
    assert_problem(ledger.client.get(f"/log/proof/{path}"), 422, said)


def test_the_policy_names_the_key_and_asks_for_no_witness(ledger):
    shown = parse_policy(ledger.client.get("/log/policy").content)
    assert shown.logs == policy(ledger).logs
    assert shown.quorum == "none"


def test_a_parameter_that_the_log_does_not_know_is_refused(ledger):
    for path in ("/log/checkpoint", "/log/tile/0/000", "/log/key", "/log/policy"):
        assert_problem(ledger.client.get(f"{path}?a=1"), 422, "the parameter is unknown")


def test_the_log_of_a_ledger_that_is_not_public_needs_a_token(tmp_path):
    services, tokens = made(tmp_path)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        ledger = filled(client, tokens)
        shown = ("checkpoint", "tile/0/000.p/1", "tile/nothing", "key", "policy", "proof/inclusion?position=1",
                 "proof/consistency?from=1")  # fmt: skip
        for path in (*(f"/log/{name}" for name in shown), "/v1/events/1/receipt"):
            assert_problem(client.get(path), 401)
        assert ledger.get("/log/checkpoint").headers["cache-control"] == "private, max-age=1"


def test_a_ledger_that_is_read_only_answers_questions_and_says_why_it_records_nothing(tmp_path):
    services, tokens = made(tmp_path)
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        ledger = filled(client, tokens)
        services.log.sealer.halt("entry 3: it is missing", 3)
        refused = ledger.post(EVENTS, NOTE)
        assert_problem(refused, 503, "read-only", "entry 3: it is missing", "ledger recover")
        assert refused.json()["position"] == 3
        assert "retry-after" in refused.headers
        ready = client.get("/health/ready")
        assert_problem(ready, 503, "/problems/read-only", "entry 3: it is missing")
        assert ready.json()["position"] == 3
        assert "ledger_read_only 1.0" in ledger.get("/metrics").text
        assert ledger.get("/v1/events").status_code == 200
        assert client.get("/problems/read-only").status_code == 200
        assert client.get("/health/live").status_code == 200


def test_the_figures_tell_how_far_the_log_is_signed(ledger):
    size = sealed(ledger).size
    figures = ledger.get("/metrics").text
    assert f"ledger_signed_size {float(size)}" in figures
    assert f"ledger_published_size {float(size)}" in figures
    assert "ledger_read_only 0.0" in figures
    assert ledger.client.get("/health/ready").json()["log"]["published"] == size


@pytest.mark.xdist_group("servers")
@pytest.mark.parametrize("commitments", [50, pytest.param(1_000, marks=pytest.mark.soak)])
def test_verifiers_that_know_nothing_of_this_project_accept_a_served_log(tmp_path: Path, commitments: int) -> None:
    made_ledger(tmp_path, commitments)
    server = Server(tmp_path, LEDGER_PUBLIC_READ="true")
    try:
        key = httpx2.get(f"{server.address}/log/key").text.strip()
        for ask in LOG_VERIFIERS:
            assert ask(f"{server.address}/log", key).accepted
    finally:
        server.stop()
