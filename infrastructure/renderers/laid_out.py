"""A document as plain values for `report.typ`: every text cleaned, every column with its width."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from infrastructure.renderers.column_widths import column_widths
from infrastructure.renderers.document import (
    Block,
    Chart,
    Document,
    Facts,
    Figures,
    Paragraph,
    Points,
    Section,
    Table,
)
from infrastructure.renderers.laid_out_cells import Cells, Values
from infrastructure.renderers.printable import printable
from infrastructure.renderers.words import number

_DIGEST_SHOWN: Final = 16
_FEW_SECTIONS: Final = 12
_MOST_ROWS: Final = 1_000
"""Of a longer list only its beginning, the most urgent, is printed: a cell takes some 15 KB until a PDF is written."""

_MOST_PLACES: Final = 2_000
"""With more commitments no links lead from list to register: they cost a third of time and memory."""

_REGISTER: Final = "commitments"
"""The section that prints every commitment, however many there are."""

_PORTRAIT_COLUMNS: Final = 8
_PORTRAIT: Final = 481.8
_LANDSCAPE: Final = 728.5


def laid_out(document: Document, digest: str, plainer: Callable[[str], str] = lambda text: text) -> Values:
    """Give *document* as values; *plainer* is asked about every text once it is clean.

    What stands on every page – day and *digest* – brings a loose page back into its place.
    """
    note = f"{document.as_of.isoformat()} · digest {digest[:_DIGEST_SHOWN]}…"
    return {**_Layout(document, lambda text: plainer(printable(text))).values(), "running": note}


class _Layout:
    def __init__(self, document: Document, clean: Callable[[str], str]) -> None:
        self._document, self._clean = document, clean
        self._cells = Cells(clean, document.language, _places(document))
        self._given: set[str] = set()
        self._folded: list[Values] = []

    def values(self) -> Values:
        document = self._document
        return {
            "title": self._clean(document.title),
            "subtitle": self._clean(document.subtitle),
            "language": document.language,
            "as_of": [document.as_of.year, document.as_of.month, document.as_of.day],
            "description": self._clean(document.description),
            "heading": self._facts(document.heading),
            "sections": [self._section(each) for each in document.sections],
            "folded": self._folded,
        }

    def _section(self, section: Section) -> Values:
        most = None if section.id == _REGISTER else _MOST_ROWS
        return {
            "id": self._place(section.id),
            "title": self._cells.text(section.title),
            "blocks": [self._block(_beginning(each, most)) for each in section.blocks],
            "sections": [self._section(each) for each in section.sections],
            "listed": len(section.sections) <= _FEW_SECTIONS,
            "wide": any(isinstance(each, Table) and _is_wide(each) for each in section.blocks),
        }

    def _block(self, block: Block) -> Values:
        match block:
            case Paragraph():
                return {"block": "paragraph", "kind": block.kind, "text": self._cells.text(block.text)}
            case Points():
                return {"block": "points", "items": [self._cells.text(each) for each in block.items]}
            case Facts():
                return {"block": "facts", "rows": self._facts(block)}
            case Figures():
                items = [
                    {"label": each.label, "value": self._cells.figure(each.value), "of": each.of}
                    for each in block.items
                ]
                return {"block": "figures", "items": items}
            case Table():
                return self._table(block)
            case Chart():
                return self._chart(block)

    def _chart(self, chart: Chart) -> Values:
        table = self._table(chart.table)
        if chart.folded:
            self._folded.append(table)
        return {
            "block": "chart",
            "id": self._place(chart.id),
            "title": self._cells.text(chart.title),
            "description": self._clean(chart.description),
            "svg": self._clean(chart.svg),
            "table": None if chart.folded else table,
            "values": table["id"],
        }

    def _facts(self, facts: Facts) -> list[Any]:
        return [[self._clean(label), self._cells.cell(cell)] for label, cell in facts.rows]

    def _table(self, table: Table) -> Values:
        widths = column_widths(table, _LANDSCAPE if _is_wide(table) else _PORTRAIT)
        columns = list(zip(table.columns, widths, strict=True))
        ways = [self._cells.code if column.kind == "code" else self._cells.cell for column in table.columns]
        rows = [
            [way(cell, width.word) for way, cell, width in zip(ways, row, widths, strict=True)] for row in table.rows
        ]
        for row, anchor in zip(rows, table.anchors, strict=False):
            row[0] = {"k": "place", "id": self._place(anchor), "cell": row[0]}
        return {
            "block": "table",
            "id": self._place(table.id),
            "caption": self._cells.text(table.caption),
            "columns": [
                {"title": self._cells.text(column.title, width.word), "kind": column.kind, "width": width.points}
                for column, width in columns
            ],
            "rows": rows,
            "note": None if table.note is None else self._cells.text(table.note),
        }

    def _place(self, name: str) -> str | None:
        """Give the name of a place in the document once; a name that came before is no place."""
        if name in self._given:
            return None
        self._given.add(name)
        return name


def _beginning(block: Block, most: int | None) -> Block:
    """Give a table that is too long only so far, and say so."""
    if not isinstance(block, Table) or most is None or len(block.rows) <= most:
        return block
    whole = f"The first {number(most)} of {number(len(block.rows))} rows; the attached report.json has all of them."
    note = whole if block.note is None else f"{whole} {block.note}"
    return replace(block, rows=block.rows[:most], anchors=block.anchors[:most], note=note)


def _places(document: Document) -> frozenset[str]:
    tables = [place for _, table in document.tables() for place in (table.id, *table.anchors)]
    charts = [block.id for section in document.every_section() for block in section.blocks if isinstance(block, Chart)]
    places = frozenset((*(section.id for section in document.every_section()), *tables, *charts))
    return places if len(places) <= _MOST_PLACES else frozenset()


def _is_wide(table: Table) -> bool:
    return sum(column.kind != "number" for column in table.columns) > _PORTRAIT_COLUMNS
