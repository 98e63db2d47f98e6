"""How often somebody may ask: allowances that fill evenly, in bounded memory, and the headers that tell of them."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

WINDOW_SECONDS: Final = 60
_REMEMBERED: Final = 10_000


class Allowance:
    """So many a minute for each key, at once or spread (the generic cell rate algorithm: one instant a key).

    A quota of 0 is no limit. Only the keys that spent last are remembered; one that is forgotten begins afresh.
    """

    def __init__(self, name: str, quota: int) -> None:
        self.quota = quota
        self._each = WINDOW_SECONDS / max(quota, 1)
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()
        self._policy = (b"ratelimit-policy", f'"{name}";q={quota};w={WINDOW_SECONDS}'.encode())
        self._name = name

    def left(self, key: Hashable, now: float) -> int:
        """Give how many more are allowed now."""
        unfilled = max(self._full_at.get(key, now) - now, 0.0)
        return math.floor((WINDOW_SECONDS - unfilled) / self._each + 1e-6)

    def spend(self, key: Hashable, now: float) -> None:
        """Count one; more than the quota, by requests that came side by side, are owed no longer than it lasts."""
        spent = max(self._full_at.get(key, now), now) + self._each
        self._full_at[key] = min(spent, now + WINDOW_SECONDS)
        self._full_at.move_to_end(key)
        if len(self._full_at) > _REMEMBERED:
            self._full_at.popitem(last=False)

    def seconds_until_one(self, key: Hashable, now: float) -> int:
        """Give after how many whole seconds another is allowed."""
        unfilled = self._full_at.get(key, now) - now
        return max(1, math.ceil(unfilled + self._each - WINDOW_SECONDS))

    def headers(self, key: Hashable, now: float) -> list[tuple[bytes, bytes]]:
        """Tell of the policy and of what is left of it (draft-ietf-httpapi-ratelimit-headers, from -08 on)."""
        unfilled = max(self._full_at.get(key, now) - now, 0.0)
        said = f'"{self._name}";r={self.left(key, now)};t={math.ceil(unfilled)}'
        return [self._policy, (b"ratelimit", said.encode())]
