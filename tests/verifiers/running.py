"""Run verifiers that know nothing of this project, and take their word.

Each is a program of its own beside this file. A log verifier reads a log at a URL; a receipt verifier reads files.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from tests.node_packages import KEPT, alone, node_packages

HERE = Path(__file__).parent
X_MOD = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier said: its exit code and its last line."""

    accepted: bool
    reason: str


def _verdict(*command: object, **environment: str) -> Verdict:
    done = subprocess.run(
        [str(part) for part in command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = done.stdout.strip()
    # A verifier that breaks has not judged.
    assert (done.returncode, said.split(":")[0]) in {(0, "accepted"), (1, "rejected")}, done
    return Verdict(done.returncode == 0, said)


def published(url: str) -> Verdict:
    """Let a program check what a server shows of closed entries that were published."""
    return _verdict(sys.executable, HERE / "verify_published.py", url)


def _needs(present: object, what: str) -> None:
    if not present:
        pytest.skip(f"{what} is not installed")


@cache
def _go_program() -> Path:
    _needs(shutil.which("go") and X_MOD.is_dir(), "golang-go with golang-golang-x-mod-dev")
    source = HERE / "verify_log.go"
    program = KEPT / f"verify_log-{sha256(source.read_bytes()).hexdigest()[:16]}"
    environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": str(KEPT / "go")}
    with alone("go"):
        if not program.exists():
            subprocess.run(["go", "build", "-o", program, source], env=os.environ | environment, check=True)
    return program


def go(url: str, vkey: str, old: Path | None = None) -> Verdict:
    """Ask the tile client of Go's checksum database."""
    return _verdict(_go_program(), "-key", vkey, *(() if old is None else ("-old", old)), url)


def python(url: str, vkey: str, old: Path | None = None) -> Verdict:
    """Ask pymerkle for the tree and cryptography for the signature, in an isolated process."""
    return _verdict(sys.executable, "-I", HERE / "verify_log.py", vkey, url, *(() if old is None else (old,)))


LOG_VERIFIERS = (go, python)


def openssl(checkpoint: Path, vkey: str) -> Verdict:
    """Ask openssl for the signature; it knows of no tree."""
    _needs(shutil.which("openssl"), "openssl")
    return _verdict("sh", HERE / "verify_checkpoint.sh", vkey, checkpoint)


def go_receipt(receipt: Path, entry: Path, vkey: str) -> Verdict:
    """Ask Go's checksum database for a receipt."""
    return _verdict(_go_program(), "-key", vkey, "-receipt", receipt, "-entry", entry)


def sigstore_receipt(receipt: Path, entry: Path, vkey: str) -> Verdict:
    """Ask sigstore's verifier for a receipt."""
    packages = str(node_packages(HERE))
    return _verdict("node", HERE / "verify_receipt.cjs", vkey, receipt, entry, NODE_PACKAGES=packages)


RECEIPT_VERIFIERS = (go_receipt, sigstore_receipt)


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve a folder as `python -m http.server` does; give its address."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split(" port ")[1].split()[0]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def fetched(url: str, path: Path) -> Path:
    """Keep what a URL gives in a file."""
    answer = httpx2.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    path.write_bytes(answer.content)
    return path
