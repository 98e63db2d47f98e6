"""Asks a server everything that its description and its own answers lead to, and keeps what it was told.

Begins with `openapi.json`: every route that reads, with every documented word, and with every code, reference,
position, date, address and cursor that stood in an answer. Each value is tried by itself, and the crawl is bounded.
"""

import io
import json
import re
import shutil
import subprocess
import zipfile
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import pikepdf
from fastapi.testclient import TestClient

MOST: Final = 1_500
"""Requests of one crawl."""

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "reference": ("reference", "references", "successors"),
    "code": ("code", "programme"),
    "programme": ("code", "programme"),
    "partner": ("partners", "lead", "code"),
    "theme": ("themes",),
    "position": ("position", "log_size"),
    "id": ("id",),
    "size": ("position", "log_size"),
    "log_size": ("position", "log_size"),
    "known_at": ("known_at", "recorded_at"),
    "as_of": ("effective_on", "due", "as_of"),
    "from": ("effective_on",),
    "compare_to": ("effective_on",),
    "q": ("title",),
    "after": ("position",),
}
"""Under which names the values of a parameter stand in answers."""

_GIVEN: Final[Mapping[str, tuple[str, ...]]] = {
    "limit": ("1", "2", "500"),
    "as_of": ("2023-12-31", "2024-06-30", "2030-01-01"),
    "from": ("2024-01-01",),
    "compare_to": ("2024-02-01",),
    "log_size": ("0", "3"),
    "from_log_size": ("0", "4"),
    "slug": ("unknown", "refused"),
}
_NEEDED: Final = {"/v1/reports/changes": "from=2024-01-01&"}
_FEW: Final = 6
"""Values of one optional parameter that are tried on one address."""

_THOROUGHLY: Final = 2
"""Of the addresses of one route, those that every parameter and format is tried on."""

_TILES: Final = 12

_ASIDE: Final = re.compile(r"/docs/|/schemas/")


@dataclass(frozen=True)
class Answer:
    """An address and how it answered; *text* is all that can be read in the body, headers included."""

    address: str
    accept: str
    status: int
    text: str
    json: Any


@dataclass
class Crawl:
    """One visitor, with a token or none, and what they were told by address."""

    client: TestClient
    token: str | None = None
    told: dict[tuple[str, str], Answer] = field(default_factory=dict)
    values: dict[str, dict[str, None]] = field(default_factory=dict)

    def run(self) -> "Crawl":
        """Ask until nothing new is found, or the bound is reached."""
        routes = self.ask("/openapi.json").json["paths"]
        found: deque[tuple[str, str]] = deque(self._addresses(routes))
        seen = set(found)
        while found and len(self.told) < MOST:
            address, accept = found.popleft()
            answer = self.ask(address, accept)
            following = [(link, "*/*") for link in _links(answer)]
            if not found:  # what was learnt since makes new addresses
                following += self._addresses(routes)
            for each in following:
                if each not in seen:
                    seen.add(each)
                    found.append(each)
        return self

    def where(self, word: str) -> set[str]:
        """Give the addresses whose answers hold a word, whatever the case."""
        return {each.address for each in self.told.values() if word.lower() in each.text.lower()}

    def ask(self, address: str, accept: str = "*/*") -> Answer:
        """Ask for one address, keep the answer and learn from it."""
        headers = {"accept": accept} | ({} if self.token is None else {"authorization": f"Bearer {self.token}"})
        answer = self.client.get(address, headers=headers, follow_redirects=False)
        headers_told = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        kind = answer.headers.get("content-type", "")
        said = json.loads(answer.content) if "json" in kind and "ndjson" not in kind else None
        text = "\n".join((headers_told, *_readings(answer.content), *_opened_cursors(said)))
        self.told[address, accept] = told = Answer(address, accept, answer.status_code, text, said)
        if answer.status_code == 200 and not address.startswith("/openapi.json"):
            self._learn(said)
        return told

    def _learn(self, said: Any, name: str = "") -> None:
        if isinstance(said, dict):
            for inner, value in said.items():
                self._learn(value, inner)
        elif isinstance(said, list):
            for value in said:
                self._learn(value, name)
        elif said is not None and not isinstance(said, bool):
            self.values.setdefault(name, {})[str(said)] = None

    def _addresses(self, routes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for route, methods in routes.items():
            if "get" not in methods or _ASIDE.search(route):
                continue
            asked = [each for each in methods["get"].get("parameters", []) if each["in"] == "query"]
            for number, path in enumerate(self._paths(route)):
                yield path, "*/*"
                if number >= _THOROUGHLY:
                    continue
                yield from ((path, accept) for accept in methods["get"]["responses"]["200"].get("content", ()))
                if any(parameter["name"] == "visibility" for parameter in asked):
                    for code in self._some("programme")[:_FEW]:
                        yield f"{path}?{_NEEDED.get(route, '')}visibility=all&programme={quote(code)}", "*/*"
                for parameter in asked:
                    for value in self._worth_trying(parameter):
                        needed = "" if "from" in parameter["name"] else _NEEDED.get(route, "")
                        yield f"{path}?{needed}{urlencode({parameter['name']: value})}", "*/*"

    def _worth_trying(self, parameter: Mapping[str, Any]) -> list[str]:
        return _words(parameter["schema"]) or self._some(parameter["name"])[:_FEW]

    def _paths(self, route: str) -> Iterator[str]:
        names = re.findall(r"{(\w+)}", route)
        if not names:
            yield route
        elif len(names) == 1:
            for value in self._some(names[0]):
                yield route.replace(f"{{{names[0]}}}", quote(value, safe="/"))

    def _some(self, parameter: str) -> list[str]:
        if parameter in ("position", "path"):  # those that no answer names, too
            last = max((int(each) for each in self.values.get("log_size", ())), default=0)
            every = [str(each) for each in range(1, last + 2)]
            tiles = [f"{level}/000.p/{size}" for size in every for level in ("0", "entries")]
            return every if parameter == "position" else tiles[-_TILES:]
        known = (value for name in _NAMES.get(parameter, (parameter,)) for value in self.values.get(name, ()))
        return list(dict.fromkeys((*_GIVEN.get(parameter, ()), *known)))


def _words(schema: Mapping[str, Any]) -> list[str]:
    """Give the words that a parameter may have by its description."""
    found = [str(each) for each in schema.get("enum", ()) if each is not None]
    if schema.get("type") == "boolean":
        found += ["true", "false"]
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        found += _words(inner)
    return found


def _links(answer: Answer) -> Iterator[str]:
    """Give every address of this server that stands in an answer."""
    said = answer.text if re.search(r"^content-type: .*(json|html|plain)", answer.text, re.MULTILINE) else ""
    for link in re.findall(r'(?:<|href="|")(/[\w./?=&%;+~-]*)', said):
        target = urlsplit(urljoin(answer.address, link.replace("&amp;", "&")))
        if not _ASIDE.search(target.path) and answer.address != "/openapi.json":
            yield target.path + (f"?{target.query}" if target.query else "")


def _readings(body: bytes) -> Iterator[str]:
    """Give what can be read in a body, whatever its format: cells of a workbook, the text and files of a PDF."""
    yield body.decode("utf-8", "replace")
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            yield from (archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    if body.startswith(b"%PDF"):
        yield from _read_pdf(body)


def _read_pdf(body: bytes) -> Iterator[str]:
    with pikepdf.open(io.BytesIO(body)) as opened:
        yield str(opened.docinfo)
        yield from (each.get_file().read_bytes().decode("utf-8", "replace") for each in opened.attachments.values())
    if shutil.which("pdftotext") is not None:
        command = ["pdftotext", "-raw", "-", "-"]
        read = subprocess.run(command, input=body, capture_output=True, check=True).stdout.decode("utf-8", "replace")
        yield from (read, re.sub(r"\s+", "", read))


def _opened_cursors(said: Any) -> Iterator[str]:
    cursor = said.get("next") if isinstance(said, dict) else None
    if isinstance(cursor, str):
        packed = cursor[8:]
        yield urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-8", "replace")
