"""Programs of others that tests run in Node.js: what they need is installed once, from the lock beside them."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

KEPT = Path(__file__).parents[1] / ".cache" / "verifiers"


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """Keep other test processes from making the same thing at the same time."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield KEPT


@cache
def node_packages(source: Path) -> Path:
    """Install what the package-lock.json in a folder names; give where."""
    if not (shutil.which("node") and shutil.which("npm")):
        assert not os.environ.get("CI"), "nodejs with npm is not installed"
        pytest.skip("nodejs with npm is not installed")
    lock = source / "package-lock.json"
    with alone("node") as kept:
        folder = kept / f"node-{sha256(lock.read_bytes()).hexdigest()[:16]}"
        if not (folder / "installed").exists():
            folder.mkdir(exist_ok=True)
            for each in ("package.json", "package-lock.json"):
                shutil.copy(source / each, folder)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
            (folder / "installed").touch()
    return folder
