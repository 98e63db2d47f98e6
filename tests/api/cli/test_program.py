import subprocess
import sys
from typing import get_args

import pytest

from api.cli.options import Role
from domain.vocabulary import ROLES

COMMANDS = (
    "demo", "serve", "record", "show", "history", "report", "replay", "migrate", "load", "catalogue", "token",
    "config", "backup",
)  # fmt: skip


def test_help_names_every_command_and_the_exit_codes(nothing):
    shown = nothing.run("--help")
    assert shown.code == 0
    assert shown.err == ""
    assert all(f" {command} " in shown.out for command in COMMANDS)
    assert "3 verification failed" in shown.out


@pytest.mark.parametrize("command", [*COMMANDS, "token create", "token list", "token revoke", "catalogue check"])
def test_every_command_explains_itself(nothing, command):
    shown = nothing.done(*command.split(), "--help")
    assert "Usage:" in shown.out
    assert not nothing.folder.exists()


def test_help_comes_up_without_loading_the_ledger():
    heavy = ("sqlalchemy", "fastapi", "uvicorn", "httpx2", "alembic", "infrastructure")
    look = f"import sys, api.cli; sys.exit(' '.join(name for name in {heavy!r} if name in sys.modules) or None)"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_the_version_is_one_line_on_stdout(nothing):
    assert nothing.run("--version").out.startswith("ledger 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["invent"],
        ["show"],
        ["show", "HP-1", "--invent"],
        ["show", "HP-1", "--as-of", "2024-13-01"],
        ["show", "HP-1", "--known-at", "2024-01-01"],
        ["report", "--format", "papyrus"],
        ["report", "--json", "--format", "csv"],
        ["token", "create", "--role", "owner", "--actor", "somebody"],
        ["record", "started", "HP-1", "--idempotency-key", "k"],
        ["record", "started", "HP-1", "--server", "elsewhere"],
        ["record", "started", "HP-1", "--body", "no-such-file.json"],
    ],
)
def test_what_cannot_be_understood_ends_with_2_and_says_so_on_stderr(ledger, arguments):
    ended = ledger.do(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


@pytest.mark.parametrize(
    "command",
    ["load harbour-plan", "show HP-1", "report", "replay", "token list", "backup -o copy.db", "serve --port 0"],
)
def test_a_ledger_without_tables_ends_every_command_with_4_and_the_way_out(nothing, command):
    ended = nothing.run(*command.split())
    assert (ended.code, ended.out) == (4, "")
    assert "ledger migrate" in ended.err
    assert "Traceback" not in ended.err


def test_a_wrong_setting_ends_with_2_and_names_the_variable(nothing):
    ended = nothing.do("migrate", LEDGER_TIME_ZONE="Atlantis/Capital")
    assert ended.code == 2
    assert "LEDGER_TIME_ZONE" in ended.err


def test_a_database_url_that_is_none_ends_with_2_and_is_not_repeated(nothing):
    ended = nothing.do("migrate", LEDGER_DATABASE_URL="secret-not-a-url")
    assert ended.code == 2
    assert "LEDGER_DATABASE_URL" in ended.err
    assert "secret" not in ended.err


def test_a_directory_that_cannot_be_made_ends_with_4(nothing):
    nothing.folder.write_text("a file stands where the directory should be")
    ended = nothing.do("migrate")
    assert ended.code == 4
    assert "Traceback" not in ended.err


def test_the_roles_that_can_be_chosen_are_those_of_the_ledger():
    assert get_args(Role) == ROLES


def test_a_reader_who_stops_reading_is_no_error(ledger):
    page = ledger.start("report")
    page.stdout.close()
    assert page.wait(30) == 0
    assert page.stderr.read() == ""
    page.stderr.close()
