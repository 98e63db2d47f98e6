"""What was achieved, what is late, what was moved, and what comes next."""

from collections.abc import Sequence
from datetime import date

from infrastructure.renderers.charts.deadline_chain import MOST_LINES, Chain, deadline_chain
from infrastructure.renderers.document import Block, Chart, Column, Lines, Paragraph, Section, Table
from infrastructure.renderers.sections.naming import REFERENCE, STATUS, TIER, TITLE, Answer, Places
from infrastructure.renderers.words import counted, day, day_in_words, evidence_cell, mark, verb

_DECLARED = "declared"


def achieved(report: Answer, places: Places) -> Section:
    """Tell what was achieved, how late, on what evidence, and what a review said of it."""
    items = report["lists"]["achieved"]
    if not items:
        return _empty("achieved", "What was achieved", "Nothing was achieved by the day of this report.")
    columns = (
        REFERENCE, TITLE, Column("Achieved on", "date", 11), Column("Timeliness", "mark", 13),
        Column("Days late", "number", 7), Column("Days late (first target)", "number", 8),
        Column("Evidence", "text", 30), Column("Review", "mark", 13),
    )  # fmt: skip
    rows = tuple(
        (
            *places.named(item),
            day(item["achieved_on"]),
            mark(item["timeliness"]),
            item["days_late"]["current"],
            item["days_late"]["original"],
            Lines(tuple(evidence_cell(each) for each in item["evidence"])) if item["evidence"] else None,
            mark(item["rating"] or "not_reviewed"),
        )
        for item in items
    )
    note = "Evidence is graded from A, a primary official act, to E, an assertion; the best comes first."
    return Section(
        "achieved",
        "What was achieved",
        (Table("achieved-table", "Achieved commitments, with evidence and last review", columns, rows, note),),
    )


def overdue(report: Answer, places: Places) -> Section:
    """Tell what has passed its date, and for what of it nobody declared a slip."""
    items, undeclared = report["lists"]["overdue"], report["lists"]["undeclared_slips"]
    title = "Overdue, and slips nobody declared"
    if not items:
        return _empty("overdue", title, "Nothing that is open has passed its date.")
    columns = (
        REFERENCE, TITLE, TIER, STATUS, Column("Date missed", "date", 11), Column("Days overdue", "number", 9),
        Column("Slip", "mark", 16), Column("Forecast", "date", 11),
    )  # fmt: skip
    rows = tuple(
        (
            *places.named(item, "tier", "status"),
            day(item["missed_on"]),
            item["days_overdue"],
            mark("undeclared_slip") if item["undeclared_slip"] else _DECLARED,
            day(item["forecast"]),
        )
        for item in items
    )
    count, silent = len(items), len(undeclared)
    lead = (
        f"{counted(count, 'open commitment')} {verb(count, 'has', 'have')} passed {verb(count, 'its', 'their')} date; "
    )
    lead += (
        "a slip was declared for each."
        if not silent
        else "no slip was declared for " + (verb(count, "it.", "any of them."))
        if silent == count
        else f"no slip was declared for {silent:,} of them."
    )
    return Section(
        "overdue",
        title,
        (
            Paragraph(lead, "lead"),
            Table("overdue-table", "Open commitments past their date, the longest overdue first", columns, rows),
        ),
    )


def slipped(report: Answer, places: Places) -> Section:
    """Tell which commitments were ever declared late, with the chain of their targets."""
    items = report["lists"]["slipped"]
    if not items:
        return _empty("slipped", "Slipped", "No slip has been declared for any commitment.")
    as_of = date.fromisoformat(report["as_of"])
    columns = (
        REFERENCE, TITLE, STATUS, Column("Slips declared", "number", 7), Column("Targets, first to last", "date", 11),
        Column("Forecast", "date", 11), Column("Achieved on", "date", 11), Column("Days late", "number", 7),
        Column("Days late (first target)", "number", 8),
    )  # fmt: skip
    rows = tuple(
        (
            *places.named(item, "status"),
            item["slip_count"],
            Lines(tuple(_due(item))),
            day(item["forecast"]),
            day(item["achieved_on"]),
            item["days_late"]["current"],
            item["days_late"]["original"],
        )
        for item in items
    )
    table = Table("slipped-table", "Slipped, with every target there was", columns, rows)
    chains = [_chain(item) for item in items if _due(item)]
    if not chains:
        return Section("slipped", "Slipped", (table,))
    title = "From the first target to the achievement"
    words = " ".join(_in_words(chain) for chain in chains[:MOST_LINES])
    more = len(chains) - MOST_LINES
    if more > 0:
        words += f" {counted(more, 'more commitment')} {verb(more, 'stands', 'stand')} in the table only."
    svg = deadline_chain("chain", title, words, chains, as_of)
    return Section("slipped", "Slipped", (Chart("chain", title, words, svg, table),))


def due_soon(report: Answer, places: Places) -> Section:
    """Tell what falls due within 90 days."""
    items = report["lists"]["due_soon"]
    until = "within the 90 days after the day of this report"
    if not items:
        return _empty("due-soon", "Due soon", f"Nothing falls due {until}.")
    columns = (
        REFERENCE, TITLE, TIER, STATUS, Column("Due on", "date", 11), Column("Days left", "number", 8),
    )  # fmt: skip
    rows = tuple((*places.named(item, "tier", "status"), day(item["due_on"]), item["days_left"]) for item in items)
    return Section("due-soon", "Due soon", (Table("due-soon-table", f"Due {until}", columns, rows),))


def _due(item: Answer) -> list[date]:
    """Give the due dates of the chain (a start, where there is no due date), without repetitions."""
    found: list[date] = []
    for target in item["targets"]:
        due = day(target["due"] or target["start_by"])
        if due is not None and (not found or found[-1] != due):
            found.append(due)
    return found


def _chain(item: Answer) -> Chain:
    done = day(item["achieved_on"])
    return Chain(item["reference"], item["title"], tuple(_due(item)), day(item["forecast"]), done)


def _in_words(chain: Chain) -> str:
    targets = ", then ".join(day_in_words(due.isoformat()) for due in chain.due)
    if chain.achieved_on is not None:
        return f"{chain.reference}: due {targets}; achieved {day_in_words(chain.achieved_on.isoformat())}."
    if chain.forecast is not None:
        return f"{chain.reference}: due {targets}; forecast {day_in_words(chain.forecast.isoformat())}."
    return f"{chain.reference}: due {targets}; not achieved."


def _empty(section: str, title: str, said: str) -> Section:
    blocks: Sequence[Block] = (Paragraph(said),)
    return Section(section, title, tuple(blocks))
