"""The report as a document that every laid-out format shows. No format computes anything or words anything itself.

A document is a tree of sections; their blocks hold cells. All texts are plain text: whoever lays them out escapes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from infrastructure.renderers.symbols import symbol_of


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of a closed vocabulary: shown as a symbol and its label, so that it never speaks by colour alone."""

    word: str
    label: str

    @property
    def symbol(self) -> str:
        """A single character that stands before the label, or nothing."""
        return symbol_of(self.word)


@dataclass(frozen=True, slots=True)
class Link:
    """A way out of the document (http or https), or, beginning with `#`, to the section or row of that id in it."""

    text: str
    url: str
    language: str = "en"

    @property
    def inside(self) -> bool:
        """Whether it leads to another place of the same document."""
        return self.url.startswith("#")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wrote, in the language that they declared (BCP 47)."""

    text: str
    language: str = "en"


Plain = str | int | date | Mark | Link | Said | None


@dataclass(frozen=True, slots=True)
class Lines:
    """Several cells in one, below one another."""

    cells: tuple[Plain, ...]


Cell = Plain | Lines
"""None is shown as a dash: there is nothing, and that is known."""

ColumnKind = Literal["text", "number", "date", "code", "mark"]


@dataclass(frozen=True, slots=True)
class Column:
    """*share* is the column's part of the width; the shares of a table need not add up to anything."""

    title: str
    kind: ColumnKind = "text"
    share: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """The first cell of a row is its heading. Of a row with an *anchor*, that is the id to which links lead."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None = None
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure: `2`, of `17 deliverables`."""

    label: str
    value: int | str
    of: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its text alternative and the table of the same values. The SVG needs nothing from outside.

    A *folded* table says no more than the picture does and may be put away until somebody asks for it.
    """

    id: str
    title: str
    description: str
    svg: str
    table: Table
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A *lead* says the most important thing of a section, a *note* how something is to be read."""

    text: str
    kind: Literal["plain", "lead", "note"] = "plain"


@dataclass(frozen=True, slots=True)
class Points:
    """Short statements, one below the other."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Headline figures side by side."""

    items: tuple[Figure, ...]


Block = Paragraph | Points | Facts | Figures | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple["Section", ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """*heading* stands under the title.

    *facts* is the imprint (what was asked, the two times, rules, origin, root, version, digest); the section `about`
    shows it as well.
    """

    title: str
    subtitle: str
    as_of: date
    description: str
    heading: Facts
    facts: Facts
    sections: tuple[Section, ...]
    language: str = "en"

    def tables(self) -> Iterator[tuple[Section, Table]]:
        """Give every table, those of charts included, in the order of the document."""
        for section in self.every_section():
            for block in section.blocks:
                if isinstance(block, Table):
                    yield section, block
                elif isinstance(block, Chart):
                    yield section, block.table

    def every_section(self) -> Iterator[Section]:
        """Give all sections, each before its own."""
        waiting = list(reversed(self.sections))
        while waiting:
            section = waiting.pop()
            yield section
            waiting.extend(reversed(section.sections))


NOTHING: Final = "–"
"""How None is shown."""
