"""Would an issued report read differently today? What it said is compared with what the same report says now.

Whether it can still be made as it was is one question; what was recorded since about its past is another.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from application.access import Sight
from application.errors import BadQuestion, Irreproducible
from application.issuing import fault_of, issued_reports, listed, made_again
from application.ports import View
from application.reporting import Press, Reader
from application.seeing import values, visible
from domain.answers import ERASED, Answer, Moment, RecordedEntry, day, instant
from domain.commitment import Commitment
from domain.correction_register import correction_answer, corrections_of
from domain.differences import Difference, differences
from domain.issued import Issued
from domain.ledger_stream import STREAM
from domain.programme import Programme
from domain.publication import KIND as PUBLISHED
from domain.publication import published_stream
from domain.replay import known
from domain.report import facts_of

_LISTS: Final = ("lists", "changes")
_MOST_AT_ONCE: Final = 20_000
"""Commitments that the reports checked for one page may be about, all in all; a page has one report at least."""


@dataclass(frozen=True, slots=True)
class Check:
    """What became of an issued report: *fault* if it cannot be made again, *changed* where it would read differently.

    *changed* is None if that cannot be told; *digest* is that of the report made with what is known at *moment*.
    """

    issued: Issued
    moment: Moment
    fault: Irreproducible | None
    digest: str | None
    changed: Sequence[Difference] | None


def checked(view: View, issued: Issued, moment: Moment, reader: Reader, press: Press) -> Check:
    """Make the report again, and make it with what is known at *moment*, and compare."""
    if moment.log_size < issued.log_size:
        accepted = f"{issued.log_size} to {view.head.log_size}"
        raise BadQuestion("log_size", f"the report knew {issued.log_size} entries already", accepted)
    try:
        report = made_again(view, issued, reader, press)
    except Irreproducible as fault:
        return Check(issued, moment, fault, None, None)
    fault_found = fault_of(issued, view.kept_report(issued.number), report)
    before = facts_of(report) if report["digest"] == issued.digest else None
    after = made_again(view, issued, reader, press, log_size=moment.log_size)
    changed = None if before is None else list(differences(before, facts_of(after)))
    return Check(issued, moment, fault_found, after["digest"], changed)


def page_of_checks(
    view: View, moment: Moment, sight: Sight, reader: Reader, press: Press, *, before: int | None, limit: int
) -> tuple[list[Answer], bool]:
    """Check issued reports, the newest first, as many as one answer may take; and tell whether there are more."""
    found = issued_reports(view, moment, sight, before=before, limit=limit + 1)
    items: list[Answer] = []
    looked_at = 0
    for issued in found[:limit]:
        looked_at += len(visible(view, issued.as_of, issued.log_size, issued.scope))
        if items and looked_at > _MOST_AT_ONCE:
            break
        items.append(summary(view, checked(view, issued, moment, reader, press)))
    return items, len(items) < len(found)


def summary(view: View, check: Check) -> Answer:
    """Give what a list of checks says of one report: whether it reads differently, and which commitments do."""
    figures, lists, rows = _parted(view, check)
    return _outcome(view, check) | {
        "counts": {"figures": len(figures), "lists": len(lists), "commitments": len(rows)},
        "references": [row["reference"] for row in rows],
    }


def check_answer(view: View, check: Check) -> Answer:
    """Give everything that reads differently, before and after, and the entries recorded since that made it so."""
    figures, lists, rows = _parted(view, check)
    corrections, entries = _causes(view, check) if check.changed else ([], [])
    shown = {"figures": figures, "lists": lists, "commitments": rows, "corrections": corrections, "entries": entries}
    return _outcome(view, check) | {"counts": {name: len(found) for name, found in shown.items()}} | shown


def _outcome(view: View, check: Check) -> Answer:
    fault, moment = check.fault, check.moment
    said = None if fault is None else {"what": fault.what, "at": fault.place, "kept": fault.kept, "now": fault.now}
    return listed(view, check.issued) | {
        "reproducible": fault is None,
        "fault": said,
        "now": {"log_size": moment.log_size, "known_at": instant(moment.recorded_at), "digest": check.digest},
        "reads_differently": None if check.changed is None else bool(check.changed),
    }


def _parted(view: View, check: Check) -> tuple[list[Answer], list[Answer], list[Answer]]:
    """Part what differs into figures, lists and commitments; the last with the members that differ."""
    changed = check.changed or ()
    rows = [each for each in changed if each.at[0] == "commitments"]
    lists = [_place(each) for each in changed if each.at[0] in _LISTS]
    figures = [_place(each) for each in changed if each.at[0] not in ("commitments", *_LISTS)]
    titles = _titles(view, check) if rows else {}
    grouped = groupby(rows, lambda each: each.at[1])
    return figures, lists, [_row(reference, titles[reference], list(group)) for reference, group in grouped]


def _titles(view: View, check: Check) -> dict[str, str]:
    sizes = (check.issued.log_size, check.moment.log_size)
    return {
        each.reference: each.state.details["title"]
        for size in sizes
        for each in view.commitments(check.issued.as_of, size)
    }


def _place(each: Difference) -> Answer:
    return {"at": each.path, "before": each.before, "after": each.after}


def _row(reference: str, title: str, group: list[Difference]) -> Answer:
    """Give what reads differently of one commitment; before or after is null if the report does not have it."""
    before: Any = {"/".join(each.at[2:]): each.before for each in group}
    after: Any = {"/".join(each.at[2:]): each.after for each in group}
    if "" in before:
        before, after = before[""], after[""]
    return {"reference": reference, "title": title, "before": before, "after": after}


# --- what made it so ----------------------------------------------------------------------------------------------


def _causes(view: View, check: Check) -> tuple[list[Answer], list[Answer]]:
    """Give the corrections and the other entries recorded after N that bear on what differs, by position."""
    streams = _concerned(view, check)
    corrections, entries = _since(view, check, streams)
    entries = sorted([*_published(view, check, streams), *entries], key=lambda entry: entry["position"])
    if not corrections and not entries:  # whatever it was, it was recorded since
        corrections, entries = _since(view, check, _touched_since(view, check))
    return corrections, entries


def _concerned(view: View, check: Check) -> dict[UUID, str]:
    """Give the streams of what is named where the report differs."""
    issued, named = check.issued, _named(check.changed or ())
    sizes = (issued.log_size, check.moment.log_size)
    scope = issued.scope
    references = {each.reference for size in sizes for each in visible(view, issued.as_of, size, scope)}
    if any(each.at[0] == "status_over_time" for each in check.changed or ()):
        named |= _moved_in_time(view, issued.as_of.isoformat(), *sizes)
    streams = {Commitment.id_of(reference): reference for reference in references & named}
    old, new = (
        {
            state.code: state
            for state, _, internal in view.programmes(issued.as_of, size)
            if scope.shows(state.code, internal=internal)
        }
        for size in sizes
    )
    for code, state in new.items():
        if old.get(code) != state and named & {code, *state.partners}:
            streams[Programme.id_of(code)] = code
    return streams


def _named(changed: Iterable[Difference]) -> set[str]:
    return {name for each in changed for step in each.at for name in re.split("[: ]", step)}


def _moved_in_time(view: View, until: str, *sizes: int) -> set[str]:
    """Give the commitments whose statuses up to a day are not the same at two log sizes."""
    old, new = (
        {reference: [step for step in steps if step[0] <= until] for reference, steps in view.status_courses(size)}
        for size in sizes
    )
    return {reference for reference, steps in new.items() if old.get(reference) != steps}


def _touched_since(view: View, check: Check) -> dict[UUID, str]:
    scope, programmes = check.issued.scope, check.issued.scope.filters.programme
    return {
        each.stream: each.reference
        for each in view.recorded(after=check.issued.log_size, up_to=check.moment.log_size)
        if scope.shows(each.programme, internal=each.is_internal(check.moment.log_size))
        and each.programme is not None
        and (not programmes or each.programme in programmes)
    }


def _since(view: View, check: Check, streams: dict[UUID, str]) -> tuple[list[Answer], list[Answer]]:
    after, up_to = check.issued.log_size, check.moment.log_size
    corrections, late = [], []
    for stream, reference in streams.items():
        entries = view.entries(stream, up_to)
        corrections += [each for each in corrections_of(reference, entries, after) if each.counts]
        counting = known(entries).readings
        for recorded in view.recorded(stream=stream, after=after, up_to=up_to):
            reading = counting.get(recorded.entry.version)
            if reading is not None and reading.effective_on <= check.issued.as_of:
                late.append(_late(recorded, reading.effective_on))
    value_of = values(view, (at for correction in corrections for at in correction.texts()))
    corrections.sort(key=lambda correction: correction.entry.position)
    late.sort(key=lambda entry: entry["position"])
    return [correction_answer(each, value_of) for each in corrections], late


def _published(view: View, check: Check, streams: Mapping[UUID, str]) -> list[Answer]:
    """Give the entries recorded after N that published something of *streams*, with its programme or by itself."""
    after, up_to = check.issued.log_size, check.moment.log_size
    found = [each for each in view.entries(STREAM, up_to) if each.kind == PUBLISHED and each.position > after]
    if not found:
        return []
    there = view.commitments(check.issued.as_of, up_to)
    concerned = {*streams, *(Programme.id_of(each.programme) for each in there if each.reference in streams.values())}
    positions = {each.position for each in found if published_stream(each.facts) in concerned}
    recorded = view.recorded(stream=STREAM, after=after, up_to=up_to)
    return [_late(each, each.entry.effective_on) for each in recorded if each.entry.position in positions]


def _late(recorded: RecordedEntry, effective_on: date) -> Answer:
    entry, said = recorded.entry, recorded.prose.get("statement")
    return {
        "position": entry.position,
        "version": entry.version,
        "reference": recorded.reference,
        "kind": entry.kind,
        "occurred_on": entry.facts["occurred_on"],
        "effective_on": day(effective_on),
        "recorded_at": instant(entry.recorded_at),
        "recorded_by": entry.recorded_by,
        "role": entry.role,
        "statement": None if said is None else ERASED if said.salt is None else said.value,
    }
