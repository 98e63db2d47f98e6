"""A PostgreSQL that lets nobody in, withholds tables, or stops what takes too long: what the operator is told."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from struct import pack, unpack
from threading import Thread

import pytest
import sqlalchemy as sa

from infrastructure.database.granting import APPLICATION
from tests.http_ledger import ROLES, Ledger, assert_problem, filled
from tests.postgresql import Databases, Server

PASSWORD, WRONG = "the-right-w0rd", "a-wrong-w0rd"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server on which a role needs a password."""
    server = Server()
    rules = server.folder / "data" / "pg_hba.conf"
    rules.write_text(f"local all needs_password scram-sha-256\nlocal all unwanted reject\n{rules.read_text()}")
    databases = Databases(server.url)
    databases.do(f"CREATE ROLE needs_password LOGIN PASSWORD '{PASSWORD}'")
    databases.do("CREATE ROLE unwanted LOGIN")
    databases.do("SELECT pg_reload_conf()")
    yield server
    server.stop()


@pytest.fixture
def owner(server: Server) -> Iterator[sa.URL]:
    with Databases(server.url).empty() as url:
        yield sa.make_url(url)


@pytest.fixture
def ledger(nothing, owner):
    """A ledger that the role may serve."""
    nothing.settings["LEDGER_DATABASE_URL"] = written(owner)
    nothing.done("migrate", "--grant-to", "needs_password")
    nothing.done("load", nothing.catalogue())
    nothing.settings["LEDGER_DATABASE_URL"] = written(owner, username="needs_password", password=PASSWORD)
    yield nothing
    do(owner, "DROP OWNED BY needs_password", "ALTER ROLE needs_password RESET ALL")


def written(url: sa.URL, **changes: str) -> str:
    return url.set(**changes).render_as_string(hide_password=False)


def do(url: sa.URL, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


COMMANDS = (["migrate"], ["serve", "--port", "0"], ["show", "HP-1"], ["verify"], ["replay"], ["token", "list"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"username": "needs_password", "password": WRONG}, "password authentication failed"),
        ({"username": "needs_password"}, "no password supplied"),
        ({"username": "unwanted", "password": WRONG}, "pg_hba.conf"),
    ],
)
def test_who_is_not_let_in_is_told_so_by_every_command_and_no_password_is_repeated(nothing, owner, changes, said):
    for command in COMMANDS:
        ended = nothing.do(*command, LEDGER_DATABASE_URL=written(owner, **changes))
        assert ended.code == 4, ended.err
        assert "the database does not let this server in: " in ended.err
        assert said in ended.err
        assert "names the role with its password" in ended.err
        assert WRONG not in ended.out + ended.err


def test_a_role_that_may_not_log_in_and_a_database_that_is_not_there_are_told_apart_from_one_that_is_away(
    nothing, owner
):
    do(owner, "CREATE ROLE no_login NOLOGIN")
    for changes in ({"username": "no_login"}, {"database": "nowhere"}, {"username": "nobody-known"}):
        ended = nothing.do("show", "HP-1", LEDGER_DATABASE_URL=written(owner, **changes))
        assert (ended.code, "the database does not let this server in: " in ended.err) == (4, True), ended.err
    away = nothing.do("show", "HP-1", LEDGER_DATABASE_URL=str(owner.update_query_dict({"host": "/nowhere"})))
    assert (away.code, "the database does not answer now: " in away.err) == (4, True), away.err


WRONG_PASSWORD = b"28P01", "Passwort-Authentifizierung für Benutzer »a« fehlgeschlagen"
STARTING = b"57P03", "das Datenbanksystem startet"


@pytest.mark.parametrize(
    ("asks_first", "answer", "told"),
    [
        (True, WRONG_PASSWORD, "the database does not let this server in: "),
        (False, STARTING, "the database does not answer now: "),
        (True, None, "the database does not answer now: "),
    ],
    ids=["wrong password", "starting", "closes the connection"],
)
def test_what_a_server_refuses_in_another_language_is_told_apart_too(nothing, asks_first, answer, told):
    with listening_in_german(asks_first=asks_first, answer=answer) as port:
        url = f"postgresql://a:{WRONG}@127.0.0.1:{port}/d?sslmode=disable&gssencmode=disable"
        ended = nothing.do("show", "HP-1", LEDGER_DATABASE_URL=url)
    assert (ended.code, told in ended.err) == (4, True), ended.err
    assert WRONG not in ended.out + ended.err
    assert answer is None or answer[1] in ended.err


@contextmanager
def listening_in_german(*, asks_first: bool, answer: tuple[bytes, str] | None) -> Iterator[int]:
    """Listen as a PostgreSQL does that lets nobody in, for a password or without one, and closes without an answer."""

    def message(kind: bytes, content: bytes) -> bytes:
        return kind + pack("!i", len(content) + 4) + content

    def talk() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                with client:
                    client.recv(unpack("!i", client.recv(4))[0] - 4)
                    if asks_first:
                        client.sendall(message(b"R", pack("!i", 3)))
                        client.recv(1_024)
                    if answer is not None:
                        code, words = answer
                        fields = b"SSCHWERWIEGEND", b"VFATAL", b"C" + code, b"M" + words.encode()
                        client.sendall(message(b"E", b"".join(each + b"\0" for each in fields) + b"\0"))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=talk, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_a_table_that_an_upgrade_made_and_nobody_granted_is_named_with_the_command_that_mends_it(ledger, owner):
    do(owner, "REVOKE ALL ON sessions FROM needs_password", "REVOKE INSERT ON head, tokens FROM needs_password")
    for command in (
        ["serve", "--port", "0"],
        ["show", "HP-1"],
        ["token", "create", "--role", "auditor", "--actor", "clerk-7"],
    ):
        ended = ledger.do(*command)
        assert ended.code == 4, ended.err
        assert (
            "the role needs_password may not INSERT on tokens; SELECT, INSERT, UPDATE, DELETE on sessions" in ended.err
        )
        assert "`ledger migrate --grant-to needs_password`, run as the tables' owner" in ended.err
        assert PASSWORD not in ended.out + ended.err
    ledger.done("migrate", "--grant-to", "needs_password", LEDGER_DATABASE_URL=written(owner))
    ledger.done("token", "create", "--role", "auditor", "--actor", "clerk-7")


def test_whoever_migrates_without_granting_is_told_which_role_cannot_serve_now(ledger, owner):
    url = {"LEDGER_DATABASE_URL": written(owner)}
    assert "cannot serve" not in ledger.done("migrate", **url).err
    do(owner, "REVOKE ALL ON sessions FROM needs_password")
    told = ledger.done("migrate", **url).err
    assert "warning: the role needs_password may not SELECT, INSERT, UPDATE, DELETE on sessions" in told
    assert "it cannot serve until `ledger migrate --grant-to needs_password` was run" in told
    assert "cannot serve" not in ledger.done("migrate", "--grant-to", "needs_password", **url).err
    assert "cannot serve" not in ledger.done("migrate", LEDGER_DATABASE_URL="").err


@pytest.mark.parametrize("table", APPLICATION)
def test_no_right_to_any_table_is_lacked_without_a_word(ledger, owner, table):
    for privilege in APPLICATION[table].split(", "):
        do(owner, f"REVOKE {privilege} ON {table} FROM needs_password")
        ended = ledger.do("show", "HP-1")
        assert ended.code == 4
        assert f"the role needs_password may not {privilege} on {table}\n" in ended.err
        do(owner, f"GRANT {privilege} ON {table} TO needs_password")
    ledger.done("show", "HP-1")


def test_a_role_to_which_nothing_was_granted_gets_a_short_list(ledger, owner):
    do(owner, "DROP OWNED BY needs_password")
    ended = ledger.do("serve", "--port", "0")
    assert ended.code == 4
    assert f"and so with {len(APPLICATION) - 5} more tables" in ended.err


def test_what_takes_longer_than_the_database_allows_is_told_to_be_stopped(ledger, owner):
    do(owner, "ALTER ROLE needs_password SET statement_timeout = '300ms'")
    with locked(owner, "LOCK TABLE course IN ACCESS EXCLUSIVE MODE"):
        for command in (["show", "HP-1"], ["report"]):
            ended = ledger.do(*command)
            assert ended.code == 4, ended.err
            assert "it took longer than the database allows: canceling statement due to statement timeout" in ended.err
            assert "statement_timeout" in ended.err
            assert PASSWORD not in ended.out + ended.err
    ledger.done("show", "HP-1")


@contextmanager
def locked(url: sa.URL, statement: str) -> Iterator[None]:
    """Hold a lock for a while, as somebody could who works on the same database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
        yield


def test_over_http_it_is_503_that_names_nothing_and_the_log_says_the_rest(ledger, owner, capfd):
    from fastapi.testclient import TestClient

    from api.app import create_app
    from infrastructure.settings import Settings
    from infrastructure.wiring import build

    do(owner, "ALTER ROLE needs_password SET statement_timeout = '300ms'")
    url = ledger.settings["LEDGER_DATABASE_URL"]
    services = build(Settings(data_dir=ledger.folder, database_url=url, log_level="error", rate_limit_failures=0))
    tokens = {role: services.create_token(f"the-{role}", role, "local") for role in ROLES}
    body = {"kind": "started", "occurred_on": "2024-05", "statement": "It began."}
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        http: Ledger = filled(client, tokens)
        capfd.readouterr()
        with locked(owner, "LOCK TABLE course, head IN ACCESS EXCLUSIVE MODE"):
            stopped = http.get("/v1/commitments/H-1"), http.post("/v1/commitments/HP-2/events", body)
        log = capfd.readouterr()
        do(owner, "REVOKE ALL ON sessions, prose FROM needs_password")
        withheld = http.get("/health/ready"), http.get("/v1/commitments/H-1/history")
        log_of_withheld = capfd.readouterr()
    for answer in stopped:
        assert_problem(answer, 503, "it took longer than the database allows", "with the same Idempotency-Key")
    assert (log.out + log.err).count("canceling statement due to statement timeout") >= 2
    for answer in withheld:
        assert_problem(answer, 503, "the database does not let this role do that")
    said = log_of_withheld.out + log_of_withheld.err
    assert "permission denied for table prose" in said
    assert "the role needs_password may not SELECT, INSERT, DELETE on prose; " in said
    for answer in (*stopped, *withheld):
        assert "Retry-After" in answer.headers
        assert "needs_password" not in answer.text
    assert PASSWORD not in said + log.out + log.err
