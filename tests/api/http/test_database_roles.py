"""PostgreSQL with an owner, who migrates, and a role that serves: what the second can do, and what it cannot."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.database.granting import APPLICATION, READERS
from infrastructure.database.tables import metadata
from infrastructure.settings import Settings
from infrastructure.wiring import CannotGrantError, NotReadyError, Services, build
from tests.http_ledger import EVENTS, STARTED, Ledger, filled, made
from tests.postgresql import Databases


@pytest.fixture(scope="module")
def backend() -> str:
    """These tests have databases of their own."""
    return "sqlite"


class Roles:
    """A database whose tables are the owner's, with a role that serves and one that reads."""

    def __init__(self, postgresql: Databases, owner_url: str) -> None:
        self.owner_url = owner_url
        self.application, self.reader = f"app_{uuid4().hex[:8]}", f"reader_{uuid4().hex[:8]}"
        for role in (self.application, self.reader):
            postgresql.do(f"CREATE ROLE {role} LOGIN")

    def url(self, role: str) -> str:
        return sa.make_url(self.owner_url).set(username=role).render_as_string(hide_password=False)

    def tries(self, role: str, statement: str) -> None:
        engine = sa.create_engine(self.url(role), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def set_up(postgresql: Databases) -> Iterator[Roles]:
    with postgresql.empty() as url:
        made = Roles(postgresql, url)
        yield made
        for role in (made.application, made.reader):
            made.tries("postgres", f"DROP OWNED BY {role}")
            postgresql.do(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def roles(postgresql: Databases) -> Iterator[Roles]:
    with set_up(postgresql) as roles:
        yield roles


def opened(roles: Roles, role: str | None, folder) -> Services:
    url = roles.owner_url if role is None else roles.url(role)
    return build(Settings(data_dir=folder, database_url=url, log_level="error"))


@pytest.fixture(scope="module")
def ledger(roles: Roles, tmp_path_factory) -> Iterator[Ledger]:
    """The API, served by the application's role."""
    tmp_path = tmp_path_factory.mktemp("ledger")
    services, tokens = made(tmp_path, database_url=roles.owner_url)
    services.grant(application=roles.application, readers=roles.reader)
    services.close()
    with TestClient(create_app(opened(roles, roles.application, tmp_path)), raise_server_exceptions=False) as client:
        yield filled(client, tokens)


def test_every_table_is_granted_or_withheld_on_purpose():
    assert APPLICATION.keys() == {*metadata.tables, "alembic_version"}
    withheld = {"fixed_settings", "tokens", "held_roles", "token_uses", "actors", "sessions", "remembered_answers"}
    assert APPLICATION.keys() - READERS.keys() == withheld


def test_the_api_does_all_its_work_as_a_role_that_owns_nothing(ledger: Ledger):
    body = STARTED | {"kind": "progressed", "external_id": "x:9"}
    first = ledger.post(EVENTS, body, **{"idempotency-key": "again"})
    assert ledger.post(EVENTS, body, **{"idempotency-key": "again"}).json() == first.json()
    position = first.json()["position"]
    erasure = {"members": ["statement"], "legal_basis": "Article 17"}
    assert ledger.post(f"/v1/events/{position}/erasure", erasure, role="administrator").status_code == 201
    assert ledger.post("/v1/reports", {"as_of": "2025-12-31"}).status_code == 201
    assert ledger.get("/v1/reports/status").status_code == 200
    assert ledger.get("/health/ready").json()["position"] == ledger.head()
    assert ledger.get("/v1/events").json()["items"][position - 1]["erased"] == ["statement"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries",
        "DELETE FROM open_forms",
        "DELETE FROM issued_reports",
        "TRUNCATE entries",
        "TRUNCATE open_forms",
        "TRUNCATE issued_reports",
        "UPDATE entries SET entry = entry",
        "UPDATE issued_reports SET digest = digest",
        "UPDATE prose SET value = value",
        "TRUNCATE prose",
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "DROP TRIGGER entries_no_update ON entries",
        "ALTER TABLE entries DISABLE TRIGGER entries_no_update",
        "CREATE OR REPLACE FUNCTION entries_no_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "CREATE TABLE more (x int)",
        "DROP TABLE entries",
        "DELETE FROM head",
        "UPDATE alembic_version SET version_num = '0001'",
        "UPDATE fixed_settings SET value = 'another'",
    ],
)
def test_the_role_that_serves_cannot_change_what_was_recorded(roles: Roles, ledger: Ledger, statement: str):
    with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
        roles.tries(roles.application, statement)


@pytest.mark.parametrize("statement", ["DELETE FROM entries", "UPDATE entries SET entry = entry", "TRUNCATE entries",
                                       "TRUNCATE prose", "TRUNCATE issued_reports"])  # fmt: skip
def test_not_even_the_owner_changes_it_by_mistake(roles: Roles, ledger: Ledger, statement: str):
    with pytest.raises(sa.exc.DatabaseError, match="append-only"):
        roles.tries("postgres", statement)


def test_a_reader_sees_what_is_recorded_and_no_token(roles: Roles, ledger: Ledger):
    roles.tries(roles.reader, "SELECT * FROM entries")
    for statement in ("SELECT * FROM tokens", "SELECT * FROM fixed_settings", "UPDATE head SET position = 0",
                      "INSERT INTO prose SELECT * FROM prose", "SELECT * FROM head FOR UPDATE"):  # fmt: skip
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            roles.tries(roles.reader, statement)


def test_granting_again_changes_nothing_and_takes_back_what_was_granted_by_hand(roles: Roles, ledger: Ledger, tmp_path):
    roles.tries("postgres", f"GRANT DELETE ON entries TO {roles.application}")
    services = opened(roles, None, tmp_path)
    services.grant(application=roles.application, readers=None)
    services.close()
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        roles.tries(roles.application, "DELETE FROM entries")
    assert ledger.post(EVENTS, STARTED | {"kind": "progressed", "external_id": "x:3"}).status_code == 201


def test_a_role_that_could_do_everything_anyway_is_refused(roles: Roles, ledger: Ledger, tmp_path):
    services = opened(roles, None, tmp_path)
    with pytest.raises(CannotGrantError, match="no superuser"):
        services.grant(application="postgres", readers=None)
    with pytest.raises(CannotGrantError, match="no role nobody_knows"):
        services.grant(application="nobody_knows", readers=None)
    services.close()


def test_who_serves_is_told_to_have_the_owner_migrate(postgresql: Databases, tmp_path):
    with set_up(postgresql) as roles:
        services = opened(roles, roles.application, tmp_path)
        with pytest.raises(NotReadyError, match="run `ledger migrate` as their owner"):
            services.ready()
        with pytest.raises(NotReadyError, match=f"{roles.application} may not change the tables; run `ledger migrate`"):
            services.migrate()
        services.close()
