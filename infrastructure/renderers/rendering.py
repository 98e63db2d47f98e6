"""Long renderings are made in a process of their own, one at a time.

Laying out thousands of commitments takes seconds, memory, and – in Typst – native code that may end its process for a
hostile text. None of it may reach the server: the process is started when it is first needed, has bounded memory, is
ended when it takes too long, and is replaced when it died. What goes wrong is a RenderingFailedError, nothing else.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Timer
from typing import Final, Protocol

from infrastructure.renderers.rendering_process import MADE, read_frame, write_frame

_MUCH: Final = 4 * 1024 * 1024
"""The size of a report's JSON after which a process gives its memory back by ending."""


class Render(Protocol):
    """Gives the rendering of a report's JSON; *carried* is what it carries, if that is other JSON."""

    def __call__(self, report: bytes, carried: bytes | None = None) -> bytes:
        """Render."""


class RenderingBusyError(Exception):
    """Another report is being made in this format; *seconds* is a fair time to come back."""

    def __init__(self, form: str, seconds: int = 5) -> None:
        self.form, self.seconds = form, seconds
        super().__init__(f"one {form.upper()} is made at a time, and another is being made")


class RenderingFailedError(Exception):
    """A report could not be laid out; the text says why."""

    def __init__(self, form: str, why: str) -> None:
        self.form, self.why = form, why
        super().__init__(f"the report could not be made as {form.upper()}: {why}")


class Renderings:
    """The processes that render, one for each of *forms*."""

    def __init__(self, forms: tuple[str, ...], seconds: int, megabytes: int) -> None:
        self._processes = {form: _RenderingProcess(form, seconds, megabytes) for form in forms}

    @contextmanager
    def turn(self, form: str) -> Iterator[Render]:
        """Take the only turn for a format; RenderingBusyError if somebody has it."""
        process = self._processes[form]
        if not process.turn.acquire(blocking=False):
            raise RenderingBusyError(form)
        try:
            yield process.render
        finally:
            process.turn.release()

    def process_ids(self) -> list[int]:
        """Give the processes that are there now."""
        found = (process.process_id for process in self._processes.values())
        return [each for each in found if each is not None]

    def close(self) -> None:
        """End every process, in the middle of a rendering too."""
        for process in self._processes.values():
            process.close()


class _RenderingProcess:
    """One process, started when needed. Whoever has *turn* may render."""

    def __init__(self, form: str, seconds: int, megabytes: int) -> None:
        self._form, self._seconds, self._megabytes = form, seconds, megabytes
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False
        self.turn = Lock()

    @property
    def process_id(self) -> int | None:
        running = self._running
        return None if running is None or running.poll() is not None else running.pid

    def render(self, report: bytes, carried: bytes | None = None) -> bytes:
        """Give the bytes of a report."""
        process = self._started()
        too_late = Event()

        def stop() -> None:
            too_late.set()
            process.kill()

        timer = Timer(self._seconds, stop)
        timer.start()
        try:
            answer = _asked(process, report, carried)
        finally:
            timer.cancel()
        if answer is None or answer[:1] != MADE:
            self._end()  # whatever state a failure left there is gone with it
            why = self._how_it_ended(process.wait(), too_late=too_late.is_set())
            raise RenderingFailedError(self._form, why if answer is None else answer[1:].decode(errors="replace"))
        if len(report) > _MUCH:
            self._end()  # its memory does not come back otherwise
        return answer[1:]

    def close(self) -> None:
        """End the process; whoever waits for a rendering is told."""
        self._closed = True
        if self._running is not None:
            self._running.kill()
        with self.turn:
            self._end()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._closed:
            raise RenderingFailedError(self._form, "the server is ending")
        if self.process_id is None:
            self._end()
            module = (sys.executable, "-P", "-m", "infrastructure.renderers.rendering_process")
            self._running = subprocess.Popen(  # noqa: S603 -- our own module, by our own interpreter
                [*module, self._form, str(self._seconds), str(self._megabytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # It needs none of the ledger's settings, and passwords may be among them.
                env={name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")},
            )
        assert self._running is not None
        return self._running

    def _end(self) -> None:
        process, self._running = self._running, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with suppress(OSError):
                    pipe.close()

    def _how_it_ended(self, code: int, *, too_late: bool) -> str:
        if too_late:
            return f"it takes longer than the {self._seconds} seconds that LEDGER_RENDERING_SECONDS allows"
        if self._closed:
            return "the server is ending"
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return (
            f"the process that makes it ended ({how}); it may have needed more than the {self._megabytes} MB of memory "
            "that LEDGER_RENDERING_MEGABYTES allows"
        )


def _asked(process: "subprocess.Popen[bytes]", report: bytes, carried: bytes | None) -> bytes | None:
    """Ask for a rendering; None if the process ends over it."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        write_frame(process.stdin, report)
        write_frame(process.stdin, carried or b"")
        return read_frame(process.stdout)
    except OSError:
        return None
