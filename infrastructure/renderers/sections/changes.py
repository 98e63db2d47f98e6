"""What changed since an earlier date, and which entries were corrected."""

from collections.abc import Iterator
from typing import Any

from infrastructure.renderers.document import Cell, Column, Lines, Paragraph, Plain, Said, Section, Table
from infrastructure.renderers.sections.naming import REFERENCE, TITLE, Answer, Places
from infrastructure.renderers.words import (
    counted,
    day,
    day_in_words,
    erased,
    instant_in_words,
    label,
    listed,
    mark,
    said,
    verb,
)

_ERASED = "[erased]"
_KIND = Column("What", "mark", 13)
_DAY = Column("On", "date", 11)


def changes(report: Answer, places: Places) -> Section | None:
    """Tell what changed since the date to compare with; None if none was asked for."""
    found = report["changes"]
    if found is None:
        return None
    since, until = day_in_words(found["from"]), day_in_words(found["to"])
    title = f"What changed since {since}"
    happened = [(kind, found["counts"][kind]) for kind in found["events"] if found["counts"][kind]]
    moved = found["counts"]["moved"]
    lead = Paragraph(
        f"After {since} and up to {until}, {counted(moved, 'commitment')} came to stand otherwise than before. "
        + (
            f"Recorded: {listed([f'{count:,} × {label(kind).lower()}' for kind, count in happened])}."
            if happened
            else ""
        ),
        "lead",
    )
    milestones = [kind for kind, _ in happened if kind not in ("progressed", "occurrence_held")]
    activity = [kind for kind, _ in happened if kind in ("progressed", "occurrence_held")]
    tables = [
        _moved(found["moved"], places),
        _events("changes-events", "Milestones", found, milestones, places),
        _events("changes-activity", "Progress and occurrences", found, activity, places),
    ]
    return Section("changes", title, (lead, *(table for table in tables if table.rows)))


def _moved(items: list[Answer], places: Places) -> Table:
    columns = (
        REFERENCE, TITLE, Column("Status before", "mark", 13), Column("Status after", "mark", 13),
        Column("Timeliness before", "mark", 13), Column("Timeliness after", "mark", 13),
    )  # fmt: skip
    rows = tuple(
        (
            *places.named(item),
            *(mark(item[when][name]) for name in ("status", "timeliness") for when in ("before", "after")),
        )
        for item in items
    )
    return Table("changes-moved", "Commitments that stand otherwise than before", columns, rows)


def _events(table_id: str, caption: str, found: Answer, kinds: list[str], places: Places) -> Table:
    rows = tuple(
        (
            *places.named(event),
            Lines((mark(kind), "implied by what followed")) if event.get("implied") else mark(kind),
            day(event["effective_on"]),
        )
        for kind in kinds
        for event in found["events"][kind]
    )
    return Table(table_id, caption, (REFERENCE, TITLE, _KIND, _DAY), rows)


def corrections(report: Answer, places: Places) -> Section:
    """List every correction known: what was read before, what is read now, who said so, when and why."""
    items = report["corrections"]
    title = "Corrections"
    if not items:
        return Section("corrections", title, (Paragraph("No entry was ever corrected."),))
    columns = (
        Column("Concerns", "code", 10), Column("Entry", "text", 9), Column("Was read as", "text", 18),
        Column("Reads now", "text", 18), Column("Why", "text", 18), Column("Recorded", "text", 12),
        Column("By", "code", 9),
    )  # fmt: skip
    rows = tuple(_corrected(item, entry, places) for item in items for entry in item["entries"])
    undone = sum(not item["counts"] for item in items)
    lead = f"{counted(len(items), 'correction')} {verb(len(items), 'was', 'were')} recorded"
    lead += f", {undone:,} of them undone since." if undone else "."
    note = "A correction never removes anything: what was recorded first stays in the ledger."
    table = Table("corrections-table", "Corrections, in the order of recording", columns, rows, note)
    return Section("corrections", title, (Paragraph(lead, "lead"), table))


def _corrected(item: Answer, entry: Answer, places: Places) -> tuple[Cell, ...]:
    state = mark(item["kind"]) if item["counts"] else Lines((mark(item["kind"]), "undone since"))
    now: Cell = state if entry["after"] is None else _members(entry["after"])
    if entry["after"] is not None and not item["counts"]:
        now = Lines((*_lines(entry["after"]), "undone since"))
    return (
        places.of(item["reference"]),
        f"{entry['entry']}, {label(entry['kind']).lower()}",
        _members(entry["before"]),
        now,
        said(item["reason"]),
        instant_in_words(item["recorded_at"]),
        item["recorded_by"],
    )


def _members(members: Answer) -> Cell:
    lines = _lines(members)
    return Lines(lines) if lines else None


def _lines(members: Answer) -> tuple[Plain, ...]:
    return tuple(line for name, value in members.items() for line in _member(name, value))


def _member(name: str, value: Any) -> Iterator[Plain]:
    """Give a member of an entry as lines: what it is called, and what it says; members of members likewise."""
    called = name.replace("_", " ")
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from _member(inner, each)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for each in value:
            shown = "; ".join(str(part) for part in each.values() if part not in (None, [], _ERASED))
            yield Said(f"{called}: {shown}") if shown else erased()
    elif isinstance(value, list):
        yield Said(f"{called}: {', '.join(map(str, value)) or 'none'}")
    elif value == _ERASED:
        yield erased()
    else:
        yield Said(f"{called}: {'none' if value is None else value}")
