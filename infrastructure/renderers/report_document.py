"""From a report's JSON values to the document that HTML, PDF and XLSX lay out."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from infrastructure.renderers.document import Cell, Document, Facts, Section
from infrastructure.renderers.sections import (
    about,
    appendix,
    attention,
    breakdowns,
    changes,
    commitments,
    figures,
    glance,
    performance,
)
from infrastructure.renderers.sections.naming import places
from infrastructure.renderers.sections.sentences import sentences
from infrastructure.renderers.words import counted, day, day_in_words, instant_in_words, listed, said


def report_document(report: Mapping[str, Any]) -> Document:
    """Build the document of a report."""
    return Document(
        title=f"Status report as of {day_in_words(report['as_of'])}",
        subtitle=_subject(report),
        as_of=date.fromisoformat(report["as_of"]),
        description=sentences(report)[0],
        heading=_heading(report),
        facts=about.imprint(report),
        sections=tuple(_sections(report)),
    )


def _subject(report: Mapping[str, Any]) -> str:
    titles = [each["title"] for each in report["programmes"]]
    if not titles:
        return "No programme"
    return titles[0] if len(titles) == 1 else f"{counted(len(titles), 'programme')} of commitments"


def _heading(report: Mapping[str, Any]) -> Facts:
    publishers = list(dict.fromkeys(each["publisher"] for each in report["programmes"] if each["publisher"]))
    known = counted(report["log_size"], "entry", "entries")
    if report["known_at"]:
        known += f", the last recorded {instant_in_words(report['known_at'])}"
    rows: list[tuple[str, Cell]] = [
        ("Published by", said(listed(publishers)) if publishers else None),
        ("As of", day(report["as_of"])),
        ("As known", known),
        ("Covers", about.asked_for(report)),
    ]
    return Facts((*rows, *about.without_four_eyes(report)))


def _sections(report: Mapping[str, Any]) -> list[Section]:
    there = places(report["commitments"])
    found = [
        glance.glance(report),
        performance.achieved(report, there),
        performance.overdue(report, there),
        performance.slipped(report, there),
        performance.due_soon(report, there),
        changes.changes(report, there),
        attention.recurring(report, there),
        attention.divergent(report, there),
        attention.stale(report, there),
        figures.figures(report),
        breakdowns.by_partner(report),
        breakdowns.by_theme(report),
        attention.silent_partners(report),
        breakdowns.programmes(report) if len(report["programmes"]) > 1 else None,
        changes.corrections(report, there),
        about.about(report),
        commitments.commitments(report, there, anchored=report["appendix"] is None),
        appendix.appendix(report, there),
    ]
    return [section for section in found if section is not None]
