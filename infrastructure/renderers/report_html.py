"""A report as HTML: one file that needs nothing from outside, runs no script, and can be printed."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from infrastructure.renderers.document import (
    NOTHING,
    Block,
    Cell,
    Chart,
    Column,
    Facts,
    Figures,
    Lines,
    Link,
    Mark,
    Paragraph,
    Points,
    Said,
    Table,
)
from infrastructure.renderers.report_document import report_document
from infrastructure.renderers.words import number

MEDIA_TYPE: Final = "text/html; charset=utf-8"
_SHARES: Final = "".join(f".share-{percent} {{ width: {percent}%; }}\n" for percent in range(1, 101))
STYLE: Final = (
    files("infrastructure.renderers").joinpath("report.css").read_text("utf-8") + f"@media print {{\n{_SHARES}}}\n"
)
_STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
"""The content security policy of a page: no script, no style but its own sheet, and nothing from anywhere."""

_PIECES_AT_ONCE: Final = 500
_WIDE: Final = 18
_ROW: Final = Markup("<tr{}>{}</tr>\n")
_IDENTIFIED: Final = Markup(' id="{}"')
_HEADING: Final = Markup('<th scope="row" class="{}">{}</th>')
_CELL: Final = Markup('<td class="{}">{}</td>')
_MARK: Final = Markup('<span class="mark {}"><span class="symbol" aria-hidden="true">{}</span> {}</span>')
_OUTSIDE: Final = Markup('<a href="{}" rel="noopener noreferrer external" dir="auto"{}>{}</a>')
_KINDS: Final[Mapping[type, str]] = {
    Paragraph: "paragraph", Points: "points", Facts: "facts", Figures: "figures", Table: "table", Chart: "chart",
}  # fmt: skip


def report_html(report: Mapping[str, Any]) -> Iterator[bytes]:
    """Give the page, chunk by chunk."""
    environment = _environment()
    stream = environment.get_template("report.html.jinja").stream(
        document=report_document(report), digest=report["digest"], version=report["version"], policy=POLICY
    )
    stream.enable_buffering(_PIECES_AT_ONCE)
    for text in stream:
        yield text.encode()


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=PackageLoader("infrastructure.renderers", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"css": Markup(STYLE), "headed": headed}  # noqa: S704 -- our own style sheet
    environment.filters |= {"cell": cell, "rows": rows, "widths": widths, "kind": _kind, "number": _figure, "svg": _svg}
    return environment


def rows(table: Table) -> Iterator[Markup]:
    """Give the rows of a table; the first cell of each is its heading."""
    heading, *others = (_class(column) for column in table.columns)
    cells = [_HEADING.format(heading, "{}"), *(_CELL.format(each, "{}") for each in others)]
    anchors: Iterable[str | None] = table.anchors or (None for _ in table.rows)
    for anchor, row in zip(anchors, table.rows, strict=True):
        identified = Markup("") if anchor is None else _IDENTIFIED.format(anchor)
        contents = (shape.format(cell(content)) for shape, content in zip(cells, row, strict=True))
        yield _ROW.format(identified, Markup("").join(contents))


def widths(table: Table) -> Markup:
    """Give the shares of the columns, for paper; on a screen the contents decide."""
    whole = sum(column.share for column in table.columns)
    shares = (max(1, round(100 * column.share / whole)) for column in table.columns)
    return Markup("").join(Markup('<col class="share-{}">').format(share) for share in shares)


def headed(column: Column) -> Markup:
    """Give the heading of a column."""
    return Markup('<th scope="col" class="{}">{}</th>').format(_class(column), column.title)


def cell(content: Cell) -> Markup:
    """Give a cell as markup. Whatever a text says, it stays a text."""
    if isinstance(content, Lines):
        lines = (Markup("<div>{}</div>").format(cell(each)) for each in content.cells)
        return Markup("").join(lines)
    if content is None:
        return Markup('<span class="nothing">{}</span>').format(NOTHING)
    if isinstance(content, Mark):
        if not content.symbol:
            return escape(content.label)
        return _MARK.format(content.word.replace("_", "-"), content.symbol, content.label)
    if isinstance(content, Link):
        return _link(content)
    if isinstance(content, Said):
        return Markup('<span dir="auto"{}>{}</span>').format(_language(content.language), content.text)
    if isinstance(content, date):
        return Markup('<time datetime="{0}">{0}</time>').format(content.isoformat())
    return escape(_figure(content))


def _link(link: Link) -> Markup:
    if link.inside:
        return Markup('<a href="{}">{}</a>').format(link.url, link.text)
    return _OUTSIDE.format(link.url, _language(link.language), link.text)


def _language(language: str) -> Markup:
    return Markup("") if language == "en" else Markup(' lang="{}"').format(language)


def _figure(value: int | str) -> str:
    return number(value) if isinstance(value, int) else value


def _class(column: Column) -> str:
    return f"{column.kind} wide" if column.share >= _WIDE else column.kind


def _kind(block: Block) -> str:
    return _KINDS[type(block)]


def _svg(chart: Chart) -> Markup:
    return Markup(chart.svg)  # noqa: S704 -- drawn by charts/, which escapes every text
