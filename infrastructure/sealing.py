"""Sealing: what was recorded is read back from storage, hashed again, and signed (design, section 5).

One process of a ledger seals; it holds a lock that ends with it. Memory is used only as long as nothing went wrong:
after any error everything is read again from disk. The past is never signed anew: on a mismatch the ledger turns
read-only.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from structlog import get_logger

from domain.answers import instant
from domain.checkpoint import Checkpoint
from domain.merkle import Frontier
from domain.notes import Note
from infrastructure import files
from infrastructure.database import Database
from infrastructure.inspecting import Inspector, MismatchError, RememberedOtherwiseError, inspect, rows
from infrastructure.key_file import KeyFile
from infrastructure.read_only import ReadOnly, ReadOnlyError, Standstill
from infrastructure.recorder import frontier_at
from infrastructure.signed_state import BrokenStateError, Signed, SignedState
from infrastructure.tables import entries

AT_MOST: Final = 1.0
"""Seconds until something recorded by another process is noticed; what this process records is sealed at once."""
AT_LEAST: Final = 0.2
"""Seconds between two seals, so that a busy ledger does not sign after every batch."""
REREAD: Final = 500
"""Entries that are hashed again in one turn: a few milliseconds."""
REST: Final = 10.0
"""Seconds between two rounds over all entries."""
UNANSWERED: Final = 5.0
"""Seconds until it is tried again when what was signed is not known."""
_LOCK: Final = "sealer.lock"
_log = get_logger()


Memory = Callable[[bytes, int], None]
"""Asks others whether a note of that size may be signed by a ledger that has forgotten what it signed.

MismatchError if somebody remembers otherwise, NobodyAnswersError if nobody could be asked.
"""


class NobodyAnswersError(Exception):
    """No witness could be asked."""


class Sealer:
    """Seals a ledger: `seal` once, or `start` a thread that does it whenever something was recorded."""

    def __init__(
        self,
        database: Database,
        state: SignedState,
        keys: KeyFile,
        read_only: ReadOnly,
        origin: str,
        now: Callable[[], datetime],
        publish: Callable[[Signed], None],
        memory: Memory | None = None,
    ) -> None:
        self._database, self._state, self._keys, self._read_only = database, state, keys, read_only
        self._origin, self._now, self._publish, self._memory = origin, now, publish, memory
        self._lock = files.FileLock(state.folder / _LOCK)
        self._at: tuple[Signed, Inspector] | None = None
        self._again: tuple[Signed, Inspector] | None = None
        self._rested_until = 0.0
        self._looked = False
        self.reread_at: datetime | None = None
        """When every entry was last found to be what was signed."""
        self.failing: str | None = None
        """What the last attempt failed with, None if it did not; the log lines say more."""
        self._turn = threading.RLock()
        self._wake, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    # --- the thread

    def start(self) -> None:
        """Seal from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        self._thread.start()

    def notify(self) -> None:
        """Something was recorded."""
        self._wake.set()

    def stop(self) -> None:
        """Seal what is left and let the lock go."""
        left = self._wake.is_set() or self._thread is not None
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if left:
            self.seal()
        self._lock.release()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.clear()
            began = time.monotonic()
            self.seal()
            # The first round over all entries is quick, the later ones are slow.
            hurried = self.reread(REREAD) and self.reread_at is None
            self._ending.wait(max(0.0, AT_LEAST - (time.monotonic() - began)) if self._wake.is_set() else 0)
            self._wake.wait(0.05 if hurried else AT_MOST if self._read_only.passing is None else UNANSWERED)

    def take_over(self) -> bool:
        """Take the lock; False if another process seals."""
        return self._lock.take()

    # --- before something is recorded

    def permit(self) -> None:
        """Raise ReadOnlyError if nothing may be recorded; the first call looks whether the signed past is there."""
        if not self._looked:
            with self._turn:
                if not self._keys.exists:
                    raise ReadOnlyError(self._passing("the log has no key file; run `ledger migrate`"))
                self.seal()
                self._looked = self._read_only.why() is None
        self._read_only.check()

    def permit_after(self, position: int) -> None:
        """Raise ReadOnlyError if entries would take positions that were signed already."""
        try:
            signed = self._state.signed()
        except BrokenStateError as broken:
            raise ReadOnlyError(self._passing(str(broken))) from broken
        if signed is not None and position < signed.size:
            self.notify()
            what = f"{signed.size} entries were signed, {position} are there"
            raise ReadOnlyError(self._passing(what, position + 1))

    def _passing(self, reason: str, position: int | None = None) -> Standstill:
        return Standstill(reason, position, instant(self._now()) or "", lasting=False)

    # --- sealing

    def seal(self) -> Signed | None:
        """Seal what is there; give the last signed checkpoint, None if this process may not or could not sign."""
        with self._turn:
            try:
                return self._sealed()
            except RememberedOtherwiseError as found:
                self._fail(found)
                self.halt(str(found), found.position)
            except MismatchError as found:
                self._look_again(found)
            except (BrokenStateError, NobodyAnswersError) as doubt:
                self._fail(doubt)
                self._read_only.passing = self._passing(str(doubt))
            except Exception as error:  # noqa: BLE001 -- whatever it was, the next attempt begins from disk
                self._fail(error)
            return None

    def _sealed(self) -> Signed | None:
        standstill = self._read_only.why()
        if not self._keys.exists or (standstill is not None and standstill.lasting):
            self._forget()
            return None
        if not self._lock.take():
            return None  # another process seals
        signed, inspector = self._at or self._load()
        self._at = None  # nothing is trusted that an error left half done
        with self._database.reading() as connection:
            for row in rows(connection, signed.size, last_position(connection, signed.size)):
                inspector.take(row)
        if inspector.frontier.size > signed.size:
            signed = self._state.swap(signed, self._note(inspector.frontier))
        self._publish(signed)
        self._at = signed, inspector
        self.failing = self._read_only.passing = None
        return signed

    def _note(self, frontier: Frontier) -> bytes:
        text = Checkpoint(self._origin, frontier.size, frontier.root).text
        return bytes(Note(text, self._keys.read().signatures(text, self._now())))

    def _load(self) -> tuple[Signed, Inspector]:
        """Begin from disk: what was signed must be what is there."""
        self._state.forget()
        signed = self._state.signed() or self._signed_from_nothing(self._memory)
        with self._database.reading() as connection:
            return signed, begin_at(connection, signed.size, signed.checkpoint.root)

    def begin(self, *, ask: bool = False) -> None:
        """Sign what is there although nothing is remembered: with a key just made, or because an operator said so.

        With *ask* the witnesses are asked first, as far as they answer; MismatchError or NobodyAnswersError from them.
        """
        with self._turn:
            if self._lock.take():
                signed = self._state.signed() or self._signed_from_nothing(self._memory if ask else None)
                self._publish(signed)

    def _signed_from_nothing(self, memory: Memory | None) -> Signed:
        """Nothing is remembered: whoever else may remember is asked before the first signature is shown."""
        with self._database.reading() as connection:
            frontier = inspect(connection)
        note = self._note(frontier)
        if memory is not None:
            memory(note, frontier.size)
        elif frontier.size:
            _log.warning(
                "nothing is known of what was signed before; what the database holds is signed as it stands",
                entries=frontier.size,
                root=frontier.root.hex(),
                advice="if the signed state was lost, compare with a checkpoint that somebody has kept",
            )
        return self._state.swap(None, note)

    def _forget(self) -> None:
        self._at = self._again = None
        self._state.forget()

    # --- when something is wrong

    def _fail(self, error: Exception) -> None:
        self._forget()
        self.failing = type(error).__name__
        _log.error("sealing failed", error=type(error).__name__, exc_info=True)

    def halt(self, reason: str, position: int | None = None) -> None:
        """Let nothing be recorded until an operator has looked."""
        self._read_only.stop(Standstill(reason, position, instant(self._now()) or ""))

    def _look_again(self, found: MismatchError) -> None:
        """A mismatch counts if it is still there when everything is read anew; then the first wrong entry is named."""
        self._fail(found)
        try:
            with self._database.reading() as connection:
                inspect(connection, self.signed_roots())
        except MismatchError as again:
            _log.error("the ledger turns read-only", position=again.position, found=again.what)
            self.halt(str(again), again.position)
        except Exception as error:  # noqa: BLE001 -- the next attempt begins from disk as well
            self._fail(error)

    def signed_roots(self) -> Iterator[tuple[int, bytes]]:
        signed = self._state.signed()
        for size, root in self._state.roots():
            if signed is not None and size < signed.size:
                yield size, root
        if signed is not None:
            yield signed.size, signed.checkpoint.root

    # --- going over everything again, slowly

    def reread(self, count: int) -> bool:
        """Hash the next *count* entries of the signed past again; tell whether a round is under way."""
        with self._turn:
            if self._at is None:
                return False
            try:
                return self._reread(count)
            except MismatchError as found:
                self._look_again(found)
            except Exception as error:  # noqa: BLE001 -- the next attempt begins from disk
                self._fail(error)
            return False

    def _reread(self, count: int) -> bool:
        if self._again is None:
            if self._rested_until > time.monotonic():
                return False
            assert self._at is not None
            self._again = self._at[0], Inspector(Frontier(), versions={})
        signed, inspector = self._again
        done = inspector.frontier.size
        with self._database.reading() as connection:
            for row in rows(connection, done, min(done + count, signed.size)):
                inspector.take(row)
        if inspector.frontier.size == done < signed.size:
            raise MismatchError(done + 1, "it is missing")
        if inspector.frontier.size < signed.size:
            return True
        if inspector.frontier.root != signed.checkpoint.root:
            raise MismatchError(None, f"the root of the first {signed.size} entries is not the one that was signed")
        self.reread_at, self._again = self._now(), None
        self._rested_until = time.monotonic() + REST
        return False


def last_position(connection: sa.Connection, signed_size: int) -> int:
    """Give the last position; MismatchError if what was signed is longer."""
    last = connection.execute(sa.select(sa.func.max(entries.c.position))).scalar() or 0
    if last < signed_size:
        raise MismatchError(last + 1, f"it is missing: {signed_size} entries were signed, {last} are there")
    return int(last)


def begin_at(connection: sa.Connection, size: int, root: bytes) -> Inspector:
    """Take up a tree where it was signed, in O(log size) look-ups; MismatchError if storage has another root there."""
    last_position(connection, size)
    try:
        frontier = frontier_at(connection, size)
    except KeyError as missing:
        raise MismatchError(missing.args[0], "it is missing") from None
    if frontier.root != root:
        raise MismatchError(None, f"the root of the first {size} entries is not the one that was signed")
    recorded_at = connection.execute(sa.select(entries.c.recorded_at).where(entries.c.position == size)).scalar()
    return Inspector(frontier, -1 if recorded_at is None else recorded_at)
