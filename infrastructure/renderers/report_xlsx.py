"""A report as a spreadsheet, made by XlsxWriter: typed cells, one sheet for each table of the document.

Two things differ from the laid-out formats: *Commitments* has every column of the CSV, and nothing is a formula or a
link to elsewhere, whatever a text begins with.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from infrastructure.renderers.document import (
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Facts,
    Figures,
    Lines,
    Link,
    Mark,
    Paragraph,
    Said,
    Section,
)
from infrastructure.renderers.document import Table as DocumentTable
from infrastructure.renderers.report_csv import COLUMNS, found, joined
from infrastructure.renderers.report_document import report_document

_EPOCH: Final = date(1900, 3, 1)
"""Before it the days of a spreadsheet are not those of the calendar; such a date is written as text."""

_LONGEST_TEXT: Final = 32_767
_CUT: Final = " … (cut: a cell holds no more; the JSON has all of it)"
_LONGEST_NAME: Final = 31
_LONGEST_HEAD: Final = 250
_NAMES: Final = {
    "status-deliverables-table": "Deliverables by month",
    "status-all-table": "All by month",
    "achieved-table": "Achieved",
    "overdue-table": "Overdue",
    "slipped-table": "Slipped",
    "changes-moved": "Changed standing",
    "recurring-table": "Recurring series",
    "stale-table": "Stale",
    "divergent-table": "Status and review at odds",
    "achieved-by-grade": "By the best evidence",
    "punctuality": "How late",
    "by-partner-table": "By partner",
    "by-theme-table": "By theme",
    "silent-partners-table": "Silent partners",
    "corrections-table": "Corrections",
}
"""Of tables whose caption is too long for a sheet's name. The whole caption stands at the head of printed pages."""
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\']")
_DATES: Final = re.compile(r"(^|\.)(\w+_on|start_by|due|alternative_due|forecast|anchor|as_of)$")
_WIDE: Final = {"title": 60, "summary": 40, "timeframe.wording": 40, "instruments": 30, "source.location": 24}
_WIDTH: Final = 16
_WIDE_FACTS: Final = 60
_WIDE_NOTES: Final = 100
_WIDEST: Final = 70
_LINE: Final = 15
_TALLEST: Final = 409
"""Points: of a line, and of the tallest row that a spreadsheet takes."""


class _Book:
    """A workbook under construction, with the looks of its cells."""

    def __init__(self, target: io.BytesIO, as_of: date) -> None:
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.workbook = Workbook(target, options)
        # The day it is about, not the moment it is made: equal reports, equal bytes.
        self.workbook.set_properties({"created": datetime.combine(as_of, time(), UTC).replace(tzinfo=None)})
        self.title = self._look(bold=True, font_size=16)
        self.name = self._look(bold=True)
        self.header = self._look(bold=True, bg_color="#DCE6EC", bottom=1, text_wrap=True)
        self.text = self._look(text_wrap=True)
        self.line = self._look()
        self.number = self._look(num_format="0", align="right", indent=1)  # apart from a text in the next column
        self.figure = self._look(num_format="0", bold=True, align="left")
        self.day = self._look(num_format="yyyy-mm-dd", align="left")
        self._names: set[str] = set()

    def _look(self, **properties: Any) -> Format:
        return self.workbook.add_format({"valign": "top", **properties})

    def sheet(self, title: str) -> Worksheet:
        """Add a sheet under a name that is allowed and not taken."""
        plain = " ".join(_NOT_IN_NAMES.sub(" ", title).split()) or "Sheet"
        name, number = plain[:_LONGEST_NAME].strip(), 1
        while name.lower() in self._names:
            number += 1
            ending = f" ({number})"
            name = plain[: _LONGEST_NAME - len(ending)].strip() + ending
        self._names.add(name.lower())
        sheet = self.workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        return sheet

    def write(self, sheet: Worksheet, row: int, column: int, value: object, look: Format | None = None) -> None:
        """Write one value as what it is."""
        match value:
            case None:
                return
            case bool():
                sheet.write_boolean(row, column, value, look or self.line)
            case int():
                sheet.write_number(row, column, value, look or self.number)
            case date() if value >= _EPOCH:
                sheet.write_datetime(row, column, datetime.combine(value, time()), look or self.day)
            case date():
                sheet.write_string(row, column, value.isoformat(), look or self.line)
            case _:
                sheet.write_string(row, column, _fitting(str(value)), look or self.text)


def report_xlsx(report: Mapping[str, Any]) -> bytes:
    """Give the bytes of a report."""
    return document_xlsx(report_document(report), report["commitments"])


def document_xlsx(document: Document, commitments: Sequence[Mapping[str, Any]]) -> bytes:
    """Give the bytes of a document, with the members of its commitments."""
    target = io.BytesIO()
    book = _Book(target, document.as_of)
    _summary(book, document)
    _commitments(book, commitments)
    for section in document.sections:
        if section.id == "appendix":
            _histories(book, section)
        elif section.id not in _ELSEWHERE:
            for table in _tables(section):
                _table(book, table)
    _notes(book, document)
    book.workbook.close()
    return target.getvalue()


_ELSEWHERE: Final = ("commitments",)
"""Sections whose tables are not repeated: the sheet Commitments has more."""


def _summary(book: _Book, document: Document) -> None:
    sheet = book.sheet("Summary")
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 2, _WIDE_FACTS)
    sheet.set_row(0, 2 * _LINE)
    book.write(sheet, 0, 0, document.title, book.title)
    book.write(sheet, 1, 0, document.subtitle, book.line)
    row = _facts(book, sheet, 3, document.heading) + 1
    for section in document.every_section():
        found = [block for block in section.blocks if isinstance(block, Figures)]
        if not found:
            continue
        book.write(sheet, row, 0, section.title, book.name)
        row += 1
        for figure in (each for block in found for each in block.items):
            for column, (value, look) in enumerate(
                ((figure.label, None), (figure.value, book.figure), (figure.of, None))
            ):
                book.write(sheet, row, column, value, look)
            row += 1
        row += 1


def _facts(book: _Book, sheet: Worksheet, row: int, facts: Facts) -> int:
    for name, cell in facts.rows:
        book.write(sheet, row, 0, name, book.name)
        book.write(sheet, row, 1, _value(cell))
        _make_room(sheet, row, [(_value(cell), _WIDE_FACTS)])
        row += 1
    return row


def _make_room(sheet: Worksheet, row: int, cells: Iterable[tuple[object, float]]) -> None:
    """Make a row as tall as its texts need in columns of that width; not every program does so by itself."""
    lines = max(
        sum(max(1, -(-len(line) // int(width))) for line in str(value).splitlines() or [""]) for value, width in cells
    )
    if lines > 1:
        sheet.set_row(row, min(lines * _LINE, _TALLEST))


def _commitments(book: _Book, commitments: Sequence[Mapping[str, Any]]) -> None:
    sheet = book.sheet("Commitments")
    sheet.freeze_panes(1, 1)
    days = [_DATES.search(name) is not None for name in COLUMNS]
    for column, name in enumerate(COLUMNS):
        sheet.set_column(column, column, _WIDE.get(name, max(_WIDTH, len(name) + 2)))
    if commitments:
        columns = [{"header": name, "header_format": book.header} for name in COLUMNS]
        area = (0, 0, len(commitments), len(COLUMNS) - 1)
        sheet.add_table(*area, {"name": "Commitments", "columns": columns, "style": None})
    else:
        sheet.write_row(0, 0, COLUMNS, book.header)
    for row, commitment in enumerate(commitments, start=1):
        for column, name in enumerate(COLUMNS):
            value = found(commitment, name)
            if isinstance(value, list):
                value = joined(value) if value else None
            elif days[column] and isinstance(value, str):
                value = date.fromisoformat(value)
            book.write(sheet, row, column, value, None if not isinstance(value, str) else book.line)


def _table(book: _Book, table: DocumentTable) -> None:
    sheet = book.sheet(_NAMES.get(table.id, table.caption))
    sheet.set_header(f"&L{table.caption.replace('&', '&&')[:_LONGEST_HEAD]}")
    sheet.freeze_panes(1, 1)
    widths = [_needed([each.title], (row[column] for row in table.rows)) for column, each in enumerate(table.columns)]
    for column, (each, width) in enumerate(zip(table.columns, widths, strict=True)):
        book.write(sheet, 0, column, each.title, book.header)
        sheet.set_column(column, column, width)
    for row, cells in enumerate(table.rows, start=1):
        values = [_value(cell) for cell in cells]
        for column, value in enumerate(values):
            book.write(sheet, row, column, value)
        _make_room(sheet, row, zip(values, widths, strict=True))
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def _tables(section: Section) -> Iterator[DocumentTable]:
    for block in section.blocks:
        if isinstance(block, DocumentTable):
            yield block
        elif isinstance(block, Chart):
            yield block.table
    for below in section.sections:
        yield from _tables(below)


def _histories(book: _Book, appendix: Section) -> None:
    """Write the histories of all commitments into one table, each entry with the title of its commitment."""
    histories = [(each.title, table) for each in appendix.sections for table in _tables(each)]
    if histories:
        columns = (Column("Commitment", share=30), *histories[0][1].columns)
        rows = tuple((title, *row) for title, table in histories for row in table.rows)
        _table(book, DocumentTable("histories", "Histories", columns, rows))


def _notes(book: _Book, document: Document) -> None:
    sheet = book.sheet("Notes")
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, _WIDE_NOTES)
    row = _facts(book, sheet, 0, document.facts) + 1
    for section in document.every_section():
        for facts in (each for each in section.blocks if isinstance(each, Facts) and section.id == "again"):
            row = _facts(book, sheet, row, facts)
        for text in _said(section.blocks):
            book.write(sheet, row, 0, section.title, book.name)
            book.write(sheet, row, 1, text)
            _make_room(sheet, row, [(text, _WIDE_NOTES)])
            row += 1


def _said(blocks: Iterable[Block]) -> Iterable[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block.text
        elif isinstance(block, DocumentTable) and block.note is not None:
            yield f"{block.caption}: {block.note}"


def _needed(title: Sequence[str], cells: Iterable[Cell]) -> float:
    """Give a width in which the longest line of a column stands, within reason."""
    lines = (line for cell in cells for line in str(_value(cell) if cell is not None else "").splitlines())
    return min(max((*map(len, title), *map(len, lines))) + 3, _WIDEST)


def _value(cell: Cell) -> object:
    """Give what a spreadsheet knows of a cell: a mark is its label, a link its text."""
    match cell:
        case Lines():
            return "\n".join(str(_value(each)) for each in cell.cells if each is not None)
        case Mark():
            return cell.label
        case Link() | Said():
            return cell.text
    return cell


def _fitting(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - len(_CUT)] + _CUT
