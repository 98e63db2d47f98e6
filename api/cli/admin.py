"""Commands that keep a ledger: tables, catalogues, settings, copies."""

import os
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli import console
from api.cli.failures import REFUSED, USAGE, VERIFICATION_FAILED, Ended
from api.cli.opening import opened, quiet
from api.cli.options import Actor, AsJson

CATALOGUE: Final = "strategic-compass-partner"
LOADING_ACTOR: Final = "catalogue"

catalogue = typer.Typer(no_args_is_help=True, help="Catalogues of commitments, before they are loaded.")

Named = Annotated[
    str, typer.Argument(metavar="FILE|FOLDER|NAME", help="A JSON file, a folder of CSV files, or a shipped catalogue.")
]


def migrate(
    grant_to: Annotated[
        str | None, typer.Option(metavar="ROLE", help="PostgreSQL: let this role serve the ledger and record.")
    ] = None,
    grant_read_to: Annotated[
        str | None, typer.Option(metavar="ROLE", help="PostgreSQL: let this role read what is recorded.")
    ] = None,
) -> None:
    """Make the tables, or bring them to this version. Doing it again changes nothing.

    On PostgreSQL run it as the tables' owner. Only the owner can change entries; who serves the ledger should not be
    that role, and is given what it needs with --grant-to, again after every upgrade.
    """
    with opened(ready=False) as services:
        with console.progress("Making read models") as come:
            changed = services.migrate(come)
        if grant_to or grant_read_to:
            services.grant(application=grant_to, readers=grant_read_to)
        where, risks = services.settings.shown()["LEDGER_DATABASE_URL"], services.risks()
        lacking = services.not_granted()
    console.say("The tables are those of this version now." if changed else "The tables are of this version already.")
    console.say(f"Database: {where}")
    for role, may in ((grant_to, "serve the ledger"), (grant_read_to, "read what is recorded")):
        if role:
            console.say(f"The role {role} may {may}.")
    for role, what in lacking:
        console.note(f"warning: {what}: it cannot serve until `ledger migrate --grant-to {role}` was run")
    for risk in risks:
        console.note(f"warning: {risk}: a crash of the database server may lose entries that were acknowledged")


def load(
    name: Annotated[
        str | None,
        typer.Argument(metavar="FILE|FOLDER|NAME", help="A JSON file, a folder of CSV files, or a catalogue."),
    ] = None,
    actor: Actor = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="Copy the whole ledger in this database instead.")
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Load a catalogue with its history, or with --from a whole ledger from another database.

    A catalogue is recorded whole, or nothing of it. Rows that are there are skipped, so that it can be done again.

    --from copies a ledger, byte by byte, into the database that LEDGER_DATABASE_URL names, which must hold no entries:
    for example from SQLite to PostgreSQL. Stop the servers of the source first, and use its data directory, where its
    keys and what it has signed lie, or copy log-keys.json and the folder log. Every entry is hashed again before
    anything is kept; if it is interrupted nothing was copied.
    """
    if (name is None) == (source is None):
        raise Ended(USAGE, "one thing is loaded at a time", "accepted: a catalogue, or --from URL")
    if source is not None:
        _copy(source, json=json)
        return
    assert name is not None
    with opened() as services:
        if not services.settings.four_eyes:
            services.note_settings(("four_eyes",))
        set_by_environment = services.settings.actor if "actor" in services.settings.model_fields_set else None
        with console.progress("Loading") as come:
            loaded = services.load(name, actor or set_by_environment or LOADING_ACTOR, come)
    told = f"{loaded['programme']}: {loaded['recorded']} recorded, {loaded['skipped']} skipped"
    console.say(console.as_json(dict(loaded)) if json else told)


def _copy(url: str, *, json: bool) -> None:
    from infrastructure.wiring import Settings, copy_from

    quiet()
    try:
        with console.progress("Copying") as come:
            copied = copy_from(url, Settings(), come)
        with opened(ready=False) as services:
            services.migrate()
    except KeyboardInterrupt:
        console.note("Nothing was copied. The same command begins again.")
        raise
    answer = {"entries": copied.entries, "root": copied.root.hex()}
    said = f"{copied.entries} entries were copied, root {copied.root.hex()}; now `ledger verify` looks at all of it."
    console.say(console.as_json(answer) if json else said)


@catalogue.command("check")
def check(
    source: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="A copy of the source document.")],
    name: Named = CATALOGUE,
) -> None:
    """Hold a catalogue against a copy of its source document, line by line.

    Every commitment names a line of its source and that line's SHA-256. Nothing is loaded.
    """
    from infrastructure.wiring import check_catalogue

    faults = [f"{place}: {message}" for place, message in check_catalogue(name, source)]
    if faults:
        number = "1 line does" if len(faults) == 1 else f"{len(faults)} lines do"
        raise Ended(VERIFICATION_FAILED, f"{number} not fit the source", *faults)
    console.say(f"Every line that {name} names reads as recorded in {source.name}.")


def config(*, json: AsJson = False) -> None:
    """Show every setting, its value and what it means. Secrets are masked."""
    from infrastructure.wiring import Settings

    settings = Settings()
    rows: list[dict[str, Any]] = [
        {
            "name": f"LEDGER_{name.upper()}",
            "value": settings.shown()[f"LEDGER_{name.upper()}"],
            "set": name in settings.model_fields_set,
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]
    if json:
        console.say(console.as_json(rows))
        return
    made = console.table("!setting", "value", "from", "meaning")
    for row in rows:
        made.add_row(row["name"], row["value"], "environment" if row["set"] else "default", row["meaning"])
    console.to_answer().print(made)


def backup(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; must not exist yet.")],
) -> None:
    """Copy the whole ledger, as it is at one moment, into a file. It goes on recording meanwhile.

    To use the copy, let LEDGER_DATABASE_URL name it.
    """
    with opened() as services:
        try:
            # Made first, empty and for the owner's eyes only, so that nothing is ever written over.
            os.close(os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            raise Ended(REFUSED, f"{output} exists; a backup is never written over", "accepted: a new name") from None
        try:
            services.back_up(output)
        except BaseException:
            output.unlink(missing_ok=True)
            raise
    console.say(f"Wrote {output}: {_entries_in(output)} entries, {output.stat().st_size:,} bytes.")


def _entries_in(copy: Path) -> int:
    from infrastructure.wiring import Settings

    settings = Settings().model_copy(update={"database_url": f"sqlite:///{copy}"})
    with opened(settings) as services, services.view() as view:
        return view.head.log_size
