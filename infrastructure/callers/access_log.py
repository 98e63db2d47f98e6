"""Who was shown what is not public: lines of JSON in files beside the ledger, for a read appends no entry.

What cannot be written down is not shown. A line outlives the process that wrote it, not a power cut.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from application.access import Caller
from domain.answers import instant
from infrastructure import files

NAME: Final = "access.jsonl"
LARGEST_BYTES: Final = 16 * 1024 * 1024
MOST_FILES: Final = 32
_LONGEST_VALUE: Final = 200


class NotWrittenDownError(Exception):
    """The access log cannot be written, so that nothing is shown that would have to stand in it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which question was asked, and with which parameters."""

    route: str
    parameters: Mapping[str, str]


class AccessLog:
    """Appends lines; past a size the file is put aside, and the oldest ones go. Several processes may write."""

    def __init__(self, folder: Path, now: Callable[[], datetime], largest: int = LARGEST_BYTES) -> None:
        self._path, self._now, self._largest = folder / NAME, now, largest

    def write(self, caller: Caller, asked: Asked, restricted: Iterable[str]) -> None:
        """Write down what of the restricted is shown to whom; NotWrittenDownError if that fails."""
        line = {
            "time": instant(self._now()),
            "actor": caller.actor,
            "role": caller.role,
            "token": caller.token,
            "route": asked.route,
            "parameters": {name: value[:_LONGEST_VALUE] for name, value in asked.parameters.items()},
            "restricted": sorted(restricted),
        }
        try:
            self._rotate()
            files.append(self._path, json.dumps(line, ensure_ascii=False).encode() + b"\n", mode=files.PRIVATE)
        except OSError as failed:
            said = "what is restricted is not shown, since the access log cannot be written"
            raise NotWrittenDownError(f"{said}: {failed.strerror or failed}") from failed

    def _rotate(self) -> None:
        if not self._is_full():
            return
        with files.FileLock(self._path.with_suffix(".lock")).waiting():
            if not self._is_full():
                return  # another process has put it aside
            aside = f"access-{self._now():%Y%m%dT%H%M%S.%fZ}.jsonl"
            self._path.rename(self._path.with_name(aside))
            for old in sorted(self._path.parent.glob("access-*.jsonl"))[:-MOST_FILES]:
                old.unlink(missing_ok=True)

    def _is_full(self) -> bool:
        try:
            return self._path.stat().st_size >= self._largest
        except FileNotFoundError:
            return False
