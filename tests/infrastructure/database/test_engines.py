"""What becomes of connections."""

import threading
from typing import Any

import pytest

from infrastructure.database.engines import Database


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_a_connection_in_use_when_its_database_is_closed_is_closed_when_it_is_given_back(url: str, kind: str) -> None:
    database, used = Database(url), list[Any]()
    in_use, closed = threading.Event(), threading.Event()

    def work() -> None:
        with getattr(database, kind)() as connection:
            used.append(connection.connection.driver_connection)
            in_use.set()
            assert closed.wait(20)
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1

    thread = threading.Thread(target=work)
    thread.start()
    assert in_use.wait(20)
    database.close()
    closed.set()
    thread.join(20)
    with pytest.raises(Exception, match="closed"):
        used[0].cursor().execute("SELECT 1")
