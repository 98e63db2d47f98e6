"""The write path: everything that waits is recorded in one transaction, by one thread (design, section 4).

Commands are decided while the end of the ledger is locked, so they see every entry that any process recorded before.
A command that is refused leaves nothing behind and touches no other command of its batch.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import sleep
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from structlog import get_logger

from application.errors import Declined
from application.ports import Command, Unit
from domain.errors import Refusal
from infrastructure import clock
from infrastructure.database.engines import Database
from infrastructure.database.tables import entries, head, remembered
from infrastructure.log.read_only import ReadOnlyError
from infrastructure.recording.aggregate_cache import Cache
from infrastructure.recording.batch import Batch
from infrastructure.recording.codec import entry_form
from infrastructure.recording.tail import ClockBehindError, lock_tail
from infrastructure.recording.unit import CommandUnit

LARGEST_BATCH: Final = 256
LARGEST_QUEUE: Final = 4_096
REMEMBERED_FOR: Final = timedelta(days=30)
_TURNS: Final = 3
"""Turns of the event loop in which a request gets from its arrival to the writer."""
_PAUSES: Final = (0.0, 0.1, 0.5, 2.0)
"""Seconds to wait before each look for a transaction of which it is not known whether it was committed."""
_SCRUB_AGAIN: Final = 5.0
"""Seconds until the write-ahead log is emptied after an erasure that a reader was in the way of."""

Outcome = Mapping[str, Any] | BaseException
_log = get_logger()


class TooBusyError(Exception):
    """More commands wait than the ledger will take on."""


class RightsChangedError(Exception):
    """Who may do what was changed since the caller was recognised."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    command: Command
    answer: "asyncio.Future[Mapping[str, Any]]"


@dataclass(slots=True)
class _Attempt:
    """A transaction as far as it came: what it answers, and the entry it ends with once it is to be committed."""

    outcomes: list[Outcome] = field(default_factory=list)
    position: int = 0
    leaf: bytes | None = None


class Writer:
    """Takes commands one by one from any number of callers and records them batch by batch."""

    def __init__(self, database: Database, time_zone: ZoneInfo, now: Callable[[], datetime] = clock.now) -> None:
        self._database, self._time_zone, self._now = database, time_zone, now
        self._cache = Cache()
        self._waiting: list[_Waiting] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._pump: asyncio.Task[None] | None = None
        self._scrubbing: threading.Timer | None = None
        self._unscrubbed = False
        self.permit: Callable[[], None] = lambda: None
        """Raises ReadOnlyError if nothing may be recorded now."""
        self.permit_after: Callable[[int], None] = lambda _position: None
        """Raises ReadOnlyError if the ledger, once it is locked, may not go on from its last position."""
        self.after_commit: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> int:
        """How many commands wait for the next batch."""
        return len(self._waiting)

    @property
    def rights(self) -> int:
        """A number that is another one after every change of who may do what, as far as this process knows."""
        return self._cache.rights

    async def submit(self, command: Command, rights: int | None = None) -> Mapping[str, Any]:
        """Record a command with the next batch; give its answer, or raise what it raised.

        A caller that goes away does not take the command back. RightsChangedError and nothing recorded if *rights*
        are given and are no longer those in force, whatever process changed them.
        """
        if len(self._waiting) >= LARGEST_QUEUE:
            raise TooBusyError
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(command if rights is None else _under(rights, command), answer))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run())
        # Whoever goes away cancels the answer, not the command.
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            await self._gathered()
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            for waiting, outcome in zip(batch, await self._outcomes(batch), strict=True):
                if waiting.answer.cancelled():
                    continue
                if isinstance(outcome, BaseException):
                    waiting.answer.set_exception(outcome)
                    waiting.answer.exception()  # a caller that went away does not read it
                else:
                    waiting.answer.set_result(outcome)

    async def _gathered(self) -> None:
        """Let what is on its way come to wait here, too: a transaction costs as much as a dozen commands."""
        before = 0
        while before < len(self._waiting) < LARGEST_BATCH:
            before = len(self._waiting)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    async def _outcomes(self, batch: Sequence[_Waiting]) -> Sequence[Outcome]:
        try:
            commands = [each.command for each in batch]
            return await asyncio.get_running_loop().run_in_executor(self._thread, self.write, commands)
        except RuntimeError as closed:  # the thread has ended
            return [closed] * len(batch)

    async def drain(self) -> None:
        """Wait until everything that was taken on is recorded."""
        while self._pump is not None and not self._pump.done():
            await self._pump

    def record(self, command: Command) -> Mapping[str, Any]:
        """Record one command now; give its answer, or raise what it raised."""
        (outcome,) = self._thread.submit(self.write, [command]).result()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def write(self, commands: Sequence[Command]) -> list[Outcome]:
        """Record commands in one transaction. If it fails as a whole, each gets a transaction of its own.

        A failure while the transaction is committed leaves open whether it was. So it is looked up, and nothing is
        recorded a second time; if that cannot be done either, every caller is told of the failure.
        """
        attempt = _Attempt()
        try:
            self.permit()
            self._transaction(commands, attempt)
        except ReadOnlyError as standstill:
            self._cache.clear()
            return [standstill] * len(commands)
        except Exception as failure:  # noqa: BLE001 -- whatever it was, every caller gets an answer
            self._cache.clear()
            stands = self._stands(attempt)
            if stands is None or (not stands and len(commands) == 1):
                _log.error("recording failed", error=type(failure).__name__, in_doubt=stands is None, exc_info=True)
                return [failure] * len(commands)
            if not stands:
                return [outcome for command in commands for outcome in self.write([command])]
        if attempt.leaf is not None:
            self._tell()
        self._scrub()
        return attempt.outcomes

    def _transaction(self, commands: Sequence[Command], attempt: _Attempt) -> None:
        with self._database.writing() as connection:
            tail = lock_tail(connection, entry_form, self._cache.frontier)
            self.permit_after(tail.position)
            self._cache.catch_up(connection, tail.position)
            batch = Batch(connection, tail, self._cache, self._time_zone, self._now)
            attempt.outcomes = [self._decide(batch, command) for command in commands]
            if batch.changed:
                batch.write()
                self._unscrubbed = self._unscrubbed or batch.deleted
            attempt.position, attempt.leaf = tail.position, tail.leaf
        self._cache.move(tail.position, tail.frontier, rights_changed=batch.rights_changed)

    def _stands(self, attempt: _Attempt) -> bool | None:
        """Whether an attempt was committed after all; None if that cannot be found out now."""
        if attempt.leaf is None:
            return False
        for pause in _PAUSES:
            sleep(pause)
            try:
                with self._database.writing() as connection:
                    # The lock waits for a commit that is still under way on the server.
                    connection.execute(sa.select(head.c.position).with_for_update()).one()
                    query = sa.select(entries.c.leaf_hash).where(entries.c.position == attempt.position)
                    found = connection.execute(query).scalar()
            except sa.exc.SQLAlchemyError:
                continue
            return bool(found == attempt.leaf)
        return None

    def _scrub(self) -> None:
        """See to it that no file of the database holds an erased text; again later, if a reader is in the way."""
        if self._unscrubbed and self._scrubbing is None:
            self._unscrubbed = not self._database.scrub()
        if self._unscrubbed and self._scrubbing is None:
            self._scrubbing = threading.Timer(_SCRUB_AGAIN, self._scrub_again)
            self._scrubbing.daemon = True
            self._scrubbing.start()

    def _scrub_again(self) -> None:
        self._scrubbing = None
        with suppress(RuntimeError):  # the thread has ended: closing scrubs, too
            self._thread.submit(self._scrub)

    def _tell(self) -> None:
        try:
            self.after_commit()
        except Exception:  # noqa: BLE001 -- what was recorded stays recorded, whoever hears of it
            _log.error("an observer of the ledger failed", exc_info=True)

    def _decide(self, batch: Batch, command: Command) -> Outcome:
        unit = CommandUnit(batch)
        try:
            answer = command(unit)
            unit.finish()
        except (Declined, Refusal, ClockBehindError, RightsChangedError) as refused:
            unit.abandon()
            return refused
        return answer

    def forget_old_answers(self) -> None:
        """Delete remembered answers that nobody will ask for again, and what a crash left in the write-ahead log."""
        before = clock.to_micros(self._now() - REMEMBERED_FOR)
        with self._database.writing() as connection:
            connection.execute(sa.delete(remembered).where(remembered.c.recorded_at < before))
        self._database.scrub()

    def close(self) -> None:
        """Let the thread end."""
        if self._scrubbing is not None:
            self._scrubbing.cancel()
            self._scrubbing = None
        with suppress(RuntimeError):  # it is closed already
            self._thread.submit(self._scrub)
        self._thread.shutdown()


def _under(rights: int, command: Command) -> Command:
    def guarded(unit: Unit) -> Mapping[str, Any]:
        if cast("CommandUnit", unit).rights != rights:
            raise RightsChangedError
        return command(unit)

    return guarded
