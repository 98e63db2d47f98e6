"""The two times of every question: as of which date, and with how much known (design, 3.4)."""

from datetime import date, datetime

from application.errors import BadQuestion
from application.ports import View
from domain.answers import Moment, instant
from domain.chronology import FIRST_DAY, LAST_DAY


def resolve(
    view: View,
    *,
    as_of: date | None,
    log_size: int | None,
    known_at: datetime | None,
    today: date,
    now: datetime,
) -> tuple[date, Moment]:
    """Give (V, N). By default V is *today* and N everything; *known_at* is another way to say *log_size*."""
    valid_day("as_of", as_of)
    if log_size is not None and known_at is not None:
        raise BadQuestion("known_at", "it says the same as log_size", "log_size or known_at, not both")
    if known_at is not None:
        log_size = _size_known_at(view, known_at, now)
    moment = view.head if log_size is None else moment_of(view, "log_size", log_size)
    return as_of or today, moment


def valid_day(parameter: str, asked: date | None) -> None:
    """Refuse a day outside the years that the ledger answers for."""
    if asked is not None and not FIRST_DAY <= asked <= LAST_DAY:
        raise BadQuestion(parameter, f"{asked} cannot be answered for", f"a date from {FIRST_DAY} to {LAST_DAY}")


def moment_of(view: View, parameter: str, log_size: int) -> Moment:
    """Give the moment at which *log_size* entries were known; refuse what the ledger has not reached."""
    head = view.head
    if not 0 <= log_size <= head.log_size:
        raise BadQuestion(parameter, f"there is no log size {log_size}", f"0 to {head.log_size}")
    return head if log_size == head.log_size else view.moment(log_size)


def _size_known_at(view: View, known_at: datetime, now: datetime) -> int:
    if known_at.tzinfo is None:
        raise BadQuestion("known_at", "it does not say which time zone it is in", "an RFC 3339 instant with Z")
    # The last entry may be stamped a little ahead of the clock, and what an answer echoed must stay askable.
    latest = max(now, view.head.recorded_at or now)
    if known_at > latest:
        raise BadQuestion("known_at", f"{instant(known_at)} has not come yet", f"an instant up to {instant(latest)}")
    return view.size_known_at(known_at)
