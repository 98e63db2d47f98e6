"""How a process deals with memory: large answers are made of a million small values, and then gone."""

import ctypes
import gc
from contextlib import suppress
from typing import Final

_COLLECTED_AFTER: Final = 100_000
_M_TRIM_THRESHOLD: Final = -1  # its number in malloc.h
_KEPT_FREE: Final = 16 * 2**20


def keep_memory() -> None:
    """Look for cycles seldom, and give memory back in large pieces."""
    # No collector will ever find a cycle in a report; at Python's own threshold looking for one takes a quarter of the
    # time.
    gc.set_threshold(_COLLECTED_AFTER, 20, 20)
    # glibc gives freed memory back page by page, which takes longer than the work with it.
    with suppress(OSError, AttributeError, TypeError):  # there is another C library
        ctypes.CDLL(None).mallopt(_M_TRIM_THRESHOLD, _KEPT_FREE)
