"""The ledger as a local command uses it: opened, ready, closed again; and the two times of a question."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from application.ports import View
    from domain.answers import Moment
    from infrastructure.wiring import Services, Settings


@dataclass(frozen=True, slots=True)
class Times:
    """As of which day, and with how much known."""

    as_of: date | None
    log_size: int | None
    known_at: datetime | None

    def resolve(self, services: "Services", view: "View") -> "tuple[date, Moment]":
        """Give (V, N)."""
        from application.two_times import resolve

        return resolve(
            view,
            as_of=self.as_of,
            log_size=self.log_size,
            known_at=self.known_at,
            today=services.today(),
            now=services.now(),
        )


@contextmanager
def opened(settings: "Settings | None" = None, *, ready: bool = True) -> Iterator["Services"]:
    """Open the ledger that the environment names; unless told otherwise, only if it can be used.

    Whoever makes or mends a ledger hears the warnings of the log, too: nobody else would.
    """
    from infrastructure.wiring import build

    services = build(settings)
    try:
        if ready:
            quiet()
            services.ready()
        yield services
    finally:
        services.close()


def quiet() -> None:
    """Keep log lines away from the answer: a command says itself what went wrong."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
