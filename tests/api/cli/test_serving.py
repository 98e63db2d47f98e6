import json
import signal
import socket
import stat
import time
from contextlib import contextmanager

import httpx2
import pytest

PROGRESS = ("record", "progressed", "HP-1", "--on", "2024-06", "--statement", "Half of it stands.")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serving(ledger, *arguments, **settings):
    """A server that answers; stopped at the end, which must be no failure."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = ledger.start(*arguments, "--port", str(port), **settings)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                if httpx2.get(f"{address}/health/ready").status_code == 200:
                    break
            except httpx2.TransportError:
                assert server.poll() is None, server.communicate()
                assert time.monotonic() < until
                time.sleep(0.05)
        yield address, server
    finally:
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=30)
        server.told = out, err
    assert server.returncode == 0, err
    assert "Traceback" not in err


@pytest.fixture
def token(ledger):
    return ledger.done("token", "create", "--role", "recorder", "--actor", "clerk").out.strip()


def test_a_server_answers_and_stops_when_told(ledger):
    with serving(ledger, "serve", LEDGER_PUBLIC_READ="true") as (address, server):
        assert httpx2.get(f"{address}/v1/commitments/HP-1").json()["status"] == "started"
    out, err = server.told
    assert out == ""
    assert f"Serving {address}" in err


def test_several_processes_answer(ledger):
    with serving(ledger, "serve", "--workers", "2", LEDGER_PUBLIC_READ="true") as (address, _):
        answers = [httpx2.get(f"{address}/v1/commitments/HP-1").status_code for _ in range(8)]
    assert answers == [200] * 8


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_told_with_the_way_out(ledger, command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = ledger.run(command, "--port", str(taken.getsockname()[1]))
    assert (ended.code, ended.out) == (4, "")
    assert "in use" in ended.err
    assert "--port" in ended.err
    assert ledger.size == 4


def test_recording_through_a_server_is_like_recording_here(ledger, token):
    with serving(ledger, "serve") as (address, _):
        there = ("--server", address, "--json")
        answer = ledger.done(*PROGRESS, *there, LEDGER_TOKEN=token).json
        assert (answer["version"], answer["recorded_by"]) == (3, "clerk")
        again = [ledger.done(*PROGRESS, *there, "--token", token, "--idempotency-key", "one").json for _ in range(2)]
        assert again[0] == again[1]
        assert again[0]["version"] == 4
        announced = ledger.done(
            "record", "announced", "HP-3", "--on", "2024-02-01", "--server", address, "--field", "title=Dredge",
            "--field", "programme=harbour-plan", "--field", "kind=one_off", "--field", "tier=action",
            "--field", "timeframe.wording=soon", LEDGER_TOKEN=token,
        )  # fmt: skip
        assert "HP-3" in announced.out


def test_what_a_server_refuses_is_told_as_here(ledger, token):
    with serving(ledger, "serve") as (address, _):

        def refused(*arguments, secret=token):
            ended = ledger.do("record", *arguments, "--server", address, LEDGER_TOKEN=secret)
            assert (ended.code, ended.out) == (1, "")
            return ended.err

        rule = refused("resumed", "HP-1", "--on", "2024-06", "--statement", "x")
        assert "suspended" in rule
        assert "accepted: resumed only after suspended" in rule
        assert "/statement" in refused("progressed", "HP-1", "--on", "2024-06")
        assert "HP-9" in refused("started", "HP-9", "--on", "2024", "--statement", "x")
        assert "token" in refused("progressed", "HP-1", "--on", "2024-06", "--statement", "x", secret="wrong")
        assert "may not" in refused("reviewed", "HP-1", "--on", "2024-06", "--statement", "x")


def test_a_server_that_cannot_be_reached_ends_with_4(ledger):
    ended = ledger.do(*PROGRESS, "--server", f"http://127.0.0.1:{free_port()}", "--token", "t")
    assert (ended.code, ended.out) == (4, "")
    assert "cannot be reached" in ended.err
    assert ledger.size == 4


def test_an_actor_cannot_be_claimed_with_a_token(ledger):
    ended = ledger.do(*PROGRESS, "--server", "http://127.0.0.1:1", "--token", "t", "--actor", "somebody")
    assert ended.code == 2


@pytest.mark.slow
def test_the_demo_is_everything_in_one_and_goes_on_with_the_same_tokens(nothing):
    kept = nothing.folder / "demo-tokens.json"
    with serving(nothing, "demo") as (address, server):
        tokens = json.loads(kept.read_text())
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert httpx2.get(f"{address}/v1/commitments/SC-P4-D03?as_of=2022-12-31").json()["status"] == "slipped"
        sent = httpx2.post(
            f"{address}/v1/commitments/SC-P4-D09/events",
            headers={"Authorization": f"Bearer {tokens['recorder']}"},
            json={"kind": "progressed", "occurred_on": "2025-06", "statement": "Talks went on."},
        )
        assert (sent.status_code, sent.json()["recorded_by"]) == (201, "demo-recorder")
        time.sleep(0.3)
    out, _ = server.told
    assert address in out
    assert set(tokens) == {"recorder", "reviewer", "auditor", "administrator"}
    assert all(token in out for token in tokens.values())
    assert "275 entries recorded" in out
    size = nothing.size
    with serving(nothing, "demo", LEDGER_PUBLIC_READ="false") as (address, _):
        assert json.loads(kept.read_text()) == tokens
        assert httpx2.get(f"{address}/v1/partners").status_code == 401
        # Nothing is loaded twice; that reading is not public any more is an entry.
        assert nothing.size == size + 1
