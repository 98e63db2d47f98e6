"""Servers that are killed, starved of space, put on doctored data, or doubled; judged from outside."""

import errno
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.outside import COMMITMENTS, Outsider
from tests.sealed import tamper
from tests.serving import Server, made_ledger
from tests.verifiers.running import LOG_VERIFIERS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]


def assert_accepted(server: Server, outsider: Outsider, folder: Path) -> None:
    """Verifiers that know nothing of this project accept the log as one that grew out of its first checkpoint."""
    (key,) = outsider.keys
    for ask in LOG_VERIFIERS:
        verdict = ask(f"{server.address}/log", key, outsider.oldest(folder))
        assert verdict.accepted, verdict.reason


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.soak)])
def test_a_server_killed_again_and_again_loses_nothing_and_never_contradicts_itself(tmp_path: Path, kills: int) -> None:
    outsider, chance = Outsider(made_ledger(tmp_path / "data", COMMITMENTS)), random.Random(kills)
    for number in range(kills):
        server = Server(tmp_path / "data", LEDGER_PUBLIC_READ="true")
        with outsider.busy(server):
            if number % 2 == 0:  # on a busy machine it would never come as far by itself
                outsider.wait_for_more(1)
            time.sleep(chance.uniform(0.05, 1.0))
            server.kill()
    server = Server(tmp_path / "data", LEDGER_PUBLIC_READ="true")
    try:
        last = outsider.judge(server)
        assert last.size > len(outsider.acknowledged) > 0
        assert_accepted(server, outsider, tmp_path)
    finally:
        server.stop()


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.soak)])
def test_two_servers_on_one_ledger_show_one_log_and_one_takes_over_from_the_other(tmp_path: Path, seconds: int) -> None:
    outsider = Outsider(made_ledger(tmp_path / "data", COMMITMENTS))
    servers = [Server(tmp_path / "data", LEDGER_PUBLIC_READ="true") for _ in range(2)]
    with outsider.busy(*servers, threads=2):
        time.sleep(seconds)
        outsider.wait_for_more(1)
        servers[0].kill()  # the one that seals: it was there first
        outsider.wait_for_more(20)
        time.sleep(1)
    try:
        outsider.judge(servers[1])
        assert_accepted(servers[1], outsider, tmp_path)
        assert len(outsider.shown) > 1
    finally:
        servers[1].stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk takes root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False)
    if made.returncode:
        pytest.skip("this system lets nobody mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until there is no room."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while os.write(handle, bytes(4_096)):
            pass
    except OSError as full:
        assert full.errno == errno.ENOSPC  # noqa: PT017 -- that nothing is raised cannot be
    finally:
        os.close(handle)


def test_a_full_disk_acknowledges_nothing_answers_questions_and_needs_no_restart(
    tmp_path: Path, small_disk: Path
) -> None:
    outsider = Outsider(made_ledger(small_disk / "data", COMMITMENTS))
    server = Server(small_disk / "data", LEDGER_PUBLIC_READ="true")
    filler = small_disk / "filler"
    try:
        with outsider.client(server) as client:
            assert outsider.post(client).status_code == 201
            outsider.wait_until_sealed(client)
            fill(filler)
            statuses = [outsider.post(client).status_code for _ in range(150)]
            assert statuses[-1] == 503, statuses
            assert set(statuses) <= {201, 503}
            refused = outsider.post(client)
            assert "the disk is full" in refused.text
            assert client.get("/v1/commitments/C-1").status_code == 200
            outsider.look(client)
            filler.unlink()
            assert outsider.post(client).status_code == 201
        outsider.judge(server)
        assert_accepted(server, outsider, tmp_path)
    finally:
        server.stop()


def wait_for_alarm(server: Server) -> httpx2.Response:
    until = time.monotonic() + 60
    while (ready := httpx2.get(f"{server.address}/health/ready")).status_code == 200:
        assert time.monotonic() < until
        time.sleep(0.05)
    return ready


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE entries SET entry = CAST(replace(entry, '2024', '2023') AS BLOB) WHERE position = 9", 9),
        ("UPDATE entries SET leaf_hash = zeroblob(32) WHERE position = 9", 9),
        ("DELETE FROM entries WHERE position = 5", 5),
        ("DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)", 23),
        ("UPDATE entries SET recorded_at = recorded_at + 1 WHERE position = 7", 7),
    ],
)
def test_a_doctored_ledger_turns_read_only_and_names_the_first_wrong_entry_to_everybody(
    tmp_path: Path, statement: str, position: int
) -> None:
    outsider = Outsider(made_ledger(tmp_path, COMMITMENTS))
    tamper(tmp_path / "ledger.db", statement)
    server = Server(tmp_path, "/health/live", LEDGER_PUBLIC_READ="true")
    try:
        ready = wait_for_alarm(server)
        with outsider.client(server) as client:
            refused = outsider.post(client)
            assert (ready.status_code, refused.status_code) == (503, 503)
            for told in (ready.json(), refused.json()):
                assert told["type"] == "/problems/read-only"
                assert told["position"] == position
                assert f"entry {position}:" in told["detail"]
            assert "ledger_read_only 1.0" in client.get("/metrics").text
            assert client.get("/v1/commitments/C-1").status_code == 200
            assert outsider.look(client).size == 23, "what was published stays published"
    finally:
        server.stop()


# Records a step, then seals with a storage step that ends the process the hard way.
CRASHING = """
import os, signal, sys
from pathlib import Path
from infrastructure import files
from infrastructure.settings import Settings
from infrastructure.log.signed_state import SignedState
from infrastructure.wiring import build
from application.access import Caller
from application.recording import Request, record_event

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

folder, point, number = sys.argv[1:]
services = build(Settings(data_dir=Path(folder), log_level="error"))
services.log.sealer.seal()
body = {"kind": "progressed", "occurred_on": "2024-03-01", "statement": "One.", "external_id": "n:" + number}
request = Request(Caller("crash", "recorder"), body)
answer = services.record(record_event(request, "C-1", four_eyes=True))
print(answer["position"], flush=True)
if point == "before signing":
    SignedState.swap = die
elif point == "before the state is renamed":
    Path.replace = die
elif point == "after the state is renamed":
    files.sync_folder = die
elif point == "before publishing":
    SignedState.publish = die
services.log.sealer.seal()
print("alive", flush=True)
"""
POINTS = ("before signing", "before the state is renamed", "after the state is renamed", "before publishing")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("times", [2, pytest.param(50, marks=pytest.mark.soak)])
def test_a_crash_between_recording_signing_and_publishing_leaves_one_log(
    tmp_path: Path, point: str, times: int
) -> None:
    outsider = Outsider(made_ledger(tmp_path / "data", COMMITMENTS))
    root = str(Path(__file__).parents[2])
    Server(tmp_path / "data", LEDGER_PUBLIC_READ="true").stop()  # records what it was set to
    for number in range(times):
        crashed = subprocess.run(
            [sys.executable, "-c", CRASHING, str(tmp_path / "data"), point, str(number)],
            cwd=root, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert crashed.returncode == -9, crashed.stderr
        assert "alive" not in crashed.stdout
        outsider.acknowledged[f"n:{number}"] = int(crashed.stdout)
        server = Server(tmp_path / "data", LEDGER_PUBLIC_READ="true")
        try:
            assert outsider.judge(server).size == int(crashed.stdout)
        finally:
            server.kill()
