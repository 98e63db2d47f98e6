"""The appendix: each commitment with its promise, its course in both times, and what was said on what evidence."""

from collections.abc import Iterator
from datetime import date
from itertools import chain

from infrastructure.renderers.charts.timeline import Step, timeline
from infrastructure.renderers.document import Block, Cell, Chart, Column, Facts, Lines, Paragraph, Plain, Section, Table
from infrastructure.renderers.sections.naming import Answer, Places, anchor
from infrastructure.renderers.words import (
    counted,
    day_in_words,
    erased,
    evidence_cell,
    instant_in_words,
    label,
    listed,
    mark,
    said,
)

Names = dict[tuple[str, str], str]

_COLUMNS = (
    Column("No.", "number", 3), Column("Happened", "text", 8), Column("Recorded", "text", 9),
    Column("Entry", "mark", 13), Column("What was said, and on what evidence", "text", 34),
    Column("Status after", "mark", 8),
)  # fmt: skip


def appendix(report: Answer, places: Places) -> Section:
    """Make the appendix, or tell where its contents are to be had."""
    title = "Appendix: every commitment with its course"
    if report["appendix"] is None:
        return Section("appendix", title, (Paragraph(_elsewhere(len(report["commitments"]))),))
    names: Names = {(each["programme"], each["code"]): each["name"] for each in report["by_partner"]}
    items = {each["reference"]: each["items"] for each in report["appendix"]}
    sections = tuple(
        _commitment(each, items[each["reference"]], names, report["as_of"], places)
        for each in report["commitments"]
        if each["reference"] in items
    )
    said_first = Paragraph(
        "Each entry has two times: when it happened, and when the ledger learnt of it. Entries are numbered in the "
        "order of recording.",
        "note",
    )
    return Section("appendix", title, (said_first,), sections)


def _elsewhere(count: int) -> str:
    return (
        f"The course of each of the {counted(count, 'commitment')} is left out here. The ledger gives it for one "
        "commitment (ledger history REFERENCE, or GET /v1/commitments/REFERENCE/history), and for up to 1,000 in a "
        "report (appendix=true); narrower filters make a report short enough to have it."
    )


def _commitment(each: Answer, items: list[Answer], names: Names, as_of: str, places: Places) -> Section:
    reference = each["reference"]
    title = f"{reference} – {each['title']}"
    blocks: list[Block] = [Facts(tuple(_promise(each, names, places)))]
    if len(items) == 1 and not (items[0]["statement"] or items[0]["evidence"] or items[0]["erased"]):
        recorded = instant_in_words(items[0]["recorded_at"])
        announced = f"Announced on {day_in_words(each['announced_on'])}; recorded {recorded}."
        blocks.append(Paragraph(f"{announced} The ledger holds nothing else about it.", "note"))
    else:
        rows = tuple(_entry(item) for item in items)
        table = Table(f"{anchor(reference)}-entries", f"Entries about {reference}", _COLUMNS, rows)
        blocks.append(table if len(items) == 1 else _chart(each, items, table, date.fromisoformat(as_of)))
    return Section(anchor(reference), title, tuple(blocks))


def _promise(each: Answer, names: Names, places: Places) -> Iterator[tuple[str, Cell]]:
    frame, target, review = each["timeframe"], each["target"], each["assessment"]
    yield "Standing", Lines((mark(each["status"]), mark(each["timeliness"])))
    if each["summary"]:
        yield "Summary", said(each["summary"])
    yield "Promised", Lines(tuple(filter(None, (said(frame["wording"]), *_dates(target, each["original_target"])))))
    yield "Kind", f"{label(each['tier'])}, {label(each['kind']).lower()}"
    if each["partners"]:
        named = [names.get((each["programme"], code), code) for code in each["partners"]]
        yield "Partners", said("; ".join(named))
    if each["lead"]:
        yield "Lead", said(names.get((each["programme"], each["lead"]), each["lead"]))
    if review is not None:
        by = said(review["reviewer"])
        text = f"{label(review['independence'])}, {day_in_words(review['reviewed_on'])}"
        yield "Last review", Lines((mark(review["rating"]), text, *((by,) if by else ())))
    if each["relations"] or each["related"]:
        yield "Related", Lines(tuple(_related(each, places)))
    if each["source"]:
        parts = [each["source"][name] for name in ("document", "location") if each["source"][name]]
        yield "Source", said(", ".join(parts)) if parts else None


def _dates(target: Answer, first: Answer) -> Iterator[str]:
    for name, words in (("start_by", "to start by"), ("due", "due")):
        if target[name]:
            moved = f" (first {day_in_words(first[name])})" if first[name] not in (None, target[name]) else ""
            yield f"{words} {day_in_words(target[name])}{moved}"
    if target["forecast"]:
        yield f"forecast {day_in_words(target['forecast'])}"


def _related(each: Answer, places: Places) -> Iterator[Plain]:
    by_type: dict[str, list[str]] = {}
    for relation in chain(each["relations"], each["related"]):
        by_type.setdefault(relation["type"], []).append(relation["reference"])
    for kind, references in by_type.items():
        if len(references) == 1 and not isinstance(places.of(references[0]), str):
            yield f"{kind.replace('_', ' ')}:"
            yield places.of(references[0])
        else:
            yield f"{kind.replace('_', ' ')}: {', '.join(references)}"


def _chart(each: Answer, items: list[Answer], table: Table, as_of: date) -> Chart:
    reference = each["reference"]
    chart_id = f"{anchor(reference)}-course"
    steps = [_step(item) for item in items]
    due = sorted({date.fromisoformat(target["due"]) for target in each["targets"] if target["due"]})
    title = f"{reference}: when things happened, and when they were recorded"
    words = f"{counted(len(steps), 'entry', 'entries')}: " + listed(
        [f"{step.number} {label(step.kind).lower()} {step.happened_on.isoformat()}" for step in steps]
    )
    words += f"; recorded from {min(step.recorded_on for step in steps)} to {max(step.recorded_on for step in steps)}."
    return Chart(chart_id, title, words, timeline(chart_id, title, words, steps, due, as_of), table)


def _step(item: Answer) -> Step:
    effective_on = (item["reading"] or item)["effective_on"]
    return Step(
        item["version"],
        item["kind"],
        date.fromisoformat(effective_on),
        date.fromisoformat(item["recorded_at"][:10]),
        silent=not item["counts"],
    )


def _entry(item: Answer) -> tuple[Cell, ...]:
    read = item["reading"] or item
    happened: list[Plain] = [read["occurred_on"]]
    if read["effective_on"] != read["occurred_on"]:
        happened.append(f"counts from {read['effective_on']}")
    what = tuple(chain(_state(item), _texts(item, read), _extras(read), map(evidence_cell, read["evidence"])))
    return (
        item["version"],
        Lines(tuple(happened)) if len(happened) > 1 else happened[0],
        Lines((instant_in_words(item["recorded_at"]), f"by {item['recorded_by']}")),
        mark(item["kind"]),
        Lines(what) if what else None,
        mark(item["status_after"]),
    )


def _state(item: Answer) -> Iterator[Plain]:
    """Tell if an entry does not count, or reads otherwise than it was recorded."""
    if item["retracted"]:
        yield "Retracted: it no longer counts."
    elif not item["counts"] and item["kind"] not in ("rectified", "retracted"):
        yield "Not in effect on the day of this report."
    if item["corrected_by"]:
        yield f"Corrected by {listed([f'entry {version}' for version in item['corrected_by']])}; as now read:"


def _texts(item: Answer, read: Answer) -> Iterator[Plain]:
    for name in ("statement", "reason", "cause", "authority", "reviewer", "note"):
        value = read.get(name)
        if value is None and name in item["erased"] and not item["reading"]:
            yield erased()
        elif value is not None:
            text = said(value if name == "statement" else _prefixed(name, value), read["language"])
            if text is not None:
                yield text


def _prefixed(name: str, value: str) -> str:
    return value if value == "[erased]" else f"{name.capitalize()}: {value}"


def _extras(read: Answer) -> Iterator[str]:
    for name, words in (
        ("due", "New due date"), ("start_by", "To start by"), ("forecast", "Forecast"), ("ordinal", "Occurrence"),
        ("quantity", "Quantity"), ("period", "Period"), ("entry", "Concerns entry"),
    ):  # fmt: skip
        if read.get(name) is not None:
            unit = f" {read['unit']}" if name == "quantity" and read.get("unit") else ""
            yield f"{words}: {read[name]}{unit}"
    if read.get("rating"):
        yield f"Rating: {label(read['rating'])}, {label(read['independence'])}"
    if read.get("successors"):
        yield f"Superseded by {', '.join(read['successors'])}"
    if read.get("entries"):
        yield f"Concerns entries {', '.join(map(str, read['entries']))}"
    if read.get("confidence") in ("low", "medium"):
        yield f"Confidence of whoever recorded it: {read['confidence']}"
