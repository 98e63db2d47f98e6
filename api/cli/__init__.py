"""The command line: `ledger`. It translates options into questions and commands; it holds no rule of the ledger."""

from typing import Annotated

import typer

from api.cli import (
    actors,
    admin,
    audit,
    erase,
    issued,
    log,
    publish,
    record,
    report,
    serve,
    sessions,
    show,
    tokens,
    verify,
)
from api.cli.failures import Explaining

_USE, _KEEP = "Record, replay, report", "Keep a ledger"

app = typer.Typer(
    name="ledger",
    cls=Explaining,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""The Implementation Ledger: what was promised, what was done and when, and who knew it at which time.

    Settings are LEDGER_* variables; `ledger config` shows them.
    Ends with 0 done, 1 refused by a rule, 2 usage, 3 verification failed, 4 not available.
    """,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 -- typer calls it
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ledger {version('implementation-ledger')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""


app.command("demo", rich_help_panel=_USE)(serve.demo)
app.command("serve", rich_help_panel=_USE)(serve.serve)
app.command("record", rich_help_panel=_USE)(record.record)
app.command("show", rich_help_panel=_USE)(show.show)
app.command("history", rich_help_panel=_USE)(show.history)
app.add_typer(report.reports, name="report", rich_help_panel=_USE)
report.reports.command("issue")(issued.issue)
report.reports.command("list")(issued.listing)
report.reports.command("show")(issued.show)
report.reports.command("check")(issued.check)
app.command("replay", rich_help_panel=_USE)(audit.replay)
app.command("verify", rich_help_panel=_USE)(verify.verify)
app.command("export", rich_help_panel=_USE)(verify.export)
app.command("migrate", rich_help_panel=_KEEP)(admin.migrate)
app.command("load", rich_help_panel=_KEEP)(admin.load)
app.add_typer(admin.catalogue, name="catalogue", rich_help_panel=_KEEP)
app.add_typer(tokens.token, name="token", rich_help_panel=_KEEP)
app.add_typer(actors.role, name="role", rich_help_panel=_KEEP)
app.add_typer(actors.actor, name="actor", rich_help_panel=_KEEP)
app.add_typer(sessions.session, name="session", rich_help_panel=_KEEP)
app.add_typer(publish.publish, name="publish", rich_help_panel=_KEEP)
app.command("erase", rich_help_panel=_KEEP)(erase.erase)
app.add_typer(erase.privacy, name="privacy", rich_help_panel=_KEEP)
app.add_typer(log.key, name="key", rich_help_panel=_KEEP)
app.command("recover", rich_help_panel=_KEEP)(log.recover)
app.command("config", rich_help_panel=_KEEP)(admin.config)
app.command("backup", rich_help_panel=_KEEP)(admin.backup)
