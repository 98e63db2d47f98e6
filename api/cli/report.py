"""`ledger report`: the status report, for reading or for other programs."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from api.cli import console
from api.cli.failures import USAGE, Ended
from api.cli.opening import opened
from api.cli.options import Appendix, AsJson, AsOf, CompareTo, KnownAt, LogSize

Format = Literal["text", "json", "csv", "html"]
_FILTERS = "Which commitments (repeat an option for alternatives)"


def _filter(what: str, metavar: str = "WORD") -> Any:
    return typer.Option(metavar=metavar, rich_help_panel=_FILTERS, help=what)


Words = list[str] | None


def report(
    *,
    as_of: AsOf = None,
    log_size: LogSize = None,
    known_at: KnownAt = None,
    compare_to: CompareTo = None,
    visibility: Annotated[
        Literal["public", "all"], typer.Option(help="all counts internal commitments too.")
    ] = "public",
    programme: Annotated[Words, _filter("Of these programmes.", "CODE")] = None,
    status: Annotated[Words, _filter("announced, started, reviewed, achieved, slipped, …")] = None,
    timeliness: Annotated[Words, _filter("met, met_late, overdue, due_soon, upcoming, …")] = None,
    tier: Annotated[Words, _filter("deliverable, action, narrative.")] = None,
    kind: Annotated[Words, _filter("one_off, recurring, continuous.")] = None,
    partner: Annotated[Words, _filter("With these partners.", "CODE")] = None,
    theme: Annotated[Words, _filter("On these themes.")] = None,
    q: Annotated[Words, _filter("With this text in title or summary.", "TEXT")] = None,
    stale: Annotated[bool | None, _filter("Without activity for more than a year.")] = None,
    undeclared_slip: Annotated[bool | None, _filter("Overdue without a declared slip.")] = None,
    divergence: Annotated[bool | None, _filter("With status and review at odds.")] = None,
    appendix: Appendix = None,
    format: Annotated[Format | None, typer.Option(help="In which form. Default: text.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead of stdout.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Make the status report as of any day, as known at any time.

    Same filters and times, same figures and digest, for ever.
    """
    form = _form(format, json=json)
    from application.reporting import Reader, StatusQuery, status_report
    from domain.filters import Filters
    from domain.report import Scope

    filters = Filters(
        programme=tuple(programme or ()),
        status=tuple(status or ()),
        timeliness=tuple(timeliness or ()),
        tier=tuple(tier or ()),
        kind=tuple(kind or ()),
        partner=tuple(partner or ()),
        theme=tuple(theme or ()),
        q=tuple(q or ()),
        stale=stale,
        undeclared_slip=undeclared_slip,
        divergence=divergence,
    )
    scope = Scope(filters=filters, visibility_all=visibility == "all", compare_to=compare_to)
    asked = StatusQuery(scope=scope, appendix=appendix, format=form, as_of=as_of, log_size=log_size, known_at=known_at)
    with opened() as services, services.view() as view:
        reader = Reader(may_read_internal=True, today=services.today(), now=services.now())
        _give(status_report(view, asked, reader, services.press()), form, output)


def _form(format: Format | None, *, json: bool) -> Format:
    form = format or ("json" if json else "text")
    if json and form != "json":
        raise Ended(USAGE, f"--json and --format {form} contradict each other")
    return form


def _give(made: dict[str, Any], form: Format, output: Path | None) -> None:
    if form == "text" and output is None:
        from api.cli.report_page import show_report

        show_report(console.to_answer(), made)
        return
    content = _as_text(made) if form == "text" else _as_bytes(made, form)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    output.write_bytes(content)
    console.note(f"Wrote {output}: {len(content):,} bytes, digest {made['digest']}")


def _as_bytes(made: dict[str, Any], form: Format) -> bytes:
    from infrastructure.wiring import FORMATS

    return b"".join(FORMATS[form].render(made))


def _as_text(made: dict[str, Any]) -> bytes:
    import io

    from api.cli.report_page import show_report

    page = io.StringIO()
    show_report(console.on(page), made)
    return page.getvalue().encode()
