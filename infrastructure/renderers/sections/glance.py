"""At a glance: what was promised, done and late, in a few sentences made from the figures, and the headline figures."""

from typing import Final

from infrastructure.renderers.charts.status_over_time import status_over_time
from infrastructure.renderers.charts.svg import STACKED
from infrastructure.renderers.document import Block, Chart, Column, Figure, Figures, Paragraph, Points, Section, Table
from infrastructure.renderers.sections.naming import Answer
from infrastructure.renderers.sections.sentences import sentences
from infrastructure.renderers.words import LABELS, counted, day, day_in_words, label, listed, share

_EXPLAINED: Final = (
    "Deliverables are the commitments that name a result of their own. Every word is explained under “What the words "
    "mean”."
)


def glance(report: Answer) -> Section:
    """Make the section that a reader in a hurry reads."""
    first, *others = sentences(report)
    blocks: list[Block] = [Paragraph(first, "lead")]
    if others:
        blocks.append(Points(tuple(others)))
    if report["totals"]["commitments"]:
        blocks += [_figures(report), Paragraph(_EXPLAINED, "note"), *_charts(report)]
    return Section("glance", "At a glance", tuple(blocks))


def counted_tier(report: Answer) -> tuple[Answer, str]:
    """Give the figures that headlines use, with what they count: deliverables, or all if there is none."""
    has = report["headline"]["commitments"] > 0
    return (report["headline"], "deliverable") if has else (report["totals"], "commitment")


def _figures(report: Answer) -> Figures:
    figures, noun = counted_tier(report)
    status, flags, shares = figures["by_status"], figures["flagged"], figures["share_permille"]
    in_time, late = figures["achieved"]["current"]["in_time"], figures["achieved"]["current"]["late"]
    overdue = figures["by_timeliness"]["overdue"] + figures["by_timeliness"]["start_overdue"]
    everything, still_open = f"of {counted(figures['commitments'], noun)}", f"of {figures['open']:,} open"
    reviewed = figures["commitments"] - figures["acceptance"]["by_rating"]["not_reviewed"]
    return Figures(
        (
            Figure("Achieved", status["achieved"], _with_share(everything, shares["achieved"])),
            Figure(
                "Achieved in time",
                in_time,
                _with_share(f"of {in_time + late:,} with a due date", shares["met_of_achieved_with_due_date"]),
            ),
            Figure("Overdue", overdue, _with_share(still_open, shares["overdue_of_open"])),
            Figure("Slips nobody declared", flags["undeclared_slip"], f"of {overdue:,} overdue"),
            Figure("Ever slipped", figures["slipped"]["ever"], everything),
            Figure("Silent for over a year", flags["stale"], still_open),
            Figure("Reviewed", reviewed, everything),
            Figure("Status and review at odds", flags["divergence"], f"of {reviewed:,} reviewed"),
        )
    )


_LEFT_OUT: Final = (
    "The last day of each month in which something changed, and the day of this report. Statuses that none had on any "
    "of these days are left out."
)


def _with_share(of: str, permille: int | None) -> str:
    return of if permille is None else f"{of} ({share(permille)})"


def _charts(report: Answer) -> list[Block]:
    charts: list[Block] = []
    course = report["status_over_time"]["points"]
    deliverables, everything = report["headline"]["commitments"], report["totals"]["commitments"]
    if deliverables:
        points = [(point["on"], point["deliverable"]) for point in course]
        charts.append(_chart("status-deliverables", "Deliverables by status, month by month", points))
    if deliverables != everything:
        points = [(point["on"], point["all"]) for point in course]
        charts.append(_chart("status-all", "All commitments by status, month by month", points))
    return charts


def _chart(chart_id: str, title: str, points: list[tuple[str, dict[str, int]]]) -> Chart:
    there = [status for status in STACKED if any(counts[status] for _, counts in points)]
    words = [f"On {day_in_words(on)}: {_counts(counts)}." for on, counts in (points[0], points[-1])]
    description = " ".join(dict.fromkeys(words))
    columns = [Column("On", "date", 3), *(Column(label(status), "number", 2) for status in there)]
    told = [
        point for index, point in enumerate(points) if index in (0, len(points) - 1) or point[1] != points[index - 1][1]
    ]
    rows = [(day(on), *(counts[status] for status in there)) for on, counts in told]
    table = Table(f"{chart_id}-table", title, tuple(columns), tuple(rows), _LEFT_OUT)
    return Chart(
        chart_id, title, description, status_over_time(chart_id, title, description, points, LABELS), table, folded=True
    )


def _counts(counts: Answer) -> str:
    return listed([f"{count:,} {label(status).lower()}" for status, count in counts.items() if count]) or "none yet"
