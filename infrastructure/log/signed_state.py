"""What the log has signed, outside the database: the one memory that a restored or doctored database cannot change.

`signed-state` holds the last signed checkpoint; it only grows. `checkpoint` is what is published: the same, or an
earlier one while witnesses are waited for. `signed-roots` lists what was signed before, to say where a database went
wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from domain.checkpoint import Checkpoint, open_checkpoint
from domain.notes import VerifierKey
from domain.policy import Party, Policy
from domain.strict_text import base64_text, decimal, hash_text
from domain.unproven import Unproven
from infrastructure import files
from infrastructure.log.signatures import verify

STATE: Final = "signed-state"
PUBLISHED: Final = "checkpoint"
ROOTS: Final = "signed-roots"
_SWAP_LOCK: Final = "signed-state.lock"

Verifiers = Callable[[], tuple[VerifierKey, ...]]


class StateMovedError(Exception):
    """Somebody else has signed in between."""


class BrokenStateError(Exception):
    """The signed state is not what this log has signed; the text says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and the note that carries it."""

    note: bytes
    checkpoint: Checkpoint

    @property
    def size(self) -> int:
        """How many entries it covers."""
        return self.checkpoint.size


class SignedState:
    """The files. What is read is verified, and read again only when a file has changed."""

    def __init__(self, folder: Path, verifiers: Verifiers) -> None:
        self.folder, self._verifiers = folder, verifiers
        self._seen: dict[str, tuple[tuple[int, int, int], Signed]] = {}

    def signed(self) -> Signed | None:
        """Give the last signed checkpoint, None if nothing is remembered; BrokenStateError if it cannot be believed."""
        return self._read(STATE)

    def published(self) -> Signed | None:
        """Give what the world is told."""
        return self._read(PUBLISHED)

    def _read(self, name: str) -> Signed | None:
        path = self.folder / name
        try:
            found = path.stat()
            mark = found.st_mtime_ns, found.st_ino, found.st_size
            before = self._seen.get(name)
            if before is None or before[0] != mark:
                self._seen[name] = before = mark, self.believed(path.read_bytes())
        except FileNotFoundError:
            self._seen.pop(name, None)
            return None
        except Unproven as doubt:
            raise BrokenStateError(f"{path} is no checkpoint of this log: {doubt.message}") from doubt
        return before[1]

    def believed(self, note: bytes) -> Signed:
        """Read a note that this log has signed; Unproven if it has not."""
        return _believed(note, self._verifiers())

    def forget(self) -> None:
        """Read everything again."""
        self._seen.clear()

    def swap(self, before: Signed | None, note: bytes) -> Signed:
        """Remember a new checkpoint, durably, unless what is remembered is no longer *before*: StateMovedError."""
        after = self.believed(note)
        with files.FileLock(self.folder / _SWAP_LOCK).waiting():
            self.forget()
            there = self.signed()
            if (there and there.note) != (before and before.note):
                raise StateMovedError(f"size {there.size if there else 'unknown'} was signed in between")
            if there is not None and after.size < there.size:
                raise StateMovedError(f"size {there.size} was signed, {after.size} is smaller")
            files.replace(self.folder / STATE, note)
            files.append(self.folder / ROOTS, f"{after.size} {base64_text(after.checkpoint.root)}\n".encode())
        return after

    def publish(self, note: bytes) -> None:
        """Tell the world, never less than before."""
        there = self.published()
        if there is not None and there.note == note:
            return
        after = self.believed(note)
        with files.FileLock(self.folder / _SWAP_LOCK).waiting():
            there = self.published()
            if there is None or (there.size <= after.size and there.note != note):
                files.replace(self.folder / PUBLISHED, note)

    def roots(self) -> Iterator[tuple[int, bytes]]:
        """Give what was signed so far: size and root. Told to find a fault, not to prove anything."""
        try:
            lines = (self.folder / ROOTS).read_text("ascii").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            size, _, root = line.partition(" ")
            try:
                yield decimal(size, "a size"), hash_text(root, "a root")
            except Unproven:
                continue  # a line that a crash cut off

    def freeze(self, name: str) -> Path:
        """Put everything that was signed aside, for ever, in a folder of that name."""
        aside = self.folder / "frozen" / name
        aside.mkdir(parents=True, exist_ok=True)
        for each in (ROOTS, PUBLISHED, STATE):  # the state last: without it all begins anew
            if (self.folder / each).exists():
                (self.folder / each).replace(aside / each)
        files.sync_folder(aside)
        files.sync_folder(self.folder)
        self.forget()
        return aside


@lru_cache(maxsize=8)  # each is signed, remembered, published and looked at, and says the same every time
def _believed(note: bytes, verifiers: tuple[VerifierKey, ...]) -> Signed:
    policy = Policy(tuple(map(Party, verifiers)))
    return Signed(note, open_checkpoint(note, policy, verify, without_quorum=True).checkpoint)
