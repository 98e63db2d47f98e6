"""How a commitment is named in a table, and where the reader finds all about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infrastructure.renderers.document import Cell, Column, Link, Said
from infrastructure.renderers.words import label, mark

Answer = Mapping[str, Any]

REFERENCE = Column("Reference", "code", 12)
TITLE = Column("Commitment", "text", 28)
TIER = Column("Tier", "mark", 12)
STATUS = Column("Status", "mark", 13)


@dataclass(frozen=True, slots=True)
class Places:
    """The commitments that have a place in the document, to which a reference can lead."""

    references: frozenset[str]

    def of(self, reference: str) -> Link | str:
        """Give a reference as the way to its place, if it has one."""
        return Link(reference, f"#{anchor(reference)}") if reference in self.references else reference

    def named(self, item: Answer, *more: str) -> tuple[Cell, ...]:
        """Give the cells that name a commitment: reference, title, and what is asked for of tier and status."""
        shown = (label(item[name]) if name == "tier" else mark(item[name]) for name in more)
        return (self.of(item["reference"]), Said(item["title"]), *shown)


def anchor(reference: str) -> str:
    """Give the id of a commitment's place."""
    return f"commitment-{reference}"


def places(commitments: Iterable[Answer]) -> Places:
    """Give the places of these commitments."""
    return Places(frozenset(each["reference"] for each in commitments))
