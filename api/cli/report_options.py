"""What a report is asked for on the command line: the options of every command that makes one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from domain.report import Scope

Format = Literal["text", "json", "csv", "html", "xlsx", "pdf"]
_FILTERS = "Which commitments (repeat an option for alternatives)"


def _filter(what: str, metavar: str = "WORD") -> Any:
    return typer.Option(metavar=metavar, rich_help_panel=_FILTERS, help=what)


Words = list[str] | None
Visibility = Annotated[Literal["public", "all"], typer.Option(help="all counts internal commitments too.")]
Programme = Annotated[Words, _filter("Of these programmes.", "CODE")]
Status = Annotated[Words, _filter("announced, started, reviewed, achieved, slipped, …")]
Timeliness = Annotated[Words, _filter("met, met_late, overdue, due_soon, upcoming, …")]
Tier = Annotated[Words, _filter("deliverable, action, narrative.")]
Kind = Annotated[Words, _filter("one_off, recurring, continuous.")]
Partner = Annotated[Words, _filter("With these partners.", "CODE")]
Theme = Annotated[Words, _filter("On these themes.")]
Search = Annotated[Words, _filter("With this text in title or summary.", "TEXT")]
Stale = Annotated[bool | None, _filter("Without activity for more than a year.")]
UndeclaredSlip = Annotated[bool | None, _filter("Overdue without a declared slip.")]
Divergence = Annotated[bool | None, _filter("With status and review at odds.")]
InFormat = Annotated[Format | None, typer.Option(help="In which form. Default: text.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead of stdout.")
]


def scope_of(**said: Any) -> "Scope":
    """Give what the options ask for."""
    from domain.report import Scope

    compare_to = said["compare_to"]
    return Scope.read(said | {"compare_to": None if compare_to is None else compare_to.isoformat()})
