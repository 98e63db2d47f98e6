"""Read catalogue files: one JSON file, or a folder of CSV files, into rows that know where they stand.

Only the shape is checked here: which members or columns there are, and what a row is. Whether a row may be
recorded is for the domain to say. The format is described in docs/catalogue-format.md.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infrastructure.catalogues.json_text import line_of, value_at, values
from infrastructure.catalogues.tables import COMMITMENTS, HISTORY, PARTNERS, Table, rows_of

_SHIPPED: Final = Path(__file__).parent
_MEMBERS: Final = ("programme", "commitments", "history")
_TABLES: Final = ("commitments.csv", "partners.csv", "history.csv")
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One body, as the ledger's HTTP interface would take it, and its place in the file.

    The body of a history row keeps the `reference` of its commitment; its `id` stands apart.
    """

    place: str
    body: dict[str, object]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A programme with its register of partners, its commitments, and what has happened to them."""

    programme: Row
    commitments: tuple[Row, ...]
    history: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class BadCatalogue(Exception):
    """A catalogue that cannot be found or read; *faults* says everything that is wrong with it, a line for each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def shipped() -> dict[str, Path]:
    """Give the catalogues that come with the ledger, by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.json"))}


def find(name_or_path: str) -> Path:
    """Give the file or folder that is meant: a path that exists, or else the name of a shipped catalogue."""
    path = Path(name_or_path)
    if path.exists():
        return path
    names = shipped()
    if name_or_path in names:
        return names[name_or_path]
    message = f"is no file, no folder and no catalogue that comes with the ledger: {', '.join(names)}"
    raise BadCatalogue([Fault(name_or_path, message)])


def refuse_too_large(path: Path, megabytes: int) -> None:
    """Raise BadCatalogue if a file or the files of a folder are larger than that: they are read whole."""
    files = path.iterdir() if path.is_dir() else [path]
    size = sum(each.stat().st_size for each in files)
    if size > megabytes * 1_000_000:
        allowed = f"accepted: up to {megabytes:,} MB (LEDGER_MAX_CATALOGUE_MEGABYTES)"
        message = f"has {size / 1_000_000:,.1f} MB; {allowed}"
        raise BadCatalogue([Fault(path.name, message)])


def read(path: Path) -> Catalogue:
    """Read a JSON file, or a folder of CSV files; raise BadCatalogue with every fault that can be told."""
    faults: list[Fault] = []
    try:
        catalogue = _read_folder(path, faults) if path.is_dir() else _read_json(path, faults)
    except RecursionError:
        raise BadCatalogue([*faults, Fault(path.name, "is nested too deeply")]) from None
    if faults or catalogue is None:
        raise BadCatalogue(faults)
    return catalogue


def check_source(catalogue: Catalogue, source_path: Path) -> list[Fault]:
    """Compare a copy of the source document with the hashes in the catalogue; no faults: they agree.

    Lines are the non-empty lines of the document, stripped, counted from 1.
    """
    faults: list[Fault] = []
    content = _content(source_path, faults)
    text = _decoded(source_path, content, faults)
    if faults:
        return faults
    recorded = _mapping(catalogue.programme.body.get("source")).get("sha256")
    found = hashlib.sha256(content).hexdigest()
    if recorded is not None and recorded != found:
        message = f"the document's SHA-256 is {found}, recorded is {recorded}"
        faults.append(Fault(catalogue.programme.place, message))
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    for row in catalogue.commitments:
        different = _difference(_mapping(row.body.get("source")), lines)
        if different:
            faults.append(Fault(f"{row.place}, {row.body.get('reference')}", different))
    return faults


def _difference(source: Mapping[str, object], lines: Sequence[str]) -> str | None:
    line, recorded = source.get("line"), source.get("sha256")
    if type(line) is not int or not isinstance(recorded, str):
        return "names no line with its SHA-256, so nothing can be compared"
    if not 1 <= line <= len(lines):
        return f"line {line} does not exist: the document has {len(lines)} lines that are not empty"
    found = hashlib.sha256(lines[line - 1].encode()).hexdigest()
    if found != recorded:
        return f"line {line} reads differently: its SHA-256 is {found}, recorded is {recorded}"
    return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _content(path: Path, faults: list[Fault]) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        faults.append(Fault(path.name, f"cannot be read: {error.strerror}"))
        return b""


def _decoded(path: Path, content: bytes, faults: list[Fault]) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(Fault(path.name, f"is not UTF-8: byte {error.start + 1} cannot be read"))
        return ""


def _read_json(path: Path, faults: list[Fault]) -> Catalogue | None:
    text = _well_formed(path, faults)
    places: dict[str, int] = {}
    for name, at in values(text, text.index("{")) if text else ():
        place = f"{path.name} line {line_of(text, at)}"
        if name not in _MEMBERS:
            faults.append(Fault(place, f"the member “{name}” is unknown: {', '.join(_MEMBERS)}"))
        elif name in places:
            faults.append(Fault(place, f"the member “{name}” stands twice"))
        places[name] = at
    if text:
        missing = [name for name in ("programme", "commitments") if name not in places]
        faults.extend(Fault(path.name, f"the member “{name}” is missing") for name in missing)
    if faults:
        return None
    programme = _row(text, "programme", places["programme"], faults)
    commitments = _rows(text, "commitments", places["commitments"], faults)
    history = _rows(text, "history", places["history"], faults) if "history" in places else []
    identified = tuple(_identified(history, faults))
    return Catalogue(programme, tuple(commitments), identified) if programme else None


def _well_formed(path: Path, faults: list[Fault]) -> str:
    """Give the text of a JSON file whose outermost value is an object; nothing, if it is not."""
    before = len(faults)
    text = _decoded(path, _content(path, faults), faults)
    if len(faults) > before:
        return ""
    try:
        outermost = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path.name} line {error.lineno} column {error.colno}"
        faults.append(Fault(place, f"is not JSON: {error.msg}"))
        return ""
    except ValueError as error:
        faults.append(Fault(path.name, f"cannot be read as JSON: {error}"))
        return ""
    if not isinstance(outermost, dict):
        faults.append(Fault(path.name, "is no object"))
        return ""
    return text


def _rows(text: str, name: str, at: int, faults: list[Fault]) -> list[Row]:
    if text[at] != "[":
        faults.append(Fault(f"{name} (line {line_of(text, at)})", "is no list"))
        return []
    rows = [_row(text, f"{name}[{index}]", start, faults) for index, (_, start) in enumerate(values(text, at))]
    return [row for row in rows if row]


def _row(text: str, name: str, at: int, faults: list[Fault]) -> Row | None:
    place = f"{name} (line {line_of(text, at)})"
    try:
        body = value_at(text, at)
    except ValueError as error:
        faults.append(Fault(place, str(error)))
    else:
        if isinstance(body, dict):
            return Row(place, body)
        faults.append(Fault(place, "is no object"))
    return None


def _identified(rows: Sequence[Row], faults: list[Fault]) -> list[Row]:
    """Take the `id` out of each body of the history."""
    first: dict[str, str] = {}
    identified = []
    for row in rows:
        identity = row.body.get("id")
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            faults.append(Fault(row.place, "needs an “id”: 1 to 64 of A-Z a-z 0-9 . _ -"))
            continue
        if identity in first:
            faults.append(Fault(row.place, f"the id {identity} stands already at {first[identity]}"))
        first.setdefault(identity, row.place)
        body = {name: value for name, value in row.body.items() if name != "id"}
        identified.append(Row(row.place, body, identity))
    return identified


def _read_folder(path: Path, faults: list[Fault]) -> Catalogue:
    others = (each.name for each in sorted(path.iterdir()) if each.suffix.lower() == ".csv")
    message = f"is no table of a catalogue: {', '.join(_TABLES)}"
    faults.extend(Fault(name, message) for name in others if name not in _TABLES)
    text = _well_formed(path / "programme.json", faults)
    programme = _row(text, "programme.json", text.index("{"), faults) if text else None
    programme = programme or Row("programme.json", {})
    rows = _table(path / "commitments.csv", COMMITMENTS, faults)
    commitments = tuple(_announced(row, programme.body) for row in rows)
    if (path / "partners.csv").exists():
        if "partners" in programme.body:
            faults.append(Fault(programme.place, "has “partners” although there is a partners.csv"))
        programme.body["partners"] = [row.body for row in _table(path / "partners.csv", PARTNERS, faults)]
    history = _table(path / "history.csv", HISTORY, faults) if (path / "history.csv").exists() else []
    return Catalogue(programme, commitments, tuple(_identified(history, faults)))


def _table(path: Path, table: Table, faults: list[Fault]) -> list[Row]:
    before = len(faults)
    text = _decoded(path, _content(path, faults), faults)
    rows: list[Row] = []
    for place, found in rows_of(path.name, text, table) if len(faults) == before else ():
        if isinstance(found, str):
            faults.append(Fault(place, found))
        else:
            rows.append(Row(place, found))
    return rows


def _announced(row: Row, programme: Mapping[str, object]) -> Row:
    """Add what the programme says of every commitment; what the row says itself comes first."""
    said: dict[str, object] = {"programme": programme.get("code"), "occurred_on": programme.get("adopted_on")}
    body = {name: value for name, value in said.items() if value is not None} | row.body
    document = _mapping(programme.get("source")).get("document")
    if "source" in body and document is not None:
        body["source"] = {"document": document} | dict(_mapping(body["source"]))
    return Row(row.place, body)
