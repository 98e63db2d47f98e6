"""Cells of a document as plain values for `report.typ`: clean texts, in pieces where a line could not hold them."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from infrastructure.renderers.column_widths import shown
from infrastructure.renderers.document import NOTHING, Cell, Lines, Link, Mark, Plain, Said
from infrastructure.renderers.printable import LONGEST_WORD, breakable
from infrastructure.renderers.words import number

Values = Mapping[str, Any]
_LONGEST_ADDRESS: Final = 2_000
_ADDRESS: Final = re.compile(r"https?://[!-~]+")
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}))?\b")
_LONGEST_CODE: Final = 20


@dataclass(frozen=True, slots=True)
class Cells:
    """*clean* gives a text as it can be printed, *places* are where links within the document may lead."""

    clean: Callable[[str], str]
    language: str
    places: Collection[str]

    def cell(self, cell: Cell, longest: int = LONGEST_WORD) -> Any:
        """Give a cell; words longer than *longest* are cut."""
        if isinstance(cell, Lines):
            return {"k": "lines", "cells": [self._one(each, longest) for each in cell.cells]}
        return self._one(cell, longest)

    def code(self, cell: Cell, longest: int = LONGEST_WORD) -> Any:
        """Give a cell that keeps on one line, if it is short enough for one."""
        content = self.cell(cell, longest)
        return {"k": "whole", "cell": content} if len(shown(cell)) <= _LONGEST_CODE else content

    def text(self, text: str, longest: int = LONGEST_WORD) -> Any:
        """Give a text: as it is, or in pieces where its words are long or its lines end."""
        clean = self.clean(text)
        if "\n" in clean:
            return {"k": "lines", "cells": [breakable(line, longest) for line in clean.split("\n")]}
        return breakable(clean, longest)

    def figure(self, value: int | str) -> str:
        """Give a headline figure."""
        return number(value) if isinstance(value, int) else self.clean(value)

    def _one(self, cell: Plain, longest: int) -> Any:
        match cell:
            case Mark():
                return {"k": "mark", "word": cell.word, "symbol": cell.symbol, "label": self.clean(cell.label)}
            case Link():
                return self._link(cell, longest)
            case Said():
                return self._said(cell.text, cell.language, longest)
            case date():
                return {"k": "day", "text": cell.isoformat()}
            case str():
                return self.text(cell, longest)
            case int():
                return number(cell)
            case None:
                return NOTHING

    def _said(self, text: str, language: str, longest: int) -> Any:
        found = _LANGUAGE.match(language)
        if found is None or found[0] == self.language:
            return self.text(text, longest)
        return {"k": "said", "text": self.text(text, longest), "language": found[1], "region": found[2]}

    def _link(self, link: Link, longest: int) -> Any:
        text = self._said(link.text, link.language, longest)
        if link.inside:
            place = link.url.removeprefix("#")
            return {"k": "inside", "text": text, "place": place} if place in self.places else text
        if len(link.url) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(link.url):
            return text
        return {"k": "link", "text": text, "url": link.url}
