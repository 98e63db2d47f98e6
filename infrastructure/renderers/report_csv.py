"""A report as CSV (RFC 4180): UTF-8, CRLF, a header row, then one row per commitment.

Nothing stands before the header and nothing after the rows; what is said of a whole report is a column of every row.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
COLUMNS: Final = (
    "reference", "programme", "title", "summary", "kind", "tier", "modality", "visibility",
    "status", "stage", "slipped", "suspended", "outcome", "implied_start", "announced_on", "achieved_on", "slip_count",
    "timeliness", "days_overdue", "days_late.current", "days_late.original",
    "undeclared_slip", "stale", "off_cadence", "divergence", "last_activity_on",
    "target.start_by", "target.due", "target.forecast", "original_target.start_by", "original_target.due",
    "targets.effective_on", "targets.start_by", "targets.due",
    "occurrences.held", "occurrences.missed", "occurrences.last_held_on",
    "assessment.rating", "assessment.independence", "assessment.reviewer", "assessment.reviewed_on", "reviews",
    "timeframe.wording", "timeframe.start_by", "timeframe.due", "timeframe.alternative_due", "timeframe.recurrence",
    "timeframe.anchor",
    "partners", "lead", "instruments", "themes", "relations.type", "relations.reference",
    "related.type", "related.reference",
    "source.document", "source.location", "source.line", "source.sentence", "source.sha256",
    "version", "as_of", "log_size", "known_at",
)  # fmt: skip
"""Where each column stands in the answer about a commitment; of a list, each item's member, joined with `;`, those that
hold one in quotes."""

_WAYS: Final = {column: tuple(column.split(".")) for column in COLUMNS}
_SPECIAL: Final = re.compile('[;"\r\n]')

FOUR_EYES_OFF: Final = "four_eyes_off"
"""A last column, only if there were such stretches: `5..9;12..` for entries 5 to 9 and from 12 on. No spreadsheet takes
that for a number or a day, and a report about nothing says it by its header."""
_ROWS_AT_ONCE: Final = 200
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def report_csv(report: Mapping[str, Any]) -> Iterator[bytes]:
    """Give the commitments of a report, chunk by chunk."""
    off = ";".join(f"{each['from']}..{each['to'] or ''}" for each in report.get(FOUR_EYES_OFF, ()))
    header, beside = ((*COLUMNS, FOUR_EYES_OFF), (off,)) if off else (COLUMNS, ())
    rows: Iterator[Iterable[str]] = chain([header], (_row(each, beside) for each in report["commitments"]))
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(batch)
        yield text.getvalue().encode()


def _row(commitment: Mapping[str, Any], beside: tuple[str, ...]) -> list[str]:
    return [*(cell(found(commitment, column)) for column in COLUMNS), *beside]


def found(commitment: Mapping[str, Any], column: str) -> object:
    """Give what stands in a column: a value, or a list of them."""
    return _found(commitment, _WAYS[column])


def _found(value: Any, way: tuple[str, ...]) -> object:
    if isinstance(value, list):
        return [_found(item, way) for item in value]
    return _found(value[way[0]], way[1:]) if way and value is not None else value


def cell(value: object) -> str:
    """Write a value so that no spreadsheet takes a text for a formula; null is the empty cell."""
    if value is None or isinstance(value, bool | int):
        return _written(value)
    text = joined(value) if isinstance(value, list) else _written(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def joined(values: Iterable[object]) -> str:
    """Write a list as one line of CSV whose separator is `;`, so that any CSV reader takes it apart again."""
    return ";".join(map(_item, map(_written, values)))


def _item(text: str) -> str:
    if not _SPECIAL.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _written(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
