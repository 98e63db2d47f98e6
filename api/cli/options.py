"""Options that several commands take, each described once."""

from datetime import date, datetime
from typing import Annotated, Literal

import typer

from domain.chronology import parse_day

Role = Literal["recorder", "reviewer", "auditor", "administrator"]


def read_day(text: str) -> date:
    """Read an option that is a day."""
    try:
        return parse_day(text)
    except ValueError:
        raise typer.BadParameter(f"“{text}” is no day; accepted: YYYY-MM-DD from 1900-01-01 to 2199-12-31") from None


def read_instant(text: str) -> datetime:
    """Read an option that is an instant."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or "T" not in text.upper():
        accepted = "accepted: an RFC 3339 instant such as 2025-03-01T00:00:00Z"
        raise typer.BadParameter(f"“{text}” is no instant; {accepted}")
    return found


Actor = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Who does this: a pseudonym, never a name. Default: LEDGER_ACTOR or local."),
]
AsOf = Annotated[
    date | None,
    typer.Option(parser=read_day, metavar="DATE", help="Answer for this day (YYYY-MM-DD). Default: today."),
]
CompareTo = Annotated[
    date | None,
    typer.Option(parser=read_day, metavar="DATE", help="An earlier day; the report says what changed since."),
]
LogSize = Annotated[
    int | None,
    typer.Option(metavar="N", help="As known when the ledger held N entries. Default: all."),
]
KnownAt = Annotated[
    datetime | None,
    typer.Option(parser=read_instant, metavar="INSTANT", help="As known at this instant, instead of --log-size."),
]
Appendix = Annotated[
    bool | None,
    typer.Option(
        "--appendix/--no-appendix",
        help="With the history of every commitment, of 1,000 at most. Default: in html and pdf up to 300.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]
