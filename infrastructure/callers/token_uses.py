"""When each token was last used: kept outside the ledger, a minute late at most, with no write per request."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from structlog import get_logger

from infrastructure import clock
from infrastructure.database.engines import Database
from infrastructure.database.tables import token_uses

LATE_BY: Final = 60.0
"""Seconds that a use may wait to be written."""
_log = get_logger()


class TokenUses:
    """Remembers uses and writes them together, from a thread of its own. A crash loses the last minute."""

    def __init__(self, database: Database, now: Callable[[], datetime], late_by: float = LATE_BY) -> None:
        self._database, self._now, self._late_by = database, now, late_by
        self._seen: dict[str, int] = {}
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def note(self, token: str | None) -> None:
        """Take down that a token is used now."""
        if token is None:
            return
        self._seen[token] = clock.to_micros(self._now())
        if self._timer is None:
            with self._lock:
                if self._timer is None:
                    self._timer = threading.Timer(self._late_by, self.write)
                    self._timer.daemon, self._timer.name = True, "token-uses"
                    self._timer.start()

    def write(self) -> None:
        """Write what was taken down since the last time."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, seen, self._seen = None, self._seen, {}
        if not seen:
            return
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        rows = insert(token_uses).values([{"token": token, "used_at": at} for token, at in sorted(seen.items())])
        newer = rows.on_conflict_do_update(
            index_elements=["token"],
            set_={"used_at": rows.excluded.used_at},
            where=rows.excluded.used_at > token_uses.c.used_at,
        )
        try:
            with self._database.writing() as connection:
                connection.execute(newer)
        except sa.exc.SQLAlchemyError as failed:
            _log.warning("uses of tokens are not written", error=type(failed).__name__)
