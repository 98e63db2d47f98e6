"""The figures: how many commitments stand how, in time or late, on what evidence; for deliverables and for all."""

from domain.report_figures import permille
from domain.vocabulary import COMMITMENT_KINDS, GRADES, RATINGS, STATUSES, TIERS, TIMELINESS
from infrastructure.renderers.document import Cell, Column, Paragraph, Section, Table
from infrastructure.renderers.sections.naming import Answer
from infrastructure.renderers.words import counted, mark, share

_COLUMNS = (Column("Deliverables", "number", 3), Column("Share", "number", 2), Column("All", "number", 3),
            Column("Share", "number", 2))  # fmt: skip


def figures(report: Answer) -> Section:
    """Make the section."""
    headline, totals = report["headline"], report["totals"]
    tables = (
        _table("by-status", "By status", "Status", STATUSES, headline["by_status"], totals["by_status"]),
        _table(
            "by-timeliness", "By timeliness", "Timeliness", TIMELINESS, headline["by_timeliness"],
            totals["by_timeliness"],
        ),
        _table("by-tier", "By tier", "Tier", TIERS, headline["by_tier"], totals["by_tier"]),
        _table("by-kind", "By kind", "Kind", COMMITMENT_KINDS, headline["by_kind"], totals["by_kind"]),
        _accepted(report, "by-rating", "By the last review", "Rating", "by_rating", (*RATINGS, "not_reviewed")),
        _accepted(
            report, "achieved-by-grade", "What was achieved, by the best evidence for it", "Best evidence",
            "achieved_by_best_grade", (*GRADES, "none"),
        ),
        _punctuality(report),
    )  # fmt: skip
    note = Paragraph(
        f"Headline figures count the {counted(headline['commitments'], 'deliverable')} of the "
        f"{counted(totals['commitments'], 'commitment')} covered.",
        "note",
    )
    return Section("figures", "The figures", (note, *tables))


def _table(table_id: str, caption: str, first: str, words: tuple[str, ...], some: Answer, every: Answer) -> Table:
    whole, all_of_them = (sum(counts[word] for word in words) for counts in (some, every))
    rows: list[tuple[Cell, ...]] = [
        (
            mark(word),
            some[word],
            share(permille(some[word], whole)),
            every[word],
            share(permille(every[word], all_of_them)),
        )
        for word in words
    ]
    totals = (whole, all_of_them)
    together = [cell for total in totals for cell in (total, share(permille(total, total)))]
    rows.append(("Together", *together))
    return Table(table_id, caption, (Column(first, "mark", 6), *_COLUMNS), tuple(rows))


def _accepted(report: Answer, table_id: str, caption: str, first: str, name: str, words: tuple[str, ...]) -> Table:
    some, every = (report[part]["acceptance"][name] for part in ("headline", "totals"))
    return _table(table_id, caption, first, words, some, every)


def _punctuality(report: Answer) -> Table:
    """Tell how late what was achieved came: after the target in force then, and after the first one."""
    columns = (
        Column("Achieved", "text", 6), Column("Deliverables: last target", "number", 3),
        Column("Deliverables: first target", "number", 3), Column("All: last target", "number", 3),
        Column("All: first target", "number", 3),
    )  # fmt: skip
    names = {
        "in_time": "in time",
        "late": "late",
        "no_date": "without a due date",
        "median_days_late": "days late, median of the late",
        "most_days_late": "days late, at most",
        "total_days_late": "days late, together",
    }
    parts = [report[part]["achieved"][target] for part in ("headline", "totals") for target in ("current", "original")]
    rows = tuple((said, *(part[name] for part in parts)) for name, said in names.items())
    return Table("punctuality", "How late what was achieved came, after the last and the first target", columns, rows)
