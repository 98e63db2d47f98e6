"""Being told of appends by PostgreSQL (NOTIFY).

A hint only, so that nobody waits for the next look at the table: whoever listens looks by itself as well, every second
at the latest. A connection that ends is replaced; what was said meanwhile is made good by one call.
"""

import threading
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from structlog import get_logger

from infrastructure.database.engines import Database
from infrastructure.database.statements import execute

CHANNEL: Final = "ledger_appended"
"""One for all ledgers of a database: another ledger's append is a look in vain."""
_TURN: Final = 0.25
"""Seconds after which a listener looks whether it is to end."""
_PAUSE: Final = 1.0
"""Seconds until another connection is tried."""
_log = get_logger()


_MOVED: Final = "UPDATE head SET position = ?, recorded_at = ?"
_MOVED_AND_TOLD: Final = (
    f"WITH moved AS ({_MOVED} RETURNING position) SELECT pg_notify('{CHANNEL}', position::text) FROM moved"  # noqa: S608 -- our own words
)


def move_head(connection: sa.Connection, position: int, recorded_at: int) -> None:
    """Move the end of the ledger, and on PostgreSQL tell of it when the transaction commits: one statement."""
    told = connection.dialect.name == "postgresql"
    execute(connection, _MOVED_AND_TOLD if told else _MOVED, (position, recorded_at))


class Listener:
    """Calls *told* after appends by whatever process; on SQLite, where nobody tells, it does nothing."""

    def __init__(self, database: Database, told: Callable[[], None]) -> None:
        self._database, self._told = database, told
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen from now on, in a thread of its own."""
        if not self._database.is_sqlite:
            self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let the connection go."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                with self._database.session() as connection:
                    self._listen(connection)
            except Exception as lost:  # noqa: BLE001 -- whatever it was, another connection is tried
                _log.warning("the connection that listens was lost", error=type(lost).__name__)
                self._ending.wait(_PAUSE)

    def _listen(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        heard: Any = connection.connection.driver_connection
        self._told()
        while not self._ending.is_set():
            for _ in heard.notifies(timeout=_TURN, stop_after=1):
                self._told()
