"""The program with a ledger on PostgreSQL: every way to write its URL, and what is said when it cannot be used."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa


@pytest.fixture
def url(postgresql) -> Iterator[sa.URL]:
    with postgresql.empty() as url:
        yield sa.make_url(url)


def written(url: sa.URL, **changes: str) -> str:
    return url.set(**changes).render_as_string(hide_password=False)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_ledger_is_made_loaded_and_verified_by_whichever_name_of_the_scheme(nothing, url, scheme):
    nothing.settings["LEDGER_DATABASE_URL"] = written(url, drivername=scheme)
    made = nothing.done("migrate")
    assert "The tables are those of this version now." in made.out
    assert "fsync is off: a crash of the database server may lose entries" in made.err
    nothing.done("load", nothing.catalogue())
    assert nothing.done("verify", "--json").json["faults"] == 0
    assert nothing.size == 4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"username": "nobody", "password": "s3cret"}, 'role "nobody" does not exist'),
        ({"host": "127.0.0.1", "port": 1, "password": "s3cret", "query": {}}, "Connection refused"),
        ({"host": "no-such-host.invalid", "password": "s3cret", "query": {}}, "no-such-host.invalid"),
    ],
)
def test_a_database_that_cannot_be_reached_ends_with_4_and_says_why_without_the_password(nothing, url, changes, said):
    for command in (["migrate"], ["show", "HP-1"], ["serve", "--port", "0"], ["token", "list"]):
        ended = nothing.do(*command, LEDGER_DATABASE_URL=written(url, **changes))
        assert ended.code == 4, ended.err
        assert said in ended.err
        assert "LEDGER_DATABASE_URL" in ended.err
        assert "s3cret" not in ended.out + ended.err


@pytest.mark.parametrize("wrong", ["mysql://me:s3cret@host/ledger", "postgresql+psycopg2://me:s3cret@host/ledger",
                                   "postgresql://me:s3cret@host:port/ledger"])  # fmt: skip
def test_a_url_of_another_kind_ends_with_2_and_says_what_is_accepted(nothing, wrong):
    ended = nothing.do("migrate", LEDGER_DATABASE_URL=wrong)
    assert ended.code == 2
    assert "accepted: sqlite:///ledger.db, or postgresql://" in ended.err
    assert "s3cret" not in ended.err


def test_the_password_is_masked_in_the_settings(nothing):
    shown = nothing.done("config", "--json", LEDGER_DATABASE_URL="postgres://me:s3cret@host/ledger")
    assert "s3cret" not in shown.out


def test_a_backup_is_left_to_the_tools_of_postgresql(nothing, url, tmp_path):
    nothing.settings["LEDGER_DATABASE_URL"] = written(url)
    nothing.done("migrate")
    ended = nothing.do("backup", "-o", str(tmp_path / "copy"))
    assert ended.code == 4
    assert "pg_dump" in ended.err
    assert "ledger verify" in ended.err
    assert not (tmp_path / "copy").exists()


def test_roles_are_granted_what_they_need(nothing, url, postgresql):
    nothing.settings["LEDGER_DATABASE_URL"] = written(url)
    refused = nothing.do("migrate", "--grant-to", "nobody_knows")
    assert refused.code == 1
    assert "there is no role nobody_knows" in refused.err
    name = f"app_{url.database}"
    postgresql.do(f"CREATE ROLE {name} LOGIN")
    assert f"The role {name} may serve the ledger." in nothing.done("migrate", "--grant-to", name).out
    nothing.done("load", nothing.catalogue(), LEDGER_DATABASE_URL=written(url, username=name))
    assert nothing.do("migrate", "--grant-to", name, LEDGER_DATABASE_URL="").code == 1  # SQLite has no roles
    nothing.done("migrate")
