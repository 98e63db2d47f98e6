"""The process that renders, asked and answering in frames over its pipes.

It is a `python -m infrastructure.renderers.rendering_process`. It ends when whoever started it is gone: then nothing
comes any more. It has no part of the ledger's settings, opens no database, and leaves the processors to those who
answer requests.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Final

MADE: Final = b"+"
"""An answer that begins so is the rendering; any other says what went wrong."""

FAILED: Final = b"-"
_NICE: Final = 10
_GRACE_SECONDS: Final = 15
_MEGABYTE: Final = 1024 * 1024
_LENGTH_BYTES: Final = 8


def write_frame(stream: IO[bytes], *parts: bytes) -> None:
    """Write *parts* as one frame."""
    stream.write(sum(map(len, parts)).to_bytes(_LENGTH_BYTES, "big"))
    stream.writelines(parts)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Read one frame; None if whoever wrote is gone."""
    length = stream.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    wanted = int.from_bytes(length, "big")
    content = stream.read(wanted)
    return content if len(content) == wanted else None


def main(form: str, seconds: int, megabytes: int) -> None:
    """Render until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _keep_within(megabytes)
    render = _renderer(form)
    asked = sys.stdin.buffer
    while (report := read_frame(asked)) is not None and (carried := read_frame(asked)) is not None:
        _watch(seconds)
        try:
            write_frame(answers, MADE, render(report, carried))
        except BrokenPipeError:
            return
        except BaseException as failure:  # noqa: BLE001 -- a panic of native code is no Exception
            write_frame(answers, FAILED, _said(failure).encode(errors="replace"))
        _watch(0)


def _renderer(form: str) -> Callable[[bytes, bytes], bytes]:
    """Give what makes bytes of a report's JSON; imported only now, within the limits."""
    import orjson  # noqa: PLC0415

    if form == "xlsx":
        from infrastructure.renderers.report_xlsx import report_xlsx  # noqa: PLC0415

        return lambda report, _: report_xlsx(orjson.loads(report))
    from infrastructure.renderers.report_pdf import report_pdf  # noqa: PLC0415

    return lambda report, carried: report_pdf(orjson.loads(report), carried or report)


def _said(failure: BaseException) -> str:
    if isinstance(failure, MemoryError):
        return "it needs more memory than LEDGER_RENDERING_MEGABYTES allows"
    return f"{type(failure).__name__}: {' '.join(str(failure).split())}"[:500].rstrip(": ")


def _keep_within(megabytes: int) -> None:
    # The server decides when this ends; Ctrl+C in a terminal reaches both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 -- not everywhere

    os.nice(_NICE)
    with suppress(ValueError, OSError):  # a stricter limit is in force already
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * _MEGABYTE,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(seconds: int) -> None:
    """End even native code some time after whoever asked should have ended it, if that is gone."""
    if sys.platform != "win32":
        signal.alarm(seconds + _GRACE_SECONDS if seconds else 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
