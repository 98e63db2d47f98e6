"""Several hosts on one PostgreSQL whose processes, connections and server are killed; judged from outside."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psycopg
import pytest
import sqlalchemy as sa

from tests import postgresql
from tests.hosts import Snapshot, copy_keys
from tests.outside import COMMITMENTS, Outsider
from tests.serving import Server, made_ledger
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]


@pytest.fixture
def database() -> Iterator[str]:
    """A database of a server of its own, since it is going to be killed."""
    server = postgresql.Server()
    yield server.url
    server.stop()


class Hosts:
    """Hosts `a` and `b`, with any number of servers each, as somebody outside sees them."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder = url, folder
        for name in "ab":
            (folder / name).mkdir()
        self.outsider = Outsider(made_ledger(folder / "a", COMMITMENTS, database_url=url))
        copy_keys(folder / "a", folder / "b")

    def serve(self, name: str) -> Server:
        return Server(self._folder / name, LEDGER_DATABASE_URL=self.url, LEDGER_PUBLIC_READ="true")

    def backends(self) -> list[int]:
        """Give the process ids of the database server's backends that serve us."""
        mine = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [row.pid for row in connection.execute(sa.text(mine))]


def standing(server: Server) -> dict:
    with suppress(httpx2.TransportError):
        return dict(httpx2.get(f"{server.address}/health/ready").json())
    return {}


def seals(server: Server) -> bool:
    hosts = standing(server).get("log", {}).get("hosts")
    return bool(hosts and hosts["seals"])


def start_again(server: Server) -> None:
    """Start a server that was killed; it gives up if the database is not there at that moment, as a supervisor sees."""
    for _ in range(10):
        try:
            server.start()
        except AssertionError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(server.address)


def test_two_hosts_record_into_one_ledger_and_one_takes_over_sealing_when_the_other_is_killed(
    database: str, tmp_path: Path
) -> None:
    hosts = Hosts(database, tmp_path)
    outsider, (a, b) = hosts.outsider, (hosts.serve("a"), hosts.serve("b"))
    older = Snapshot(database)
    try:
        eventually(lambda: seals(a) and not seals(b))
        with outsider.busy(a, b, threads=2):
            outsider.wait_for_more(20)
            a.kill()
            outsider.wait_for_more(20)
            eventually(lambda: seals(b))
            outsider.wait_for_more(20)
        outsider.judge(b)
        start_again(a)
        with outsider.busy(a, b, threads=1):
            outsider.wait_for_more(10)
        outsider.judge(a)
        assert (seals(a), seals(b)) == (False, True)
        for each in (a, b):
            each.verify()
        older.restore()
        for server in (a, b):
            eventually(lambda server=server: standing(server).get("status") == 503)
            with outsider.client(server) as client:
                refused = outsider.post(client)
            assert refused is not None
            assert refused.status_code == 503
            assert (refused.json()["type"], refused.json()["position"]) == ("/problems/read-only", older.size + 1)
    finally:
        for each in (a, b):
            each.kill()


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.soak)])
def test_killed_processes_connections_and_database_servers_lose_nothing_that_was_acknowledged(
    database: str, tmp_path: Path, seconds: int
) -> None:
    hosts, chance = Hosts(database, tmp_path), random.Random(seconds)
    outsider = hosts.outsider
    servers = [hosts.serve(name) for name in "aabb"]
    crash_at = time.monotonic() + seconds / 2
    crashed, kills, cuts = False, 0, 0
    try:
        with outsider.busy(*servers, threads=8):
            until = time.monotonic() + seconds
            while time.monotonic() < until or not crashed:  # however long servers take to begin again
                time.sleep(chance.uniform(0.1, 0.6))
                with suppress(sa.exc.OperationalError, psycopg.OperationalError, ProcessLookupError):
                    victim = chance.choice(hosts.backends())
                    if not crashed and time.monotonic() > crash_at:
                        os.kill(victim, signal.SIGKILL)  # the whole database server begins again
                        crashed = True
                    elif chance.random() < 0.7:
                        os.kill(victim, signal.SIGTERM)  # what pg_terminate_backend does
                        cuts += 1
                    else:
                        server = chance.choice(servers)
                        server.kill()
                        kills += 1
                        start_again(server)
            outsider.wait_for_more(20)
        assert crashed
        last = outsider.judge(chance.choice(servers))
        assert last.size > len(outsider.acknowledged) > 20
        for each in servers[::2]:
            each.verify()
        said = (
            f"{outsider.refused} refused, {kills} processes and {cuts} connections killed, {len(outsider.shown)} shown"
        )
        print(f"{seconds} s: {len(outsider.acknowledged)} acknowledged, {said}")  # noqa: T201
    finally:
        for each in servers:
            each.kill()
