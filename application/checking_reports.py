"""Issued reports held against their entries, and made again from entries alone: no read model is asked."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from application.entries_view import Asked, EntriesView, fold_all
from application.errors import Declined
from application.issuing import fault_of, made_again
from application.log_source import Findings, LogSource, Progress, Streams
from application.reporting import Press, Reader
from domain.entry_bytes import entry_of, plainly
from domain.errors import Refusal
from domain.issued import Issued, KeptReport
from domain.report import RULES, Scope

_MOST_AT_ONCE: Final = 16
_MOST_FOLDED: Final = 40_000
"""Commitments, each at one (V, N), that are in memory at a time."""

Kept = tuple[Issued, KeptReport | None]


def check_reports(
    source: LogSource,
    entries: Mapping[int, Mapping[str, Any]],
    streams: Streams,
    histories: int,
    findings: Findings,
    progress: Progress,
) -> int:
    """Make every issued report again that can be seen; *entries* are the open forms of theirs. Give how many."""
    at_once = max(1, min(_MOST_AT_ONCE, _MOST_FOLDED // (histories + 1)))
    pairs = _paired(source, entries, findings)
    count = done = 0
    progress("issued reports", 0, len(entries))
    while group := list(islice(pairs, at_once)):
        count += _check(group, streams, findings, sees_internal=source.shows_closed)
        done += len(group)
        progress("issued reports", done, len(entries))
    return count


def _paired(source: LogSource, entries: Mapping[int, Mapping[str, Any]], findings: Findings) -> Iterator[Kept]:
    """Bring what is kept together with what the log says was issued."""
    kept = source.kept_reports()
    following = next(kept, None)
    for position in sorted(entries):
        while following is not None and following[0] < position:
            findings.found(following[0], "a report is kept here, but the entry issues none")
            following = next(kept, None)
        own = following[1] if following is not None and following[0] == position else None
        if own is not None:
            following = next(kept, None)
        try:
            yield _issued(entries[position]), own
        except (KeyError, TypeError, ValueError) as broken:
            findings.found(position, f"what report was issued cannot be read: {type(broken).__name__} {broken}")
    while following is not None:
        findings.found(following[0], "a report is kept here, but the entry issues none")
        following = next(kept, None)


def _issued(read: Mapping[str, Any]) -> Issued:
    entry = entry_of(read)
    facts = entry.facts
    scope = Scope.read(facts["filters"])
    return Issued(entry, internal=scope.visibility_all, scope=scope, as_of=_day(facts["as_of"]))


def _day(text: str) -> Any:
    return datetime.fromisoformat(text).date()


def _check(group: Sequence[Kept], streams: Streams, findings: Findings, *, sees_internal: bool) -> int:
    asked = {each.number: Asked(each.as_of, each.log_size, each.scope.compare_to) for each, _ in group}
    folded = fold_all(streams, list(dict.fromkeys(asked.values())))
    count = 0
    for issued, kept in group:
        number = issued.number
        if issued.rules != RULES:
            findings.unseen.append(f"report {number}: it was made by rules {issued.rules}, these are {RULES}")
            continue
        if issued.scope.visibility_all and not sees_internal:
            findings.unseen.append(f"report {number}: it counts internal commitments, which are not here")
            continue
        count += 1
        view = EntriesView(streams, asked[number], folded[asked[number]])
        now = datetime.now(UTC)
        reader = Reader(may_read_internal=True, today=issued.as_of, now=now)
        try:
            report = made_again(view, issued, reader, Press(origin="", version="", canonical=plainly))
            fault = fault_of(issued, kept, report)
        except (Declined, Refusal, KeyError, TypeError, ValueError) as broken:
            findings.found(number, f"the issued report cannot be made again: {type(broken).__name__} {broken}")
            continue
        if fault is not None:
            place = f" (at {fault.place})" if fault.place else ""
            findings.found(number, f"the issued report is not what it was: {fault.what}{place}")
    return count
