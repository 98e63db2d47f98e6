"""The distribution is what it says: our own packages, a lock without addresses, nothing of one machine."""

import importlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

# Put together here, so that this file does not contain what it forbids.
REGISTRY_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js", "deb.deb" + "ian.org")
MACHINE_FOLDERS = ("home", "root", "Users", "work", "farm")
MACHINE_PATH = re.compile(rf"(?:^|[^\w.$)}}\]-])/(?:{'|'.join(MACHINE_FOLDERS)})/")


def tracked_texts() -> dict[str, str]:
    """Give every tracked text file by its path."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    texts = {}
    for name in filter(None, listing.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode(errors="replace")
    return texts


def test_the_lock_holds_no_address():
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_every_locked_package_is_pinned_by_hash():
    pins = re.split(r"\n(?=\w)", (ROOT / "requirements.lock").read_text().strip())
    assert [pin.splitlines()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_no_test_folder_is_a_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_that_are_imported_are_ours(package):
    assert Path(importlib.import_module(package).__file__) == ROOT / package / "__init__.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_hold_no_tests_data_or_secrets(package):
    suffixes = {".db", ".sqlite", ".sqlite3", ".key", ".pem", ".env", ".log"}
    stray = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*")
        if path.suffix in suffixes or path.name in {"conftest.py", ".env"} or path.name.startswith("test_")
    ]
    assert stray == []


def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine():
    found = [
        f"{name}:{number}"
        for name, text in tracked_texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if any(host in line for host in REGISTRY_HOSTS) or MACHINE_PATH.search(line)
    ]
    assert found == []


def test_no_lock_with_addresses_is_tracked():
    assert {"uv.lock", "pylock.toml"}.isdisjoint(Path(name).name for name in tracked_texts())
