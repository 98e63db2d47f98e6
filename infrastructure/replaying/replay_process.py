"""Replaying with all processors: entries are looked at, and histories folded, in processes of their own.

Each is a `python -m infrastructure.replaying.replay_process`. It gets one piece of work over its standard input and
writes what it finds to its standard output; a pipe holds little, so that none is far ahead of whoever reads. It ends
when it is done, or when nobody reads any more. Entries up to a log size never change, so that all see the same.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

import sqlalchemy as sa

from infrastructure.database.engines import Database
from infrastructure.replaying.replayed_entries import Looked, look_at_entries
from infrastructure.replaying.stream_projections import Some, some_streams

_LOOKING: Final = -1
_WORTH_IT: Final = 50_000
"""Entries from which on starting processes costs less than it saves."""


class ReplayingFailedError(Exception):
    """A process that helped with replaying ended before it was done."""


class _Work(NamedTuple):
    """A database and log size; which of how many *parts* of the streams to fold, `_LOOKING` to look at the entries.

    Whether the rows of `entry_facts` are wanted, too.
    """

    url: str
    size: int
    part: int
    parts: int
    facts: bool


def processors_for(size: int) -> int:
    """Say how many processors a replay of *size* entries should use."""
    if size < _WORTH_IT:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ReplayingProcesses:
    """Processes for one replay: one looks at the entries, the others fold a part of the streams each, as we do."""

    def __init__(self, url: sa.URL, size: int, processors: int, *, facts: bool = True) -> None:
        self._url, self._size, self._facts = url.render_as_string(hide_password=False), size, facts
        self._parts = processors
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for part in (_LOOKING, *range(1, self._parts)):
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "infrastructure.replaying.replay_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self._running.append(process)
            assert process.stdin is not None
            pickle.dump(_Work(self._url, self._size, part, self._parts, self._facts), process.stdin)
            process.stdin.close()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def looked(self) -> Looked:
        """Wait for what was found in the entries."""
        found: Looked = self._next(self._running[0])
        return found

    def streams(self, connection: sa.Connection) -> Iterator[Some]:
        """Give what the histories give, from each process in turn; the first part is folded here."""
        own = some_streams(connection, self._size, 0, self._parts, facts=self._facts)
        going = [own, *map(self._from, self._running[1:])]
        while going:
            for part in list(going):
                some = next(part, None)
                if some is None:
                    going.remove(part)
                else:
                    yield some

    def _from(self, process: "subprocess.Popen[bytes]") -> Iterator[Some]:
        while (some := self._next(process)) is not None:
            yield some

    @staticmethod
    def _next(process: "subprocess.Popen[bytes]") -> Any:
        assert process.stdout is not None
        try:
            return pickle.load(process.stdout)  # noqa: S301 -- written by our own process
        except (EOFError, pickle.UnpicklingError) as gone:
            raise ReplayingFailedError(f"a process that helped ended before it was done, {process.wait()}") from gone


def main() -> None:
    """Do the work that comes in."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # in a terminal Ctrl+C reaches whoever reads, too
    work: _Work = pickle.load(sys.stdin.buffer)  # noqa: S301 -- written by our own process
    database = Database(work.url)
    with database.reading() as connection:
        if work.part == _LOOKING:
            _write(look_at_entries(connection, work.size, lambda _: None))
            return
        for some in some_streams(connection, work.size, work.part, work.parts, facts=work.facts):
            _write(some)
        _write(None)


def _write(found: object) -> None:
    try:
        pickle.dump(found, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(0)  # nobody reads any more


if __name__ == "__main__":
    main()
