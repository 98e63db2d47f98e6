"""How a command ends when it cannot do what was asked: one exit code and one explanation per kind of error.

0 done · 1 refused by a rule · 2 usage · 3 verification failed · 4 not available
"""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperGroup

REFUSED: Final = 1
USAGE: Final = 2
VERIFICATION_FAILED: Final = 3
NOT_AVAILABLE: Final = 4

_INTERRUPTED: Final = 130
_REMEDIES: Final = {
    "FULL": "nothing of it was recorded; make room, then do it again",
    "OUT_OF_TIME": "statement_timeout and lock_timeout of its roles decide; a report or `ledger verify` needs minutes",
    "NOT_GRANTED": "`ledger migrate --grant-to ROLE`, run as the tables' owner, gives the role what it needs",
    "NOT_LET_IN": "LEDGER_DATABASE_URL, or --from, names the role with its password, and the database",
    "AWAY": "LEDGER_DATABASE_URL, or --from, says where it should be",
}
"""What an operator can do, by the kind of failure."""
_NOT_OPENED: Final = "unable to open database file"
_WRITABLE: Final = (
    "its folder has to be writable for whoever runs this, also to read: SQLite keeps its log beside the file"
)


class Ended(Exception):
    """A command ends here: *code* says how, the lines say why and what to do."""

    def __init__(self, code: int, *lines: str) -> None:
        self.code, self.lines = code, lines
        super().__init__("\n".join(lines))


class Explaining(TyperGroup):
    """The outermost group: whatever a command raises becomes a message on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        if sys.stdout is None:  # started with stdout closed
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- until the end
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has had enough. What Python would still flush at exit goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None
        except Exception as error:
            ended = explained(error)
            if ended is None:
                raise
            say(ended)
            raise typer.Exit(ended.code) from None
        return result


def say(ended: Ended) -> None:
    """Write why a command ends to stderr."""
    from api.cli.console import to_people

    first, *more = ended.lines
    screen = to_people()
    screen.print("error: ", style="bold red", end="")
    screen.print(first, soft_wrap=True)
    for line in more:
        screen.print(f"  {line}", soft_wrap=True)


def explained(error: Exception) -> Ended | None:
    """Give how a command ends after *error*; None for what the command line explains itself (usage, exit)."""
    if isinstance(error, Ended):
        return error
    if type(error).__module__.startswith("typer."):
        return None
    return _of_ledger(error) or _of_surroundings(error)


def _of_ledger(error: Exception) -> Ended | None:
    from application import errors as declined
    from application.strict_json import NotJsonError
    from domain import errors as refused

    match error:
        case declined.BadQuestion():
            option = error.parameter.replace("_", "-")
            return Ended(USAGE, f"--{option}: {error.message}", f"accepted: {error.accepted}")
        case declined.NotPermitted():
            return Ended(REFUSED, error.message, f"accepted: {error.accepted}")
        case declined.BadRows():
            rows = [f"{row.place}: {row.message}" for row in error.rows]
            return Ended(REFUSED, f"nothing was loaded: {_count(rows, 'row')} cannot be recorded", *rows)
        case declined.Irreproducible():
            said = f"at {error.place}: kept {_short(error.kept)}, now {_short(error.now)}"
            return Ended(VERIFICATION_FAILED, str(error), *([said] if error.place else []))
        case refused.Invalid():
            faults = [line for each in error.faults for line in fault(each.pointer, each.message, each.accepted)]
            return Ended(REFUSED, f"nothing was recorded: {_count(error.faults, 'field')} cannot be accepted", *faults)
        case refused.Refused():
            what = f"refused by the rule {error.rule}: {error.message}"
            return Ended(REFUSED, what, f"accepted: {error.accepted}")
        case declined.Declined() | refused.Refusal():
            return Ended(REFUSED, *str(error).splitlines())
        case NotJsonError():
            return Ended(USAGE, str(error))
    return None


def _of_surroundings(error: Exception) -> Ended:  # noqa: C901, PLR0911, PLR0912 -- a table, one row per error
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return Ended(USAGE, "settings cannot be used", *_settings(error))
    from infrastructure import wiring

    match error:
        case wiring.BadCatalogue():
            faults = str(error).splitlines()
            return Ended(REFUSED, f"the catalogue cannot be read: {_count(faults, 'fault')}", *faults)
        case wiring.RenderingFailedError():
            return Ended(NOT_AVAILABLE, str(error), "accepted: --format json, csv or html, or fewer commitments")
        case wiring.NoExportError():
            return Ended(USAGE, str(error), "accepted: what `ledger export` wrote, as a file or a folder")
        case wiring.WrongRootError():
            return Ended(VERIFICATION_FAILED, str(error))
        case wiring.CannotRecoverError() | wiring.CannotGrantError() | wiring.CannotCopyError():
            return Ended(REFUSED, *str(error).split("; "))
        case wiring.UnreachableError():
            remedy = _WRITABLE if _NOT_OPENED in str(error.why) else _REMEDIES[error.failure.name]
            return Ended(NOT_AVAILABLE, f"{error}: {error.why}", remedy)
        case wiring.NotGrantedError():
            return Ended(NOT_AVAILABLE, str(error.why), _REMEDIES["NOT_GRANTED"].replace("ROLE", str(error.role)))
        case (
            wiring.NotReadyError()
            | wiring.NotSqliteError()
            | wiring.ClockBehindError()
            | wiring.ReadOnlyError()
            | wiring.NotSealedError()
            | wiring.NotWrittenDownError()
            | wiring.ServerUnreachableError()
        ):
            return Ended(NOT_AVAILABLE, str(error))
        case wiring.BadDatabaseUrl():
            return Ended(
                USAGE, f"the URL of a database cannot be used: {error}", f"accepted: {wiring.GOOD_DATABASE_URLS}"
            )
        case wiring.DatabaseFailed():
            return _of_database(error)
        case OSError():
            return Ended(NOT_AVAILABLE, f"{error.filename or 'the system'}: {error.strerror or error}")
    if os.environ.get("LEDGER_LOG_LEVEL") == "debug":
        raise error
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return Ended(NOT_AVAILABLE, f"something went wrong here: {what}", "LEDGER_LOG_LEVEL=debug shows where")


def _of_database(error: Exception) -> Ended:
    from infrastructure.wiring import failure_of, why

    failure = failure_of(error)
    if failure is None:
        remedies = [_WRITABLE] if _NOT_OPENED in why(error) else []
        return Ended(NOT_AVAILABLE, f"the database cannot do this now: {why(error)}", *remedies)
    return Ended(NOT_AVAILABLE, f"{failure.value}: {why(error)}", _REMEDIES[failure.name])


def fault(where: str, message: str, accepted: str) -> Iterable[str]:
    """Give the lines that tell of one wrong field."""
    return f"{where or 'the body'}: {message}", f"  accepted: {accepted}"


def _settings(error: Any) -> Iterable[str]:
    # The value itself may be a secret and is not repeated.
    for each in error.errors(include_input=False, include_url=False):
        name = "_".join(map(str, each["loc"])).upper()
        yield f"LEDGER_{name}: {each['msg'].removeprefix('Value error, ')}"


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]


def _count(things: Any, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
