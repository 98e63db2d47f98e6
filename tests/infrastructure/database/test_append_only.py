"""What was recorded cannot be changed, and what is acknowledged survives: the database itself sees to it."""

import pytest
import sqlalchemy as sa

from infrastructure.database.engines import Database
from infrastructure.database.tables import head, metadata, opened, prose
from tests.postgresql import Databases
from tests.stores import Store, announced, event, issued, published

WRITING = {
    "synchronous_commit": "on",
    "transaction_isolation": "read committed",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "2min",
}
REFUSED = (sa.exc.IntegrityError, sa.exc.DatabaseError)


@pytest.fixture
def written(store: Store) -> Store:
    """A ledger with entries, open forms and prose."""
    store.writer.record(published(reference_prefix="A-"))
    store.writer.record(announced("A-1", visibility="internal"))
    store.writer.record(event())
    store.writer.record(issued(store))
    return store


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: sorted(tuple(row) for row in store.rows(sa.select(table)))
        for name, table in metadata.tables.items()
        if name in ("entries", "open_forms", "prose", "issued_reports")
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET entry = entry",
        "UPDATE entries SET version = 9 WHERE position = 2",
        "UPDATE entries SET leaf_hash = entry WHERE position = 3",
        "DELETE FROM entries WHERE position = 3",
        "DELETE FROM entries",
        "UPDATE open_forms SET salt = salt",
        "DELETE FROM open_forms",
        "UPDATE issued_reports SET digest = digest",
        "UPDATE issued_reports SET facts = facts WHERE position = 4",
        "DELETE FROM issued_reports",
        "UPDATE prose SET value = '\"never said\"'",
    ],
)
def test_the_database_refuses(written: Store, statement: str) -> None:
    before = everything(written)
    with pytest.raises(REFUSED, match="append-only"), written.database.writing() as connection:
        connection.exec_driver_sql(statement)
    assert everything(written) == before


@pytest.mark.only("sqlite", "INSERT OR REPLACE is SQLite's own")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE position = 2",
        "INSERT OR REPLACE INTO entries SELECT 9, stream, version, topic, 9, entry, leaf_hash, nodes FROM entries",
        "INSERT OR REPLACE INTO entries SELECT 9, stream, 9, topic, recorded_at, entry, leaf_hash, nodes FROM entries",
        "INSERT OR REPLACE INTO open_forms SELECT * FROM open_forms",
        "INSERT OR REPLACE INTO issued_reports SELECT * FROM issued_reports",
        "INSERT OR REPLACE INTO prose SELECT position, member, 'null', salt FROM prose",
    ],
)
def test_replacing_is_refused_too(written: Store, statement: str) -> None:
    before = everything(written)
    with pytest.raises(REFUSED, match="append-only"), written.database.writing() as connection:
        connection.exec_driver_sql(statement)
    assert everything(written) == before


def test_prose_can_be_erased(written: Store) -> None:
    with written.database.writing() as connection:
        connection.execute(sa.delete(prose).where(prose.c.position == 3))
    with written.readings.view() as view:
        (last,) = view.recorded(after=2, up_to=3)
    assert last.prose["statement"].salt is None
    assert len(last.prose["statement"].sha256) == 64


@pytest.mark.only("sqlite", "these are SQLite's settings")
def test_the_connections_have_the_settings_that_durability_needs(written: Store) -> None:
    full, on = 2, 1
    for opening, reads_only in ((written.database.writing, 0), (written.database.reading, 1)):
        with opening() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "query_only")
            }
        assert found == {
            "journal_mode": "wal",
            "synchronous": full,
            "foreign_keys": on,
            "trusted_schema": 0,
            "query_only": reads_only,
        }


def test_the_connections_to_a_careless_server_are_durable_all_the_same(postgresql: Databases) -> None:
    with postgresql.empty() as url:
        postgresql.do(f"ALTER DATABASE {sa.make_url(url).database} SET synchronous_commit = off")
        database = Database(url)
        with database.writing() as connection:
            found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in WRITING}
        assert found == WRITING
        assert database.risks() == ["fsync is off", "full_page_writes is off"]  # as the server of these tests is
        database.close()


@pytest.mark.only("sqlite", "PostgreSQL knows no other tables")
def test_every_table_is_strict(written: Store) -> None:
    with written.database.reading() as connection:
        strict = {
            row.name: row.strict for row in connection.exec_driver_sql("PRAGMA table_list") if row.type == "table"
        }
    assert {name: strict[name] for name in metadata.tables} == dict.fromkeys(metadata.tables, 1)


def test_a_text_cannot_get_into_a_column_of_numbers(written: Store) -> None:
    with pytest.raises(REFUSED), written.database.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET position = 'three'")


@pytest.mark.only("sqlite", "PostgreSQL grants see to it")
@pytest.mark.parametrize(
    "statement",
    ["UPDATE head SET position = 9", "DELETE FROM streams", "CREATE TABLE more (x INTEGER)", "DROP TABLE prose"],
)
def test_reading_connections_cannot_write(written: Store, statement: str) -> None:
    with pytest.raises(REFUSED, match="readonly"), written.database.reading() as connection:
        connection.exec_driver_sql(statement)
    assert written.value(sa.select(head.c.position)) == 4
    assert len(written.rows(sa.select(opened))) == 2


def test_a_reader_keeps_its_snapshot_while_others_write(written: Store) -> None:
    with written.readings.view() as view:
        assert view.head.log_size == 4
        written.writer.record(announced("A-2"))
        assert [each.entry.position for each in view.recorded(up_to=99)] == [1, 2, 3, 4]
    with written.readings.view() as view:
        assert view.head.log_size == 5


def test_the_tables_are_made_once(new_url: str) -> None:
    database = Database(new_url)
    assert database.migrate() is True
    assert database.migrate() is False
    assert database.is_current()
    database.close()
