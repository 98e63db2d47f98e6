"""Random salts, drawn from the system many at a time: one by one, asking for them cost as much as an entry's bytes."""

import os
import secrets
import threading
from typing import Final

SIZE: Final = 32
_DRAWN: Final = 256


class _Salts:
    """What was drawn and not used yet; each is given once. A forked process draws its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: list[bytes] = []

    def next(self) -> bytes:
        with self._lock:
            if not self._left:
                drawn = secrets.token_bytes(SIZE * _DRAWN)
                self._left = [drawn[at : at + SIZE] for at in range(0, len(drawn), SIZE)]
            return self._left.pop()

    def forget(self) -> None:
        self._lock = threading.Lock()
        self._left = []


_salts: Final = _Salts()
new_salt: Final = _salts.next
"""Give 32 random bytes that were never given before."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_salts.forget)
