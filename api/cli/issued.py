"""`ledger report issue`, `list`, `show` and `check`: reports that were given out, and what became of them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from api.cli.failures import USAGE, VERIFICATION_FAILED, Ended
from api.cli.opening import opened
from api.cli.options import Actor, Appendix, AsJson, AsOf, CompareTo, KnownAt, LogSize, Role
from api.cli.report import form_of, give, reader_of
from api.cli.report_options import (
    Divergence,
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
    from application.ports import View
    from infrastructure.wiring import Services

Number = Annotated[int, typer.Argument(metavar="ID", min=1, help="The report's number, as `ledger report list` shows.")]
InRole = Annotated[Role, typer.Option(help="In which role.")]
_PAGE = 50


def issue(
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
    actor: Actor = None,
    role: InRole = "recorder",
    json: AsJson = False,
) -> None:
    """Issue the status report: keep what it says, and record that it was issued.

    Prints its number and digest. Whoever has them gets the same report for ever.
    """
    scope = scope_of(
        compare_to=compare_to, visibility=visibility, programme=programme, status=status, timeliness=timeliness,
        tier=tier, kind=kind, partner=partner, theme=theme, q=q, stale=stale, undeclared_slip=undeclared_slip,
        divergence=divergence,
    )  # fmt: skip
    times = {
        "as_of": None if as_of is None else as_of.isoformat(),
        "log_size": log_size,
        "known_at": None if known_at is None else known_at.isoformat(),
    }
    with opened() as services:
        issued = _issue(services, scope.answer() | times, actor or services.settings.actor, role)
    if json:
        console.say(console.as_json(issued))
        return
    about = f"as of {issued['as_of']}, knowing {issued['log_size']} entries"
    console.say(f"Report {issued['id']} is issued: {about}.\ndigest {issued['digest']}")


def _issue(services: "Services", body: dict[str, Any], actor: str, role: str) -> dict[str, Any]:
    from application import issuing
    from application.access import Caller
    from application.recording import Request
    from domain.errors import Invalid

    try:
        with services.view() as view:
            asked = Request(Caller(actor, role), body)
            command = issuing.issue(view, asked, reader_of(services), services.press())
    except Invalid as wrong:
        option = wrong.faults[0].pointer.split("/")[1].replace("_", "-")
        raise Ended(USAGE, f"--{option}: {wrong.faults[0].message}", f"accepted: {wrong.faults[0].accepted}") from None
    return dict(services.record(command))


def listing(*, json: AsJson = False) -> None:
    """List every issued report, the newest first."""
    from application import issuing

    with opened() as services, services.view() as view:
        found = [issuing.listed(view, issued) for issued in _all(view)]
    if json:
        console.say(console.as_json(found))
        return
    from api.cli.check_page import show_list

    show_list(console.to_answer(), found)


def show(
    number: Number, *, appendix: Appendix = None, format: InFormat = None, output: Output = None, json: AsJson = False
) -> None:
    """Give an issued report again, as it was issued, in any form.

    Ends with 3 if it cannot be made again as it was.
    """
    from application import access, issuing

    form = form_of(format, output, json=json)
    with opened() as services, services.view() as view:
        issued = issuing.issued_report(view, number, access.everything())
        wanted = issuing.Form(format=form, appendix=appendix)
        made = issuing.as_issued(view, issued, reader_of(services), services.press(), wanted)
        give(services, made, form, output, appendix_asked=appendix is True)


def check(
    number: Annotated[
        int | None, typer.Argument(metavar="[ID]", min=1, help="Which report. Without it: every issued report.")
    ] = None,
    *,
    log_size: LogSize = None,
    known_at: KnownAt = None,
    json: AsJson = False,
) -> None:
    """Tell whether issued reports can be made again, whether they would read differently today, and where.

    With ID: every figure and commitment that reads differently, and the entries recorded since that made it so.
    Ends with 3 if a report cannot be made again as it was issued.
    """
    from api.cli.opening import Times

    with opened() as services, services.view() as view:
        _, moment = Times(None, log_size, known_at).resolve(services, view)
        found = _check_all(services, view, moment) if number is None else [_check(services, view, number, moment)]
    if json:
        console.say(console.as_json(found if number is None else found[0]))
    else:
        from api.cli.check_page import show_check, show_checks

        show_checks(console.to_answer(), found) if number is None else show_check(console.to_answer(), found[0])
    lost = [each for each in found if not each["reproducible"]]
    if lost:
        lines = [f"report {each['id']}: {fault_line(each['fault'])}" for each in lost]
        count = "1 report cannot" if len(lost) == 1 else f"{len(lost)} reports cannot"
        raise Ended(VERIFICATION_FAILED, f"{count} be made again as issued", *lines)


def fault_line(fault: dict[str, Any]) -> str:
    """Say what of an issued report is not what it was."""
    if not fault["at"]:
        return str(fault["what"])
    kept, now = (console.as_json(fault[name])[:200] for name in ("kept", "now"))
    return f"{fault['what']}; first at {fault['at']}: kept {kept}, now {now}"


def _check(services: "Services", view: "View", number: int, moment: Any) -> dict[str, Any]:
    from application import access, checking, issuing

    issued = issuing.issued_report(view, number, access.everything())
    return checking.check_answer(view, checking.checked(view, issued, moment, reader_of(services), services.press()))


def _check_all(services: "Services", view: "View", moment: Any) -> list[dict[str, Any]]:
    from application import checking

    issued = [each for each in _all(view) if each.number <= moment.log_size]
    found = []
    with console.progress("Checking") as come:
        for done, each in enumerate(issued, 1):
            outcome = checking.checked(view, each, moment, reader_of(services), services.press())
            found.append(checking.summary(view, outcome))
            come(done, len(issued))
    return found


def _all(view: "View") -> list[Any]:
    from application import access, issuing

    found: list[Any] = []
    while True:
        before = found[-1].number if found else None
        page = issuing.issued_reports(view, view.head, access.everything(), before=before, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found
