"""`ledger report`: the status report, for reading or for other programs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from api.cli import console
from api.cli.failures import USAGE, Ended
from api.cli.opening import opened
from api.cli.options import Appendix, AsJson, AsOf, CompareTo, KnownAt, LogSize
from api.cli.report_options import (
    Divergence,
    Format,
    InFormat,
    Kind,
    Output,
    Partner,
    Programme,
    Search,
    Stale,
    Status,
    Theme,
    Tier,
    Timeliness,
    UndeclaredSlip,
    Visibility,
    scope_of,
)

if TYPE_CHECKING:
    from application.reporting import Reader
    from infrastructure.wiring import Services

_BINARY: Final = ("xlsx", "pdf")
reports = typer.Typer(invoke_without_command=True)


@reports.callback()
def report(
    context: typer.Context,
    *,
    as_of: AsOf = None,
    log_size: LogSize = None,
    known_at: KnownAt = None,
    compare_to: CompareTo = None,
    visibility: Visibility = "public",
    programme: Programme = None,
    status: Status = None,
    timeliness: Timeliness = None,
    tier: Tier = None,
    kind: Kind = None,
    partner: Partner = None,
    theme: Theme = None,
    q: Search = None,
    stale: Stale = None,
    undeclared_slip: UndeclaredSlip = None,
    divergence: Divergence = None,
    appendix: Appendix = None,
    format: InFormat = None,
    output: Output = None,
    json: AsJson = False,
) -> None:
    """Make the status report as of any day, as known at any time; issue it, and check what was issued.

    Same filters and times, same figures and digest, for ever.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    form = form_of(format, output, json=json)
    from application.reporting import StatusQuery, status_report

    scope = scope_of(
        compare_to=compare_to, visibility=visibility, programme=programme, status=status, timeliness=timeliness,
        tier=tier, kind=kind, partner=partner, theme=theme, q=q, stale=stale, undeclared_slip=undeclared_slip,
        divergence=divergence,
    )  # fmt: skip
    asked = StatusQuery(scope=scope, appendix=appendix, format=form, as_of=as_of, log_size=log_size, known_at=known_at)
    with opened() as services, services.view() as view:
        made = status_report(view, asked, reader_of(services), services.press())
        give(services, made, form, output, appendix_asked=appendix is True)


def _refuse_options_before(context: typer.Context) -> None:
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            command = context.invoked_subcommand
            raise Ended(
                USAGE,
                "options stand behind the command",
                f"accepted: ledger report {command} --{name.replace('_', '-')} …",
            )


def reader_of(services: "Services") -> "Reader":
    """Give who asks: whoever has the ledger on this machine, today."""
    from application.reporting import Reader

    return Reader(may_read_internal=True, today=services.today(), now=services.now())


def form_of(format: Format | None, output: Path | None, *, json: bool) -> Format:
    """Give the form that is asked for, one way or the other; a terminal cannot show every one."""
    form = format or ("json" if json else "text")
    if json and form != "json":
        raise Ended(USAGE, f"--json and --format {form} contradict each other")
    if form in _BINARY and output is None and sys.stdout.isatty():
        raise Ended(USAGE, f"{form.upper()} is nothing for a terminal", f"accepted: -o FILE.{form}, or a pipe")
    return form


def give(
    services: "Services", made: dict[str, Any], form: Format, output: Path | None, *, appendix_asked: bool
) -> None:
    """Show a report, or write it."""
    if form == "text" and output is None:
        from api.cli.report_page import show_report

        show_report(console.to_answer(), made)
        return
    content = _as_text(made) if form == "text" else _as_bytes(services, made, form, appendix_asked=appendix_asked)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    output.write_bytes(content)
    console.note(f"Wrote {output}: {len(content):,} bytes, digest {made['digest']}")


def _as_bytes(services: "Services", made: dict[str, Any], form: Format, *, appendix_asked: bool) -> bytes:
    from infrastructure.wiring import carried, report_bytes

    if form not in _BINARY:
        return report_bytes(made, form)
    with console.working(f"Making the {form.upper()}"), services.renderings.turn(form) as render:
        return render(report_bytes(made, "json"), carried(made, appendix_asked=appendix_asked))


def _as_text(made: dict[str, Any]) -> bytes:
    import io

    from api.cli.report_page import show_report

    page = io.StringIO()
    show_report(console.on(page), made)
    return page.getvalue().encode()
