"""The program in a directory of its own: run as a process, or in this one where exit code and output are enough."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from typer.testing import CliRunner

from api.cli import app

PROGRAM = Path(sys.executable).with_name("ledger")
CATALOGUE = {
    "programme": {
        "code": "harbour-plan",
        "title": "Harbour plan 2024",
        "adopted_on": "2024-02-01",
        "partners": [{"code": "PORT", "name": "Port Authority", "type": "organisation"}],
    },
    "commitments": [
        {
            "reference": "HP-1",
            "programme": "harbour-plan",
            "title": "Open the second quay",
            "kind": "one_off",
            "tier": "deliverable",
            "timeframe": {"wording": "by the end of 2024", "due": "2024-12-31"},
            "partners": ["PORT"],
            "occurred_on": "2024-02-01",
        },
        {
            "reference": "HP-2",
            "programme": "harbour-plan",
            "title": "Hold a harbour day every year",
            "kind": "recurring",
            "tier": "action",
            "timeframe": {"wording": "every year", "recurrence": "P1Y", "anchor": "2024-06-30"},
            "occurred_on": "2024-02-01",
        },
    ],
    "history": [
        {
            "id": "H1",
            "reference": "HP-1",
            "kind": "started",
            "occurred_on": "2024-05",
            "statement": "Work on the quay began.",
            "evidence": [{"title": "Works begin", "url": "https://example.org/works", "grade": "B"}],
        }
    ],
}


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class Ledger:
    """A directory with a ledger, and the program to use it with."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    contents = CATALOGUE

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
        return clean | {"LEDGER_DATA_DIR": str(self.folder), "COLUMNS": "200"} | self.settings

    def do(self, *arguments: str, text: str | None = None, **settings: str) -> Ran:
        """Run a command in this process."""
        ran = CliRunner().invoke(app, arguments, input=text, env=self.environment | settings)
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        return Ran(ran.exit_code, ran.stdout, ran.stderr)

    def run(self, *arguments: str, text: str = "", **settings: str) -> Ran:
        """Run a command as a process."""
        ran = subprocess.run(
            [PROGRAM, *arguments],
            env=self.environment | settings, input=text, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def done(self, *arguments: str, **settings: str) -> Ran:
        """Run a command that must succeed."""
        ran = self.do(*arguments, **settings)
        assert ran.code == 0, ran.err
        return ran

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start a command that goes on."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env=self.environment | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def catalogue(self, **changes: object) -> str:
        """Write the catalogue of the tests, changed, to a file."""
        path = self.folder.parent / "harbour.json"
        path.write_text(json.dumps(CATALOGUE | changes, indent=1))
        return str(path)

    def doctor(self, statement: str) -> None:
        """Change rows behind the ledger's back."""
        url = self.settings.get("LEDGER_DATABASE_URL") or f"sqlite:///{self.folder / 'ledger.db'}"
        with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
            connection.exec_driver_sql(statement)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self.done("report", "--json").json["log_size"]


@pytest.fixture(autouse=True)
def _unchanged_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in os.environ:
        if name.startswith("LEDGER_"):
            monkeypatch.delenv(name)
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def backend() -> str:
    """The kind of database; files whose commands record or read have one of their own that is both."""
    return "sqlite"


@pytest.fixture
def nothing(tmp_path: Path, backend: str, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A directory without a ledger."""
    ledger = Ledger(tmp_path / "data")
    if backend == "sqlite":
        yield ledger
        return
    with request.getfixturevalue("postgresql").migrated() as ledger.settings["LEDGER_DATABASE_URL"]:
        yield ledger


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both ledgers, made once: a copy is quicker."""
    folder = tmp_path_factory.mktemp("made")
    empty, loaded = Ledger(folder / "empty"), Ledger(folder / "loaded")
    empty.done("migrate")
    shutil.copytree(empty.folder, loaded.folder)
    loaded.done("load", loaded.catalogue())
    return folder


@pytest.fixture
def empty(nothing: Ledger, _made: Path) -> Ledger:
    """A ledger with tables and nothing in it."""
    return _copied(_made / "empty", nothing)


@pytest.fixture
def ledger(nothing: Ledger, _made: Path) -> Ledger:
    """A ledger with a small catalogue and its history."""
    return _copied(_made / "loaded", nothing)


def _copied(folder: Path, ledger: Ledger) -> Ledger:
    shutil.copytree(folder, ledger.folder)
    if "LEDGER_DATABASE_URL" in ledger.settings:
        ledger.done("load", "--from", f"sqlite:///{ledger.folder / 'ledger.db'}")
    return ledger
