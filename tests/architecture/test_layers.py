"""What import-linter cannot see: single modules of a library, and the size of what we write."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "infrastructure", "api", "migrations")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def imported(path: Path) -> Iterator[str]:
    """Give every module that *path* imports, by its absolute name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*package, *([node.module] if node.module else [])])
            # `from eventsourcing import domain` names its module on the right.
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from names if module == "eventsourcing" else [module]


@pytest.mark.parametrize("path", sorted((ROOT / "domain").rglob("*.py")), ids=lambda path: path.name)
def test_the_domain_imports_the_standard_library_and_eventsourcing_domain_only(path):
    ours = {*sys.stdlib_module_names, "domain"}
    outside = {module for module in imported(path) if module.split(".")[0] not in ours}
    assert outside <= {"eventsourcing.domain"}


def test_there_are_sources_to_judge():
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(PACKAGES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short_enough_to_read(path):
    text = path.read_text()
    functions = {
        f"{node.name}:{node.lineno}": node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in functions.items() if lines > LONGEST_FUNCTION} == {}
    assert len(text.splitlines()) <= LONGEST_FILE
