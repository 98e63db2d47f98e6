"""How wide the columns of a printed table are: what must not be broken fits, the rest is shared out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infrastructure.renderers.document import NOTHING, Cell, Column, Lines, Link, Mark, Said, Table
from infrastructure.renderers.printable import LONGEST_WORD
from infrastructure.renderers.words import number

_OF_CHARACTER: Final = 4.0
_OF_CAPITAL: Final = 5.2
_AROUND_CELL: Final = 9.0
_NARROWEST: Final = 36.0
_WIDEST: Final = 96.0
_PART_OF_WHOLE_LINES: Final = 0.65


@dataclass(frozen=True, slots=True)
class Width:
    """A column's width in points, and how long a word in it may be before it is cut."""

    points: float
    word: int = LONGEST_WORD


def column_widths(table: Table, page: float) -> list[Width]:
    """Give the widths of a table's columns; together they are as wide as the *page*."""
    columns = table.columns
    lengths = [[_lengths(row[place]) for row in table.rows] for place in range(len(columns))]
    least = [_least(column, found) for column, found in zip(columns, lengths, strict=True)]
    widths = [_whole(column, found) for column, found in zip(columns, lengths, strict=True)]
    texts = [place for place, column in enumerate(columns) if column.kind == "text"]
    others = [place for place in range(len(columns)) if place not in texts]
    if sum(widths[place] for place in others) > _PART_OF_WHOLE_LINES * page:
        for place in others:  # marks then take several lines; numbers and dates never do
            widths[place] = least[place] if columns[place].kind == "mark" else widths[place]
    left = page - sum(widths[place] for place in others)
    if not texts:
        return [Width(width + (left if place == 0 else 0)) for place, width in enumerate(widths)]
    if sum(least[place] for place in texts) > left:
        return _cut(columns, widths, texts, left)
    for place, width in _shares(columns, least, texts, left).items():
        widths[place] = width
    return list(map(Width, widths))


def shown(cell: Cell) -> str:
    """Give the text of a cell, of several lines the longest."""
    match cell:
        case Lines():
            return max((shown(each) for each in cell.cells), key=len, default="")
        case Mark():
            return f"{cell.symbol} {cell.label}".strip()
        case Link() | Said():
            return cell.text
        case int():
            return number(cell)
        case None:
            return NOTHING
    return str(cell)


def _shares(columns: Sequence[Column], least: Sequence[float], places: Sequence[int], left: float) -> dict[int, float]:
    """Share *left* out among *places*; none gets less than it needs for its longest word."""
    short: dict[int, float] = {}
    while True:
        others = [place for place in places if place not in short]
        spare, all_shares = left - sum(short.values()), sum(columns[place].share for place in others)
        found = {place: spare * columns[place].share / all_shares for place in others}
        more = {place: least[place] for place, width in found.items() if width < least[place]}
        if not more:
            return short | found
        short |= more


def _cut(columns: Sequence[Column], widths: Sequence[float], texts: Sequence[int], left: float) -> list[Width]:
    """Give widths where not every word of a text fits on a line."""
    shares = sum(columns[place].share for place in texts)
    found = list(map(Width, widths))
    for place in texts:
        points = max(left * columns[place].share / shares, _NARROWEST)
        found[place] = Width(points, min(int((points - _AROUND_CELL) / _OF_CAPITAL), LONGEST_WORD))
    return found


def _lengths(cell: Cell) -> tuple[int, int]:
    """Give how long a cell is, and its longest word (of text: what is longer is cut)."""
    if isinstance(cell, Lines):
        lines = [_lengths(each) for each in cell.cells] or [(0, 0)]
        return max(line for line, _ in lines), max(word for _, word in lines)
    text = shown(cell)
    if isinstance(cell, Mark):  # its symbol stays with the first word
        return len(text), max(map(len, text.replace(" ", "_", 1).split()))
    return len(text), max(map(len, text.split()), default=0)


def _least(column: Column, lengths: list[tuple[int, int]]) -> float:
    if column.kind in ("number", "date"):
        return _whole(column, lengths)
    longest = max((min(word, LONGEST_WORD) for _, word in lengths), default=0)
    return max(_points(longest, column), _points(max(map(len, column.title.split()))))


def _whole(column: Column, lengths: list[tuple[int, int]]) -> float:
    title = max(*map(len, column.title.split()), -(-len(column.title) // 2))
    longest = max((line for line, _ in lengths), default=0)
    return min(max(_points(title), _points(longest, column)), _WIDEST)


def _points(characters: int, column: Column | None = None) -> float:
    return characters * (_OF_CAPITAL if column and column.kind == "code" else _OF_CHARACTER) + _AROUND_CELL
