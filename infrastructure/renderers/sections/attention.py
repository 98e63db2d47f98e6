"""What else deserves attention: recurring series, silence, contradictions, partners of whom nothing is heard."""

import re

from infrastructure.renderers.document import Column, Paragraph, Section, Table
from infrastructure.renderers.sections.naming import REFERENCE, STATUS, TIER, TITLE, Answer, Places
from infrastructure.renderers.words import counted, day, label, mark, verb

_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day"}


def recurring(report: Answer, places: Places) -> Section:
    """Tell how each series keeps its cadence."""
    items = report["lists"]["recurring"]
    if not items:
        return Section("recurring", "Recurring series", (Paragraph("No commitment recurs."),))
    behind = {item["reference"]: item["days_overdue"] for item in report["lists"]["off_cadence"]}
    columns = (
        REFERENCE, TITLE, STATUS, Column("Every", "text", 8), Column("First promised", "date", 11),
        Column("Held", "number", 6), Column("Missed", "number", 8), Column("Last held", "date", 11),
        Column("Next promised", "date", 11), Column("Days off", "number", 6),
    )  # fmt: skip
    rows = tuple(
        (
            *places.named(item, "status"),
            _every(item["recurrence"]),
            day(item["anchor"]),
            item["held"],
            item["missed"],
            day(item["last_held_on"]),
            day(item["next_on"]),
            behind.get(item["reference"]),
        )
        for item in items
    )
    count = len(behind)
    lead = f"{counted(len(items), 'commitment')} {verb(len(items), 'recurs', 'recur')}; "
    lead += f"{count:,} {verb(count, 'is', 'are')} off cadence." if count else "none with a fixed cadence is off it."
    note = "Days off: since the day by which the next occurrence was promised. Many series have no fixed cadence."
    table = Table("recurring-table", "Recurring commitments with their cadence", columns, rows, note)
    return Section("recurring", "Recurring series", (Paragraph(lead, "lead"), table))


def stale(report: Answer, places: Places) -> Section:
    """Tell what nobody recorded anything about for more than a year."""
    items = report["lists"]["stale"]
    if not items:
        some = "Something was recorded about every open commitment within the last year."
        said = some if report["totals"]["open"] else "No commitment is open."
        return Section("stale", "Stale", (Paragraph(said),))
    columns = (REFERENCE, TITLE, TIER, STATUS, Column("Last activity", "date", 11), Column("Days silent", "number", 7))
    rows = tuple(
        (*places.named(item, "tier", "status"), day(item["last_activity_on"]), item["days_silent"]) for item in items
    )
    note = "Where there was never any activity, the days count from the announcement."
    deliverables = report["headline"]["flagged"]["stale"]
    lead = (
        f"Of {counted(report['totals']['open'], 'open commitment')}, {len(items):,} showed no activity for more than "
        f"365 days; {deliverables:,} of them {verb(deliverables, 'is a deliverable', 'are deliverables')}."
    )
    table = Table("stale-table", "Open without activity for more than a year", columns, rows, note)
    return Section("stale", "Stale", (Paragraph(lead, "lead"), table))


def divergent(report: Answer, places: Places) -> Section:
    """Tell where the declared status and the last review contradict each other."""
    items = report["lists"]["divergent"]
    title = "Status and review at odds"
    if not items:
        return Section("divergent", title, (Paragraph("No review contradicts the declared status."),))
    columns = (
        REFERENCE, TITLE, STATUS, Column("Achieved on", "date", 11), Column("Review", "mark", 13),
        Column("Reviewed", "text", 12), Column("Reviewed on", "date", 11),
    )  # fmt: skip
    rows = tuple(
        (
            *places.named(item, "status"),
            day(item["achieved_on"]),
            mark(item["rating"]),
            label(item["independence"]),
            day(item["reviewed_on"]),
        )
        for item in items
    )
    note = "Declared as achieved but reviewed as less than full; or still open, though the review says full."
    return Section(
        "divergent",
        title,
        (Table("divergent-table", "Commitments whose review contradicts their status", columns, rows, note),),
    )


def silent_partners(report: Answer) -> Section:
    """Tell which registered partners took part in nothing that was recorded."""
    items = report["lists"]["silent_partners"]
    title = "Partners of whom nothing is recorded"
    if not items:
        said = Paragraph("Every registered partner took part in some recorded activity.")
        return Section("silent-partners", title, (said,))
    columns = (
        Column("Partner", "text", 20), Column("Code", "code", 10), Column("Type", "text", 8),
        Column("Commitments", "number", 8),
    )  # fmt: skip
    rows = tuple((item["name"], item["code"], label(item["type"]), item["commitments"]) for item in items)
    note = "Registered as partners, while none of their commitments shows any activity."
    return Section(
        "silent-partners",
        title,
        (Table("silent-partners-table", "Registered partners without any recorded activity", columns, rows, note),),
    )


def _every(recurrence: str | None) -> str | None:
    """Write `P2Y` as every 2 years."""
    if recurrence is None:
        return None
    parts = [(int(count), _UNITS[unit]) for count, unit in re.findall(r"(\d+)([YMWD])", recurrence)]
    if len(parts) == 1 and parts[0][0] == 1:
        return f"every {parts[0][1]}"
    return "every " + " and ".join(counted(count, unit) for count, unit in parts)
