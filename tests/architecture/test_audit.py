"""What a known vulnerability in a dependency does to the gate."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"
NEW = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.0"]}


def judged(tmp_path: Path, accepted: str, **vulnerability: object) -> tuple[int, str]:
    shutil.copy(CI / "audit", tmp_path / "audit")
    (tmp_path / "accepted-vulnerabilities.txt").write_text(accepted)
    found = {"dependencies": [
        {"name": "fine", "version": "1.0", "vulns": []},
        {"name": "skipped", "skip_reason": "not found"},
        {"name": "shaky", "version": "1.0", "vulns": [{**NEW, **vulnerability}]},
    ]}  # fmt: skip
    ran = subprocess.run(
        [sys.executable, tmp_path / "audit"], input=json.dumps(found), text=True, capture_output=True, check=False
    )
    assert not ran.stderr
    return ran.returncode, ran.stdout


def test_one_that_has_a_fix_fails_and_says_what_to_do(tmp_path: Path) -> None:
    code, said = judged(tmp_path, "# nothing\n")
    assert code == 1
    assert "shaky 1.0: PYSEC-2026-1 is fixed in 2.0" in said
    assert "make lock" in said


def test_one_without_a_fix_is_told(tmp_path: Path) -> None:
    code, said = judged(tmp_path, "", fix_versions=[])
    assert (code, "has no fix yet" in said) == (0, True)


@pytest.mark.parametrize(("until", "code"), [("2999-12-31", 0), ("2020-12-31", 1)])
def test_one_is_accepted_for_a_reason_and_for_a_time(tmp_path: Path, until: str, code: int) -> None:
    found, said = judged(tmp_path, f"CVE-2026-1 {until} we never call it\n")
    assert found == code
    assert ("is accepted: we never call it" in said) == (code == 0)


def test_the_list_of_this_project_can_be_read(tmp_path: Path) -> None:
    code, _ = judged(tmp_path, (CI / "accepted-vulnerabilities.txt").read_text())
    assert code == 1
