"""An export as something to be verified: a zip file or a folder made of one. No database, no network."""

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from application.log_source import DamagedError, Findings, Leaf, Progress, Streams
from domain.entry_bytes import plainly
from domain.issued import KeptReport
from domain.policy import Policy, parse_policy
from domain.unproven import Unproven
from infrastructure.exporting import export_form as form
from infrastructure.verifying.tiled_log import TiledLog

_NO_TEXTS: Final[Mapping[str, tuple[bytes, bytes]]] = {}
_LARGEST_LINE: Final = 1 << 26


class NoExportError(Exception):
    """The file or folder is no export of a ledger."""


class ExportFiles:
    """The files of an export, by name."""

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else None
        try:
            self._zip = None if self._folder else zipfile.ZipFile(path)
        except zipfile.BadZipFile as bad:
            raise NoExportError(f"{path} is no zip file and no folder") from bad
        if self.read(form.ABOUT) is None:
            self.close()
            raise NoExportError(f"{path} is no export of a ledger: it has no {form.ABOUT}")

    def read(self, name: str) -> bytes | None:
        """Give a file; None if there is none."""
        try:
            if self._zip is not None:
                return self._zip.read(name)
            assert self._folder is not None
            return (self._folder / name).read_bytes()
        except (KeyError, FileNotFoundError):
            return None
        except zipfile.BadZipFile as bad:
            raise DamagedError(None, f"{name} cannot be read: {bad}") from bad

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""
        if self._zip is not None:
            return name in self._zip.namelist()
        assert self._folder is not None
        return (self._folder / name).is_file()

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Give the objects of a file of JSON lines, one by one."""
        try:
            if self._zip is not None:
                opened: Any = self._zip.open(name)
            else:
                assert self._folder is not None
                opened = (self._folder / name).open("rb")
        except (KeyError, FileNotFoundError):
            raise DamagedError(None, f"{name} is missing") from None
        with opened as lines:
            try:
                while line := lines.readline(_LARGEST_LINE):
                    yield json.loads(line)
            except (ValueError, zipfile.BadZipFile) as bad:
                raise DamagedError(None, f"{name} cannot be read: {bad}") from bad

    def close(self) -> None:
        """Let go of the file."""
        if self._zip is not None:
            self._zip.close()


class ExportSource:
    """Implements `application.log_source.LogSource`."""

    shows_texts = brings_key = True

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._files = ExportFiles(path)
        about = json.loads(self._files.read(form.ABOUT) or b"{}")
        if about.get("format") != form.FORMAT:
            raise NoExportError(f"{path} has the format {about.get('format')}; accepted: {form.FORMAT}")
        self.about: Mapping[str, Any] = about
        self.shows_closed = about.get("internal") is True
        self._log = TiledLog(lambda name: self._files.read(form.LOG + name))

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self._log.size

    def checkpoint(self) -> bytes | None:
        """Give the signed checkpoint."""
        return self._log.checkpoint

    def policy(self) -> Policy | None:
        """Give the keys that the export names."""
        content = self._files.read(form.POLICY)
        try:
            return None if content is None else parse_policy(content)
        except Unproven as doubt:
            raise DamagedError(None, f"{form.POLICY} cannot be read: {doubt}") from doubt

    def signed_roots(self) -> Iterable[tuple[int, bytes]]:
        """Give none: an export holds one checkpoint."""
        return ()

    def leaves(self) -> Iterator[Leaf]:
        """Give the entries by position, with their texts and open forms."""
        texts = LinesByPosition(form.TEXTS, self._files.lines(form.TEXTS))
        # In an export for everybody what was published is opened; those of before publishing have no such file.
        some = self.shows_closed or self._files.holds(form.OPEN_FORMS)
        forms = LinesByPosition(form.OPEN_FORMS, self._files.lines(form.OPEN_FORMS) if some else iter(()))
        for position, entry, hashed in self._log.entries():
            own: dict[str, tuple[bytes, bytes]] = {}
            for line in texts.about(position):
                own[line["member"]] = plainly(line["value"]), bytes.fromhex(line["salt"])
            opened = salt = None
            for line in forms.about(position):
                opened, salt = plainly(line["entry"]), bytes.fromhex(line["salt"])
            yield Leaf(position, entry, opened, salt, own or _NO_TEXTS, hashed)
        texts.end()
        forms.end()

    def beside(self, leaf: Leaf, read: Mapping[str, Any]) -> Iterable[str]:  # noqa: ARG002
        """Say nothing: an export shows nothing beside the bytes."""
        return ()

    def streams(self) -> Streams | None:
        """Give none: they are put apart."""
        return None

    def kept_reports(self) -> Iterator[tuple[int, KeptReport]]:
        """Give what is kept of issued reports, by the position of their entries."""
        for line in self._files.lines(form.REPORTS):
            try:
                facts = zlib.compress(plainly(line["facts"]), 1)
                yield int(line["position"]), KeptReport(line["parameters"], facts, line["digest"])
            except (KeyError, TypeError, ValueError) as bad:
                raise DamagedError(None, f"{form.REPORTS} cannot be read: {type(bad).__name__} {bad}") from bad

    def look_further(self, streams: Streams, findings: Findings, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG002
        """Compare the tiles with each other, and what the export says of itself."""
        if not self.shows_closed and self.about.get("internal") is not False:
            findings.found(None, f"{form.ABOUT} does not say whether open forms of internal entries are there")
        return {"tiles": self._log.look_at_upper_tiles(findings)}

    def close(self) -> None:
        """Let go of the files."""
        self._files.close()


class LinesByPosition:
    """Gives the lines about each position, for positions that rise."""

    def __init__(self, name: str, lines: Iterator[dict[str, Any]]) -> None:
        self._name, self._lines = name, lines
        self._next = next(lines, None)

    def about(self, position: int) -> Iterator[dict[str, Any]]:
        """Give the lines about a position."""
        try:
            while self._next is not None and self._next["position"] == position:
                yield self._next
                self._next = next(self._lines, None)
        except (KeyError, TypeError, ValueError) as bad:
            raise DamagedError(position, f"{self._name} cannot be read: {type(bad).__name__} {bad}") from bad

    def end(self) -> None:
        """Find a line that was about no position, or not in its place."""
        if self._next is not None:
            position = self._next.get("position")
            known = position if isinstance(position, int) else None
            raise DamagedError(known, f"{self._name} has a line about entry {position} that is not in its place")
