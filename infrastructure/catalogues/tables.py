"""The CSV tables of a catalogue folder: their columns, and how a line becomes a body.

An empty cell means that nothing is stated. Items of a list stand in one cell, separated by semicolons.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

Cell = Callable[[str], object]
Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class Column:
    """Where a cell goes (`timeframe.due` is a member of a member; nowhere, if empty) and how it is read."""

    member: str
    read: Cell


@dataclass(frozen=True, slots=True)
class Table:
    """The columns that a table may have, and those that it must have."""

    columns: Mapping[str, Column]
    required: tuple[str, ...]


def rows_of(name: str, text: str, table: Table) -> Iterator[tuple[str, Body | str]]:
    """Give each line's place with its body, or with what is wrong there."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        wrong = list(_faults_of(header, table))
        yield from ((f"{name} line 1", message) for message in wrong)
        begins = reader.line_num + 1
        for cells in reader if not wrong else ():
            if any(cell.strip() for cell in cells):
                yield f"{name} line {begins}", _body(header, cells, table)
            begins = reader.line_num + 1
    except csv.Error as error:
        yield f"{name} line {reader.line_num}", f"is not CSV: {error}"


def _faults_of(header: Sequence[str], table: Table) -> Iterator[str]:
    for column in dict.fromkeys(header):
        if column not in table.columns:
            yield f"the column “{column}” is unknown; known are {', '.join(table.columns)}"
        elif header.count(column) > 1:
            yield f"the column “{column}” stands twice"
    for column in table.required:
        if column not in header:
            yield f"the column “{column}” is missing"


def _body(header: Sequence[str], cells: Sequence[str], table: Table) -> Body | str:
    if len(cells) != len(header):
        return f"has {len(cells)} cells, the first line has {len(header)}"
    body: Body = {}
    for name, cell in zip(header, cells, strict=True):
        column, written = table.columns[name], cell.strip()
        if not written and name in table.required:
            return f"the cell “{name}” is empty"
        if not written or not column.member:
            continue
        try:
            _put(body, column.member, column.read(written))
        except ValueError as error:
            return f"the cell “{name}” {error}"
    if "evidence" in body:
        body["evidence"] = [body["evidence"]]
    return body


def _put(body: Body, member: str, value: object) -> None:
    outer, _, inner = member.rpartition(".")
    if not outer:
        body[inner] = value
        return
    within = body.setdefault(outer, {})
    if isinstance(within, dict):
        within[inner] = value


def _listed(cell: str) -> list[str]:
    return [item for item in map(str.strip, cell.split(";")) if item]


def _whole(cell: str) -> int:
    if not re.fullmatch("[0-9]{1,15}", cell):
        raise ValueError(f"holds “{cell[:40]}”, which is no whole number")
    return int(cell)


def _flag(cell: str) -> bool:
    if cell not in {"true", "false"}:
        raise ValueError(f"holds “{cell[:40]}” instead of true or false")
    return cell == "true"


def _relations(cell: str) -> list[Body]:
    relations: list[Body] = []
    for item in _listed(cell):
        word, colon, reference = map(str.strip, item.partition(":"))
        if not (word and colon and reference):
            raise ValueError(f"holds “{item[:80]}” instead of type:reference")
        relations.append({"type": word, "reference": reference})
    return relations


def _columns(names: str, read: Cell = str, within: str = "", prefix: str = "") -> dict[str, Column]:
    return {f"{prefix}{name}": Column(f"{within}{name}", read) for name in names.split()}


def _not_carried(names: str) -> dict[str, Column]:
    return {name: Column("", str) for name in names.split()}


COMMITMENTS: Final = Table(
    {
        **_columns("reference title summary kind tier modality visibility"),
        "timeframe_wording": Column("timeframe.wording", str),
        **_columns("start_by due alternative_due recurrence anchor", within="timeframe."),
        **_columns("partners", _listed),
        **_columns("lead"),
        **_columns("instruments themes", _listed),
        **_columns("relations", _relations),
        **_columns("document location", within="source."),
        **_columns("line", _whole, within="source."),
        **_columns("sentence", within="source."),
        "line_sha256": Column("source.sha256", str),
        **_columns("occurred_on statement language confidence note"),
    },
    ("reference", "title", "kind", "tier", "timeframe_wording"),
)
PARTNERS: Final = Table(
    # Where and how the document writes a name helps whoever compiles the register; it is not recorded.
    {**_columns("code name type role short_name parent note"), **_not_carried("name_in_text lines")},
    ("code", "name", "type"),
)
HISTORY: Final = Table(
    {
        **_columns("id reference kind occurred_on statement"),
        **_columns("rating independence reviewer period"),
        **_columns("ordinal", _whole),
        **_columns("concludes formal", _flag),
        **_columns("quantity unit forecast cause due start_by authority"),
        **_columns("successors partners", _listed),
        **_columns(
            "title url publisher published_on retrieved_on archived_url sha256 media_type language grade",
            within="evidence.",
            prefix="evidence_",
        ),
        **_columns("on_behalf_of language confidence note"),
    },
    ("id", "reference", "kind", "occurred_on", "statement"),
)
