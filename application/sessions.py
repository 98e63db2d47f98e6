"""How long somebody who signed in stays signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.access import Caller


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A session ends when it was not used for *idle*, and *longest* after it began, whatever happens."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in with a browser, and since when."""

    caller: Caller
    began_at: datetime
    used_at: datetime
    ended_at: datetime | None = None

    def ends_at(self, lifetime: Lifetime) -> datetime:
        """Give when it will end, if it is not used again."""
        last = min(self.used_at + lifetime.idle, self.began_at + lifetime.longest)
        return last if self.ended_at is None else min(last, self.ended_at)

    def is_open(self, lifetime: Lifetime, now: datetime) -> bool:
        """Whether it is good for anything at that instant."""
        return now < self.ends_at(lifetime)
