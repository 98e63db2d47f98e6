"""Issue a report: made from a snapshot, then recorded together with what it said; and give it back as it was.

A report takes long to make, and the ledger is locked while something is recorded. What a report says for (V, N) never
changes, so it is made first, for the N of the snapshot; entries that come in between make no difference.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any, Final

from application.access import Right, Sight
from application.errors import BadQuestion, Irreproducible, Unknown
from application.noting import note
from application.ports import Command, Unit, View
from application.recording import REPLAYED, Request, body_of, once
from application.reporting import Press, Reader, StatusQuery, status_report
from domain.answers import Answer, Moment
from domain.chronology import LAST_DAY, parse_instant
from domain.differences import Difference, first_difference
from domain.fields import checked
from domain.issued import Issued, KeptReport, issued_answer
from domain.report import RULES, Scope, facts_of
from domain.report_shapes import REPORT_PARAMETERS

KIND: Final = "report_issued"


def asked_in(body: Any) -> StatusQuery:
    """Read what a report is asked for from a body: the parameters of a status report, none of them required."""
    said = body_of(body)
    checked(REPORT_PARAMETERS, said)
    as_of, known_at = said.get("as_of"), said.get("known_at")
    return StatusQuery(
        scope=Scope.read(said),
        as_of=None if as_of is None else date.fromisoformat(as_of),
        log_size=said.get("log_size"),
        known_at=None if known_at is None else parse_instant(known_at),
    )


def issue(view: View, request: Request, reader: Reader, press: Press) -> Command:
    """Make the report that the body asks for; the command that is given then records and keeps it."""
    caller = request.caller
    caller.require_role(Right.ISSUE)
    before = None if request.once is None else view.answer_to(request.once)
    if before is not None:
        return lambda _unit: {**before, REPLAYED: True}
    query = asked_in(request.body)
    for code in query.scope.filters.programme or (None,):
        caller.require(Right.ISSUE, within=code)
    reader = replace(reader, may_read_internal=caller.sight().covers(query.scope.filters.programme))
    _refuse_internal_programmes(view, query.scope)
    made = status_report(view, query, reader, press)
    kept, moment = KeptReport.of(made, press.canonical), view.moment(made["log_size"])
    facts = {**kept.parameters, "digest": kept.digest, "software": press.version}

    def recorded(unit: Unit) -> Answer:
        entry = note(unit, caller, KIND, facts, closed=query.scope.visibility_all)
        unit.keep_report(entry.position, kept)
        return issued_answer(entry, moment)

    return lambda unit: once(unit, request, lambda: recorded(unit))


def _refuse_internal_programmes(view: View, scope: Scope) -> None:
    """Everybody can read the filters of a public report, so these may not name what is internal."""
    if scope.visibility_all:
        return
    internal = {state.code for state, _, hidden in view.programmes(LAST_DAY, view.head.log_size) if hidden}
    for code in scope.filters.programme:
        if code in internal:
            raise BadQuestion("programme", f"{code} is internal, a public report would name it", "visibility=all")


def issued_reports(view: View, moment: Moment, sight: Sight, *, before: int | None, limit: int) -> list[Issued]:
    """Give the reports issued up to a moment that may be seen, the newest first, from below the number *before*."""
    below = moment.log_size + 1 if before is None else min(before, moment.log_size + 1)
    found: list[Issued] = []
    more = True
    while more and len(found) < limit:
        page = [Issued.read(each) for each in view.issued(before=below, limit=limit, internal=not sight.is_public)]
        found += (each for each in page if _is_seen(each, sight))
        more = len(page) == limit
        below = page[-1].number if page else below
    return found[:limit]


def issued_report(view: View, number: int, sight: Sight) -> Issued:
    """Give one issued report; Unknown if there is none, or none that may be seen."""
    for recorded in view.issued(before=number + 1, limit=1, internal=not sight.is_public):
        issued = Issued.read(recorded)
        if issued.number == number and _is_seen(issued, sight):
            return issued
    raise Unknown("issued report", str(number))


def _is_seen(issued: Issued, sight: Sight) -> bool:
    """Whether all that a report tells of may be seen: of what is internal that of the programmes it was asked for."""
    return not issued.internal or sight.covers(issued.scope.filters.programme)


def listed(view: View, issued: Issued) -> Answer:
    """Give an issued report as lists show it."""
    return issued_answer(issued.entry, view.moment(issued.log_size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """In which format an issued report is wanted, and whether with an appendix; neither changes what it says."""

    format: str = "json"
    appendix: bool | None = None


def made_again(
    view: View, issued: Issued, reader: Reader, press: Press, *, form: Form = Form(), log_size: int | None = None
) -> Answer:
    """Make the report anew from what it was made from, or with another N; whether it is the same is not looked at.

    Who was given *issued* may see what it counts, internal commitments included.
    """
    if issued.rules != RULES:
        what = f"it was made by rules {issued.rules}, which this version cannot apply"
        raise Irreproducible(issued.number, "rules", issued.rules, RULES, what)
    known = issued.log_size if log_size is None else log_size
    query = StatusQuery(
        scope=issued.scope, appendix=form.appendix, format=form.format, as_of=issued.as_of, log_size=known
    )
    # It was within the bound when it was issued, and is given whatever the bound is today.
    reader = replace(reader, may_read_internal=issued.internal, most_commitments=None)
    return status_report(view, query, reader, press)


def as_issued(view: View, issued: Issued, reader: Reader, press: Press, form: Form = Form()) -> Answer:
    """Give the report itself, made anew and held against the digests in the log and in what is kept.

    Irreproducible if it is not the one that was issued: never a report that differs without a word.
    """
    report, kept = made_again(view, issued, reader, press, form=form), view.kept_report(issued.number)
    # The kept facts are not looked at here: the report is the one whose digest stands in the log.
    fits = kept is not None and (kept.parameters, kept.digest) == (issued.parameters, issued.digest)
    fault = None if fits and report["digest"] == issued.digest else fault_of(issued, kept, report)
    if fault is not None:
        raise fault
    return report


def fault_of(issued: Issued, kept: KeptReport | None, report: Answer) -> Irreproducible | None:
    """Tell what of an issued report does not fit together: its entry in the log, what is kept, the *report* made anew.

    None if all of it does.
    """
    if kept is None:
        return Irreproducible(issued.number, "", issued.digest, None, "nothing is kept of it")
    moved = first_difference(dict(kept.parameters), issued.parameters)
    if moved is not None:
        return _fault(issued, moved, "what is kept names other parameters than its entry in the log")
    if kept.digest != issued.digest:
        moved = Difference(("digest",), kept.digest, issued.digest)
        return _fault(issued, moved, "what is kept names another digest than its entry in the log")
    facts = kept.facts()
    sound = facts is not None and sha256(facts).hexdigest() == issued.digest
    if sound and report["digest"] == issued.digest:
        return None
    moved = first_difference(_read(facts), facts_of(report))
    if sound:
        return _fault(issued, moved, "made again, it does not say the same")
    return _fault(issued, moved, "the kept facts are not those that the digest was made of")


def _fault(issued: Issued, moved: Difference | None, what: str) -> Irreproducible:
    place, kept, now = ("", None, None) if moved is None else (moved.path, moved.before, moved.after)
    return Irreproducible(issued.number, place, kept, now, what)


def _read(facts: bytes | None) -> Any:
    try:
        return None if facts is None else json.loads(facts)
    except ValueError:
        return None
