"""Whom a token belongs to, remembered for a second: a process under load need not look the same token up each time.

What is remembered may be outdated, so it is for recording only: the writer, once it has locked the ledger, takes
nothing from a caller who was recognised under other rights than those in force.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from application.access import Caller
from infrastructure.callers.identity import Identities, Recognised
from infrastructure.callers.token_uses import TokenUses

GOOD_FOR: Final = 1.0
"""Seconds. They, and a look-up, bound how long somebody whose token was revoked is told of faults of a body first."""
_LOOKING: Final = 0.25
"""Seconds for which all but the first go on with what is outdated while that one looks it up."""
_MOST: Final = 1_000


class RememberedCallers:
    """Callers by the secret of their token, each with the number of the rights under which it was looked up."""

    def __init__(
        self, identities: Identities, uses: TokenUses, rights: Callable[[], int], now: Callable[[], datetime]
    ) -> None:
        self._identities, self._uses, self._rights, self._now = identities, uses, rights, now
        self._known: dict[str, tuple[Recognised, int, float]] = {}

    def get(self, secret: str) -> tuple[Caller, int] | None:
        """Give who it is, without waiting, and the rights to be submitted with a command; None if it is not known."""
        recognised, rights, until = self._known.get(secret, (None, 0, 0.0))
        if recognised is None or rights != self._rights():
            return None
        now = time.monotonic()
        if until < now:
            self._known[secret] = recognised, rights, now + _LOOKING
            return None
        caller = self._now_of(recognised)
        return None if caller is None else (caller, rights)

    def look_up(self, secret: str) -> Caller | None:
        """Find out who it is, and remember."""
        rights = self._rights()  # before the look-up: what changes meanwhile counts as changed after it
        recognised = self._identities.valid(secret)
        if recognised is None:
            self._known.pop(secret, None)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[secret] = recognised, rights, time.monotonic() + GOOD_FOR
        return self._now_of(recognised)

    def _now_of(self, recognised: Recognised) -> Caller | None:
        caller = recognised.at(self._now())
        if caller is not None:
            self._uses.note(caller.token)
        return caller
