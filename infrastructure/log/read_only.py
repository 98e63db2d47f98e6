"""The switch that stops all writing: one file beside the signed state, seen by every process of the ledger."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from infrastructure import files

NAME: Final = "read-only"


@dataclass(frozen=True, slots=True)
class Standstill:
    """Why nothing is recorded any more; *position* is the first entry that is wrong, None if that is not known.

    *lasting*: only `ledger recover` ends it.
    """

    reason: str
    position: int | None
    since: str
    lasting: bool = True


class ReadOnlyError(Exception):
    """The ledger answers questions and records nothing."""

    def __init__(self, standstill: Standstill) -> None:
        self.standstill = standstill
        way_out = "; an operator has to look, then `ledger recover` ends it" if standstill.lasting else ""
        super().__init__(f"the ledger is read-only: {standstill.reason}{way_out}")

    @property
    def members(self) -> Mapping[str, Any]:
        """What a problem tells besides the text."""
        return {"position": self.standstill.position, "since": self.standstill.since}


class ReadOnly:
    """The switch. *passing* is a reason that holds for this process only and goes away by itself."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._seen: tuple[tuple[int, int], Standstill] | None = None
        self.passing: Standstill | None = None

    def why(self) -> Standstill | None:
        """Give why the ledger is read-only, None if it is not."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return self.passing
        mark = found.st_mtime_ns, found.st_ino
        if self._seen is None or self._seen[0] != mark:
            self._seen = mark, _standstill(self._path.read_bytes())
        return self._seen[1]

    def check(self) -> None:
        """Raise ReadOnlyError if it is read-only."""
        standstill = self.why()
        if standstill is not None:
            raise ReadOnlyError(standstill)

    def stop(self, standstill: Standstill) -> None:
        """Let nothing be recorded until an operator has looked. The first reason stays."""
        if not self._path.exists():
            files.replace(self._path, json.dumps(asdict(standstill), indent=1).encode() + b"\n")

    def end(self) -> None:
        """Let the ledger record again."""
        self._path.unlink(missing_ok=True)
        if self._path.parent.exists():
            files.sync_folder(self._path.parent)
        self.passing = None


def _standstill(content: bytes) -> Standstill:
    try:
        return Standstill(**json.loads(content))
    except (ValueError, TypeError):
        # Whoever made the file by hand wants the same.
        return Standstill("the file read-only in the data directory says so", None, "")
