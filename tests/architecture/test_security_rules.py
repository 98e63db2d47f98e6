"""The rules of flake8-bandit hold everywhere, but where a line says why not; and nothing rests on an assert."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("api", "application", "domain", "infrastructure", "migrations")
OURS: Final = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
WRITTEN: Final = [*OURS, *sorted((ROOT / "tests").rglob("*.py"))]
_EXCEPTION: Final = re.compile(r"# noqa: (?:\w+, )*S\d+(?:, \w+)*(?P<reason>.*)")


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_each_exception_says_why_on_its_line() -> None:
    exceptions = [
        (f"{path.relative_to(ROOT)}:{number}", found["reason"])
        for path in WRITTEN
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := _EXCEPTION.search(line)) is not None
    ]
    assert len(exceptions) > 20
    assert [where for where, reason in exceptions if not re.fullmatch(r" -- .{4,}", reason)] == []
    assert [str(path) for path in WRITTEN if "# nosec" in path.read_text() and path != Path(__file__)] == []


def test_no_file_is_excepted_from_a_rule_but_tests_from_a_few_and_migrations_from_one() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    security = re.compile(r"S(\d+)?")
    assert [rule for rule in lint["ignore"] if security.fullmatch(rule)] == ["S101"]
    excepted = {
        files: [rule for rule in rules if security.fullmatch(rule)] for files, rules in lint["per-file-ignores"].items()
    }
    assert {files: rules for files, rules in excepted.items() if rules} == {
        "migrations/**": ["S608"],
        "tests/**": ["S101", "S105", "S106", "S108", "S311", "S603", "S607"],
    }


@pytest.mark.parametrize("path", named(OURS))
def test_no_check_is_an_assert_that_python_may_leave_out(path: str) -> None:
    """An assert may tell what is certain. What is caught again was not: `python -O` would let it pass."""
    tree = ast.parse((ROOT / path).read_text())
    caught = [name for each in ast.walk(tree) if isinstance(each, ast.ExceptHandler) and each.type is not None
              for name in ast.walk(each.type) if isinstance(name, ast.Name)]  # fmt: skip
    assert "AssertionError" not in {name.id for name in caught}
