"""Sealing: what was recorded is read back from storage, hashed again, and signed (design, section 5).

One process of a host seals, or follows the host that does; it holds a lock that ends with it. Memory is used only as
long as nothing went wrong: after any error everything is read again from disk. The past is never signed anew: on a
mismatch the ledger turns read-only.
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
from infrastructure.database.engines import Database
from infrastructure.database.hosts import SIGNED, Hosts
from infrastructure.log.following import CannotFollowError, Follower
from infrastructure.log.key_file import KeyFile
from infrastructure.log.log_reading import announced_key
from infrastructure.log.read_only import ReadOnly, ReadOnlyError, Standstill
from infrastructure.log.rereading import Rereading
from infrastructure.log.signed_state import BrokenStateError, Signed, SignedState
from infrastructure.verifying.inspecting import (
    Inspector,
    MismatchError,
    RememberedOtherwiseError,
    begin_at,
    inspect,
    last_position,
    rows,
)

AT_MOST: Final = 1.0
"""Seconds until something recorded by another process is noticed; what this process records is sealed at once."""
AT_LEAST: Final = 0.2
"""Seconds between two seals, so that a busy ledger does not sign after every batch."""
REREAD: Final = 500
"""Entries that are hashed again in one turn: a few milliseconds."""
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
        hosts: Hosts,
        publish: Callable[[Signed], None],
        memory: Memory | None = None,
    ) -> None:
        self._database, self._state, self._keys, self._read_only = database, state, keys, read_only
        self._origin, self._now, self._publish, self._memory = origin, now, publish, memory
        self._lock = files.FileLock(state.folder / _LOCK)
        self._hosts, self._follower, self._sealed_here = hosts, Follower(hosts, state), False
        self._at: tuple[Signed, Inspector] | None = None
        self._rereading = Rereading(database, now)
        self._looked = False
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
        """Seal what is left and let the locks go."""
        self.finish()
        self.release()

    def finish(self) -> None:
        """Seal what is left."""
        left = self._wake.is_set() or self._thread is not None
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if left:
            self.seal()

    def release(self) -> None:
        """Let another process, or host, seal."""
        with self._turn:
            self._hosts.resign()
            self._lock.release()
            self._forget()

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
        """Take the locks; False if another process seals, or another host."""
        return self._lock.take() and self._hosts.elected()

    def keys_fit(self, connection: sa.Connection) -> bool:
        """Whether the key file is up to the ledger: it knows the key that was announced last."""
        announced, keys = announced_key(connection, self._origin), self._keys.read()
        following = () if keys.following is None else (str(keys.following.verifier),)
        return announced is None or announced in (str(keys.verifier), *following)

    def _is_to_seal(self) -> bool:
        """Whether this host seals now: no other does, and its key is the one that the ledger has announced."""
        may = self._keys.read().signs
        if may and not self._hosts.alone:
            with self._database.reading() as connection:
                may = self.keys_fit(connection)
        if not may:
            self._hosts.resign()
        return may and self._hosts.elected()

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
            except CannotFollowError as behind:
                self._fail(behind)
                self._hosts.resign()  # a host whose keys verify it may do it
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
        sealing = self._is_to_seal()
        if sealing != self._sealed_here:
            self._forget()
            self._sealed_here = sealing
        at = self._at or self._load(sealing=sealing)
        self._at = None  # nothing is trusted that an error left half done
        if at is not None:
            self._at = at = self._sealed_after(*at) if sealing else self._followed(*at)
        self.failing = self._read_only.passing = None
        return None if at is None else at[0]

    def _sealed_after(self, signed: Signed, inspector: Inspector) -> tuple[Signed, Inspector]:
        with self._database.reading() as connection:
            signed = self._follower.follow(connection, signed, inspector)
            for row in rows(connection, signed.size, last_position(connection, signed.size)):
                inspector.take(row)
        if inspector.frontier.size > signed.size:
            signed = self._state.swap(signed, self._note(inspector.frontier))
        self._hosts.tell(SIGNED, signed)
        self._publish(signed)
        return signed, inspector

    def _followed(self, signed: Signed, inspector: Inspector) -> tuple[Signed, Inspector]:
        with self._database.reading() as connection:
            signed = self._follower.follow(connection, signed, inspector)
            last_position(connection, signed.size)
            self._follower.show(connection, signed)
        return signed, inspector

    def _note(self, frontier: Frontier) -> bytes:
        text = Checkpoint(self._origin, frontier.size, frontier.root).text
        return bytes(Note(text, self._keys.read().signatures(text, self._now())))

    def _load(self, *, sealing: bool) -> tuple[Signed, Inspector] | None:
        """Begin from disk: what was signed must be what is there. None if this host has nothing to begin with."""
        self._state.forget()
        signed = self._state.signed() or self._first(self._memory, sealing=sealing)
        if signed is None:
            return None
        with self._database.reading() as connection:
            return signed, begin_at(connection, signed.size, signed.checkpoint.root)

    def _first(self, memory: Memory | None, *, sealing: bool) -> Signed | None:
        with self._database.reading() as connection:
            told = self._follower.first(connection)
        return told or (self._signed_from_nothing(memory) if sealing else None)

    def begin(self, *, ask: bool = False) -> None:
        """Sign what is there although nothing is remembered: with a key just made, or because an operator said so.

        With *ask* the witnesses are asked first, as far as they answer; MismatchError or NobodyAnswersError from them.
        """
        with self._turn:
            if self._lock.take() and self._is_to_seal():
                signed = self._state.signed() or self._first(self._memory if ask else None, sealing=True)
                assert signed is not None
                self._hosts.tell(SIGNED, signed)
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
        self._at = None
        self._rereading.begin_again()
        self._follower.forget()
        self._state.forget()

    # --- when something is wrong

    def _fail(self, error: Exception) -> None:
        self._forget()
        if isinstance(error, CannotFollowError):  # it is tried again every second, and stays so until somebody acts
            if self.failing is None:
                _log.error("this host cannot follow", why=str(error))
        else:
            _log.error("sealing failed", error=type(error).__name__, exc_info=True)
        self.failing = type(error).__name__

    def halt(self, reason: str, position: int | None = None) -> None:
        """Let nothing be recorded until an operator has looked."""
        self._read_only.stop(Standstill(reason, position, instant(self._now()) or ""))

    def _look_again(self, found: MismatchError) -> None:
        """A mismatch counts if it is still there when everything is read anew; then the first wrong entry is named."""
        self._fail(found)
        try:
            with self._database.reading() as connection:
                inspect(connection, self._follower.told_roots(connection, self.signed_roots()))
        except MismatchError as again:
            _log.error("the ledger turns read-only", position=again.position, found=again.what)
            self.halt(str(again), again.position)
            signed = self._state.signed()
            if signed is not None:
                self._hosts.warn(signed)
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

    @property
    def reread_at(self) -> datetime | None:
        """When every entry was last found to be what was signed."""
        return self._rereading.done_at

    def reread(self, count: int) -> bool:
        """Hash the next *count* entries of the signed past again; tell whether a round is under way."""
        with self._turn:
            if self._at is None:
                return False
            try:
                return self._rereading.turn(self._at[0], count)
            except MismatchError as found:
                self._look_again(found)
            except Exception as error:  # noqa: BLE001 -- the next attempt begins from disk
                self._fail(error)
            return False
