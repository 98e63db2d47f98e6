"""About the report: what was asked for, as known when, by which rules, how to make it again, what its words mean."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from application.reporting import APPENDIX_BY_DEFAULT
from infrastructure.renderers.document import Cell, Column, Facts, Lines, Paragraph, Section, Table
from infrastructure.renderers.sections.definitions import DEFINITIONS
from infrastructure.renderers.sections.naming import Answer
from infrastructure.renderers.words import LABELS, counted, day, label, listed, mark, said

_FILTERS: Final = {
    "programme": "programme",
    "status": "status",
    "timeliness": "timeliness",
    "tier": "tier",
    "kind": "kind",
    "partner": "partner",
    "theme": "theme",
    "q": "text in title or summary",
    "stale": "stale",
    "undeclared_slip": "undeclared slip",
    "divergence": "status and review at odds",
}


def about(report: Answer) -> Section:
    """Make the section."""
    columns = (Column("Word", "mark", 6), Column("Meaning", "text", 24))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (mark(word) if word in LABELS else word, meaning) for word, meaning in DEFINITIONS
    )
    words = Section("definitions", "What the words mean", (Table("definitions-table", "Words", columns, rows),))
    again = Section("again", "How to make this report again", (Paragraph(_AGAIN), Facts(tuple(_again(report)))))
    return Section("about", "About this report", (Paragraph(_ABOUT), imprint(report)), (again, words))


_ABOUT: Final = (
    "This report is computed from entries of the ledger that are never changed or removed. What is asked for, the day "
    "it is about, and how much is known determine every figure in it: whoever asks the same gets the same, at any time."
)
_AGAIN: Final = (
    "With the same filters, day and log size the digest is the same for ever, and so are the bytes of every format as "
    "long as the software version is the same and no text shown was erased."
)


def imprint(report: Answer) -> Facts:
    """Give what identifies the report."""
    log = report["log"]
    known_at = report["known_at"]
    return Facts(
        (
            ("As of", day(report["as_of"])),
            ("Known", counted(report["log_size"], "entry", "entries") + " of the ledger (log size)"),
            ("Last of them recorded", said(known_at) if known_at else None),
            ("Asked for", asked_for(report)),
            ("Not asked for", said(_not_asked_for(report))),
            ("Visibility", label(report["filters"]["visibility"])),
            ("Compared with", day(report["filters"]["compare_to"])),
            *without_four_eyes(report),
            ("Rules", f"number {report['rules']}"),
            ("Log origin", said(log["origin"])),
            ("Log root at that size", said(log["root"])),
            ("Software", f"implementation-ledger {report['version']}"),
            ("Digest (SHA-256)", said(report["digest"])),
        )
    )


def without_four_eyes(report: Answer) -> Sequence[tuple[str, Cell]]:
    """Tell where in the ledger nobody else had to look; nothing, if four-eyes was on all the time."""
    stretches = [
        f"off from entry {each['from']} on" if each["to"] is None else f"off for entries {each['from']} to {each['to']}"
        for each in report.get("four_eyes_off", ())
    ]
    if not stretches:
        return ()
    return (("Four-eyes", f"{listed(stretches)}: who recorded an entry there may have corrected it"),)


def asked_for(report: Answer) -> Cell:
    """Give the filters that narrow the report."""
    given = [f"{_FILTERS[name]}: {_values(value)}" for name, value in _given(report)]
    return Lines(tuple(filter(None, map(said, given)))) if given else "all commitments"


def _not_asked_for(report: Answer) -> str:
    given = {name for name, _ in _given(report)}
    names = [words for name, words in _FILTERS.items() if name not in given]
    return f"{listed(names)}: any" if names else "none"


def _given(report: Answer) -> Iterator[tuple[str, Any]]:
    for name, value in report["filters"].items():
        if name in _FILTERS and value not in (None, []):
            yield name, value


def _values(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " or ".join(map(str, value))


def _again(report: Answer) -> Iterator[tuple[str, Cell]]:
    given = [("as_of", report["as_of"]), ("log_size", report["log_size"])]
    for name, value in _given(report):
        given += [(name, each) for each in value] if isinstance(value, list) else [(name, value)]
    if report["filters"]["visibility"] != "public":
        given.append(("visibility", report["filters"]["visibility"]))
    if report["filters"]["compare_to"]:
        given.append(("compare_to", report["filters"]["compare_to"]))
    if report["appendix"] is not None and len(report["commitments"]) > APPENDIX_BY_DEFAULT:
        given.append(("appendix", True))
    yield "On the command line", said(" ".join(["ledger report", *map(_option, given), "--format html"]))
    query = urlencode([(name, str(value).lower() if isinstance(value, bool) else value) for name, value in given])
    yield "Over HTTP", said(f"GET /v1/reports/status?{query}&format=html")


def _option(given: tuple[str, Any]) -> str:
    name, value = given
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    return f"--{option} {shlex.quote(str(value))}"
