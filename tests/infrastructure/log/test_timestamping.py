"""Checkpoints stamped by an authority, and authorities that are down, slow or wrong; `openssl ts -verify` judges."""

import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.app import create_app
from domain.checkpoint import open_checkpoint
from infrastructure.log import timestamping
from infrastructure.log.signatures import verify
from infrastructure.settings import Settings
from tests.described import hold_to_description
from tests.sealed import SealedLedger
from tests.tsa import Authority
from tests.waiting import eventually

WRONG = {
    "out of order": "it answered 500",
    "garbage": "is no timestamp",
    "cut off": "is no timestamp",
    "endless": "too long",
    "dripping": "too slow",
    "silent": "",
    "another text": "stamped something else",
    "another nonce": "the nonce differs",
    "no nonce": "the nonce differs",
    "refusing": "it refused",
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Time goes faster here: the authority may take a second, and is asked whenever something is new."""
    for name, seconds in {"EVERY": 0.0, "PATIENCE": 1.0, "LOOKS": 0.02, "SHORTEST_PAUSE": 0.1}.items():
        monkeypatch.setattr(timestamping, name, seconds)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with Authority(tmp_path / "tsa") as made:
        yield made


def stamped_ledger(tmp_path: Path, authority: Authority, **settings: str) -> SealedLedger:
    given = {"tsa_url": authority.url, "tsa_certificate": str(authority.root), "public_read": True} | settings
    ledger = SealedLedger(tmp_path / "data", **given)
    ledger.begin()
    ledger.services.start_sealing()
    return ledger


def standing(ledger: SealedLedger):
    return ledger.services.log.standing()["timestamps"]


def accepted(checkpoint: bytes, token: bytes, root: Path, folder: Path) -> bool:
    """What openssl says, given nothing but the files and the authority's root."""
    (folder / "checkpoint").write_bytes(checkpoint)
    (folder / "token.tsr").write_bytes(token)
    command = ["openssl", "ts", "-verify", "-data", folder / "checkpoint", "-in", folder / "token.tsr", "-CAfile", root]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    return said.returncode == 0 and "Verification: OK" in said.stdout + said.stderr


def test_openssl_accepts_the_timestamps_that_are_served_and_exported(tmp_path, authority):
    ledger = stamped_ledger(tmp_path, authority)
    first = ledger.grow(3)
    eventually(lambda: standing(ledger)["size"] == first)
    last = ledger.grow()
    eventually(lambda: standing(ledger)["size"] == last)
    client = TestClient(create_app(ledger.services))
    hold_to_description(client)
    listed = client.get("/log/timestamps").json()
    assert listed["items"][0]["size"] == last
    assert listed["next"] is None
    target = tmp_path / "export.zip"
    ledger.services.export(target, internal=False, progress=lambda *_: None)
    with zipfile.ZipFile(target) as archive:
        for each in listed["items"]:
            checkpoint, token = client.get(each["checkpoint"]), client.get(each["token"])
            assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
            assert token.headers["content-type"] == "application/timestamp-reply"
            assert accepted(checkpoint.content, token.content, authority.root, tmp_path)
            assert not accepted(checkpoint.content + b"\n", token.content, authority.root, tmp_path)
            assert open_checkpoint(checkpoint.content, ledger.policy(), verify).checkpoint.size == each["size"]
            assert archive.read(each["checkpoint"].removeprefix("/")) == checkpoint.content
            assert archive.read(each["token"].removeprefix("/")) == token.content
    below = client.get(f"/log/timestamps?below={last}").json()["items"]
    assert below == [each for each in listed["items"] if each["size"] < last]
    assert client.get("/log/timestamps/100000.tsr").status_code == 404
    ready = client.get("/health/ready").json()["log"]["timestamps"]
    assert (ready["size"], ready["problem"]) == (last, None)
    assert ready["age_seconds"] < 60
    assert f"ledger_timestamped_size {float(last)}" in client.get("/metrics").text
    ledger.close()


@pytest.mark.parametrize("mood", WRONG)
def test_an_authority_that_fails_is_told_and_holds_up_nothing(tmp_path, authority, mood):
    authority.mood = mood
    ledger = stamped_ledger(tmp_path, authority)
    last = ledger.grow(2)
    eventually(lambda: ledger.services.log.size == last)
    eventually(lambda: standing(ledger)["problem"])
    assert WRONG[mood] in standing(ledger)["problem"]
    assert ledger.services.log.read_only.why() is None
    assert ledger.services.log.timestamped(None)["items"] == [], "what it said is dropped"
    assert not list((ledger.folder / "log").glob("timestamps/*"))
    client = TestClient(create_app(ledger.services))
    metrics = client.get("/metrics").text
    assert "ledger_timestamping_fails 1.0" in metrics
    assert "ledger_timestamp_age_seconds +Inf" in metrics
    last = ledger.grow()
    eventually(lambda: ledger.services.log.size == last)
    authority.mood = "good"
    authority.let_go.set()
    eventually(lambda: standing(ledger)["size"] == last and standing(ledger)["problem"] is None)
    ledger.close()


def test_an_authority_that_is_down_is_told_and_holds_up_nothing(tmp_path, authority):
    ledger = stamped_ledger(tmp_path, authority, tsa_url="http://127.0.0.1:1/")
    last = ledger.grow()
    eventually(lambda: ledger.services.log.size == last and standing(ledger)["problem"])
    ledger.close()


def test_only_the_authority_whose_root_is_set_counts(tmp_path, authority):
    with Authority(tmp_path / "another") as another:
        ledger = stamped_ledger(tmp_path, another, tsa_certificate=str(authority.root))
        eventually(lambda: "certificate" in (standing(ledger)["problem"] or ""))
        assert standing(ledger)["size"] is None
        ledger.close()


def test_timestamps_outlive_a_restart_and_are_served_without_an_authority(tmp_path, authority):
    ledger = stamped_ledger(tmp_path, authority, tsa_certificate="")
    last = ledger.grow()
    eventually(lambda: standing(ledger)["size"] == last)
    ledger._settings["tsa_url"] = ""
    ledger.reopen()
    assert ledger.services.log.standing()["timestamps"] is None
    assert ledger.services.log.timestamped(None)["items"][0]["size"] == last
    ledger.close()


def test_a_growing_log_is_stamped_once_in_a_while(tmp_path, authority, monkeypatch):
    monkeypatch.setattr(timestamping, "EVERY", 3600.0)
    ledger = stamped_ledger(tmp_path, authority)
    eventually(lambda: standing(ledger)["size"])
    for _ in range(20):
        ledger.grow()
        time.sleep(0.02)
    assert authority.asked == 1
    ledger.close()


def test_a_new_origin_leaves_the_timestamps_to_the_frozen_log(tmp_path, authority):
    ledger = stamped_ledger(tmp_path, authority)
    last = ledger.grow()
    eventually(lambda: standing(ledger)["size"] == last)
    ledger.reopen()
    ledger.services.recover("local", "The key is lost.", "localhost/renewed")
    assert ledger.services.log.timestamped(None)["items"] == []
    assert list((ledger.folder / "log" / "frozen").glob(f"*/timestamps/{last}.tsr"))
    ledger.close()


@pytest.mark.parametrize("url", ["tsa.example", "ftp://tsa.example", "https://me:secret@tsa.example/"])
def test_an_address_that_cannot_be_used_is_refused(url):
    with pytest.raises(ValidationError, match=r"accepted: http:// or https://"):
        Settings(tsa_url=url)


def test_a_certificate_that_cannot_be_used_is_refused(tmp_path):
    for path in (tmp_path / "none.pem", Path(__file__)):
        with pytest.raises(ValidationError, match="accepted: a PEM file"):
            Settings(tsa_certificate=str(path))
