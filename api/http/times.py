"""The two times of a request, resolved against a view, echoed in its answer, and kept in its cursors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.http.paging import Cursor, page
from api.http.queries import KnownQuery, Paged, TwoTimes
from application.errors import BadQuestion
from application.ports import View
from application.two_times import moment_of, resolve, valid_day
from domain.answers import Answer, Moment, instant
from infrastructure.wiring import Services


@dataclass(frozen=True, slots=True)
class Times:
    """As of which date, with how much known."""

    as_of: date
    moment: Moment

    @classmethod
    def resolved(cls, query: TwoTimes, view: View, services: Services) -> "Times":
        """Give the times that a query asks for."""
        as_of, moment = resolve(
            view,
            as_of=query.as_of,
            log_size=query.log_size,
            known_at=query.known_at,
            today=services.today(),
            now=services.now(),
        )
        return cls(as_of, moment)

    def echoed(self) -> dict[str, Any]:
        """Say which times an answer is about."""
        return {
            "as_of": self.as_of.isoformat(),
            "log_size": self.moment.log_size,
            "known_at": self.known_at(self.moment),
        }

    @staticmethod
    def known_at(moment: Moment) -> str | None:
        """Write the instant of a moment."""
        return instant(moment.recorded_at)

    def cursor(self, after: object) -> str:
        """Give the cursor behind the item *after*, for the same times."""
        return Cursor(str(after), self.as_of.isoformat(), self.moment.log_size).text()

    def page_of(
        self, items: list[Answer], cursor: Cursor | None, limit: int, *, key: Callable[[Answer], object]
    ) -> dict[str, Any]:
        """Give one page of a short list whose items each have a *key*."""
        keys = [str(key(item)) for item in items]
        if cursor is not None and cursor.after not in keys:
            raise BadQuestion("cursor", "it belongs to another list", "`next` of this list's page before")
        first = keys.index(cursor.after) + 1 if cursor else 0
        shown = items[first : first + limit]
        after = self.cursor(key(shown[-1])) if first + limit < len(items) else None
        return page(shown, after, **self.echoed())


def moment_known(query: KnownQuery, view: View, services: Services) -> Moment:
    """Give how much is known for a question that is about no date."""
    # Both are checked already.
    times = TwoTimes.model_construct(as_of=None, log_size=query.log_size, known_at=query.known_at)
    return Times.resolved(times, view, services).moment


def pinned(query: Paged, view: View, services: Services) -> tuple[Times, Cursor | None]:
    """Give the times of a page: those of its cursor, if it has one."""
    asked = query.as_of is not None or query.log_size is not None or query.known_at is not None
    times = Times.resolved(query, view, services) if asked or query.cursor is None else None
    if query.cursor is None:
        assert times is not None
        return times, None
    cursor = Cursor.read(query.cursor)
    try:
        as_of = date.fromisoformat(cursor.as_of)
    except ValueError:
        raise BadQuestion("cursor", "this is no cursor of ours", "`next` of the page before") from None
    valid_day("cursor", as_of)
    kept = Times(as_of, moment_of(view, "cursor", cursor.log_size))
    if (query.as_of is not None and times is not None and times.as_of != kept.as_of) or (
        (query.log_size is not None or query.known_at is not None) and times is not None and times.moment != kept.moment
    ):
        raise BadQuestion("cursor", "it belongs to other times", "the times of the page before, or none")
    return kept, cursor
