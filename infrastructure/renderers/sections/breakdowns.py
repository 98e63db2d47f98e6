"""The same figures by partner and by theme."""

from infrastructure.renderers.charts.matrix import MOST_ROWS, MatrixRow, matrix
from infrastructure.renderers.document import Chart, Column, Paragraph, Section, Table
from infrastructure.renderers.sections.naming import Answer
from infrastructure.renderers.words import counted, day, label, listed


def by_partner(report: Answer) -> Section:
    """Show partners against statuses; partners without a commitment stand at the end of the table."""
    partners = sorted(report["by_partner"], key=lambda each: (-each["commitments"], each["name"], each["code"]))
    if not partners:
        return Section("by-partner", "By partner", (Paragraph("No partner is registered."),))
    statuses = _statuses(report)
    several = len({each["programme"] for each in partners}) > 1
    columns = (
        Column("Partner", "text", 24), Column("Code", "code", 10), *_programme(several=several),
        Column("Role", "text", 9), Column("All", "number", 6),
        *(Column(label(status), "number", 7) for status in statuses), Column("Overdue", "number", 7),
        Column("Last activity", "date", 11),
    )  # fmt: skip
    rows = tuple(
        (
            each["name"],
            each["code"],
            *((each["programme"],) if several else ()),
            label(each["role"]),
            each["commitments"],
            *(each["by_status"][status] for status in statuses),
            _overdue(each),
            day(each["last_activity_on"]),
        )
        for each in partners
    )
    note = "A commitment counts for each of its partners, so the rows add up to more than there are commitments."
    table = Table("by-partner-table", "Partners, by the status of their commitments", columns, rows, note)
    taking_part = [each for each in partners if each["commitments"]]
    if not taking_part:
        return Section("by-partner", "By partner", (table,))
    title = "Partners against statuses"
    words = "Commitments by partner. " + " ".join(_in_words(each) for each in taking_part[:MOST_ROWS])
    if len(taking_part) > MOST_ROWS:
        title = f"The {MOST_ROWS} partners with most commitments, against statuses"
    grid = [MatrixRow(each["name"], each["by_status"]) for each in taking_part]
    svg = matrix("partners", title, words, grid, [(status, label(status)) for status in statuses])
    return Section("by-partner", "By partner", (Chart("partners", title, words, svg, table),))


def by_theme(report: Answer) -> Section:
    """Show themes against statuses."""
    themes = sorted(report["by_theme"], key=lambda each: (-each["commitments"], each["theme"]))
    if not themes:
        return Section("by-theme", "By theme", (Paragraph("No commitment has a theme."),))
    statuses = _statuses(report)
    columns = (
        Column("Theme", "text", 20), Column("All", "number", 6),
        *(Column(label(status), "number", 7) for status in statuses), Column("Overdue", "number", 7),
    )  # fmt: skip
    rows = tuple(
        (
            each["theme"].replace("-", " "),
            each["commitments"],
            *(each["by_status"][status] for status in statuses),
            _overdue(each),
        )
        for each in themes
    )
    note = "A commitment counts for each of its themes."
    table = Table("by-theme-table", "Themes, by the status of their commitments", columns, rows, note)
    return Section("by-theme", "By theme", (table,))


def _statuses(report: Answer) -> list[str]:
    """Give the statuses that any commitment has; columns full of noughts help nobody."""
    return [status for status, count in report["totals"]["by_status"].items() if count]


def _programme(*, several: bool) -> tuple[Column, ...]:
    return (Column("Programme", "code", 12),) if several else ()


def _overdue(each: Answer) -> int:
    counts: int = each["by_timeliness"]["overdue"] + each["by_timeliness"]["start_overdue"]
    return counts


def _in_words(each: Answer) -> str:
    there = [f"{count:,} {label(status).lower()}" for status, count in each["by_status"].items() if count]
    return f"{each['name']}: {counted(each['commitments'], 'commitment')}, {listed(there)}."


def programmes(report: Answer) -> Section:
    """Tell which programmes the report covers."""
    columns = (
        Column("Programme", "text", 24), Column("Code", "code", 12), Column("Publisher", "text", 14),
        Column("Adopted", "text", 9), Column("Commitments", "number", 8),
    )  # fmt: skip
    rows = tuple(
        (each["title"], each["code"], each["publisher"], each["adopted_on"], each["commitments"])
        for each in report["programmes"]
    )
    return Section("programmes", "Programmes covered", (Table("programmes-table", "Programmes", columns, rows),))
