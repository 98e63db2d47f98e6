"""Waiting for what comes in its own time."""

import time
from collections.abc import Callable

PATIENCE = 60.0


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something is true; AssertionError if it does not become so."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)
