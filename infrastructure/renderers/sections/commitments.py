"""All commitments, one row each."""

from infrastructure.renderers.document import Cell, Column, Lines, Mark, Paragraph, Plain, Section, Table
from infrastructure.renderers.sections.naming import REFERENCE, STATUS, TIER, TITLE, Answer, Places, anchor
from infrastructure.renderers.words import day, mark, said

_FLAGS = ("undeclared_slip", "stale", "off_cadence", "divergence")


def commitments(report: Answer, places: Places, *, anchored: bool) -> Section:
    """List all commitments; *anchored* rows are where references lead, for want of an appendix."""
    items = report["commitments"]
    title = "All commitments"
    if not items:
        return Section("commitments", title, (Paragraph("There is none that matches what was asked for."),))
    columns = (
        REFERENCE, TITLE, TIER, Column("Promised", "text", 11), Column("Due", "date", 11), STATUS,
        Column("Timeliness", "mark", 13), Column("Achieved on", "date", 11), Column("Last activity", "date", 11),
        Column("Review", "mark", 13), Column("Flags", "mark", 16), Column("Partners", "text", 16),
    )  # fmt: skip
    anchors = tuple(anchor(item["reference"]) for item in items) if anchored else ()
    rows = tuple(_row(item, places, anchored=anchored) for item in items)
    table = Table("commitments-table", "All commitments covered by this report", columns, rows, None, anchors)
    return Section("commitments", title, (table,))


def _row(item: Answer, places: Places, *, anchored: bool) -> tuple[Cell, ...]:
    reference, title, tier, status = places.named(item, "tier", "status")
    review = item["assessment"]
    return (
        item["reference"] if anchored else reference,
        title,
        tier,
        said(item["timeframe"]["wording"]),
        _due(item),
        status,
        mark(item["timeliness"]),
        day(item["achieved_on"]),
        day(item["last_activity_on"]),
        None if review is None else mark(review["rating"]),
        _flags(item),
        ", ".join(item["partners"]) or None,
    )


def _due(item: Answer) -> Cell:
    """Give the due date in force, and the first one if that was another."""
    now, first = item["target"]["due"], item["original_target"]["due"]
    if now == first or first is None:
        return day(now)
    return Lines((day(now), f"first {first}"))


def _flags(item: Answer) -> Cell:
    flags: tuple[Plain, ...] = tuple(flag for name in _FLAGS if item[name] and isinstance(flag := mark(name), Mark))
    return Lines(flags) if flags else None
