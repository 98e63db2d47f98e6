"""The tables: made by migrations alone, on both databases, from every earlier version, by however many at once."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from application.access import Caller
from application.publishing import publish_internal_programme
from application.recording import Request
from domain.publication import NEVER
from infrastructure.database.engines import Database
from infrastructure.database.migrating import alembic_config
from infrastructure.database.readiness import make_ready
from infrastructure.database.tables import metadata, streams
from infrastructure.database.urls import database_url
from tests.stores import Store, announced, event, published

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parents[2] / "golden" / "ledger-0.1.0.sql"


def test_the_migrations_make_the_tables_that_the_program_knows(new_url: str) -> None:
    database = Database(new_url)
    database.migrate()
    database.close()
    command.check(alembic_config(database_url(new_url)))  # raises if Alembic would change anything


def test_a_ledger_of_any_earlier_version_is_brought_to_this_one(new_url: str) -> None:
    config = alembic_config(database_url(new_url))
    command.upgrade(config, "0001")
    engine = sa.create_engine(database_url(new_url), poolclass=sa.NullPool)
    with closing(sqlite3.connect(":memory:")) as golden, engine.begin() as connection:
        golden.executescript(GOLDEN.read_text())
        golden.row_factory = sqlite3.Row
        for name in ("entries", "open_forms", "prose", "fixed_settings", "tokens"):
            rows = [dict(row) for row in golden.execute(f"SELECT * FROM {name}")]  # noqa: S608 -- names of ours
            if rows:
                connection.execute(sa.insert(metadata.tables[name]), rows)
    for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        command.upgrade(config, script.revision)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM entries").scalar() == len(
            connection.exec_driver_sql("SELECT entry FROM entries").all()
        )
    command.check(config)


def test_before_publishing_was_known_what_is_internal_stays_so(new_url: str, tmp_path: Path) -> None:
    now = Store(f"sqlite:///{tmp_path / 'now.db'}").begin("A-1")
    for told in (
        published(code="hidden", visibility="internal", reference_prefix="H-"),
        announced("H-1", programme="hidden"),
        event("H-1"),
    ):
        now.writer.record(told)
    config = alembic_config(database_url(new_url))
    command.upgrade(config, "0012")
    engine = sa.create_engine(database_url(new_url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.delete(metadata.tables["head"]))
        for name in ("entries", "open_forms", "prose", "head"):
            rows = [dict(row._mapping) for row in now.rows(sa.select(metadata.tables[name]))]
            connection.execute(sa.insert(metadata.tables[name]), rows)
        connection.exec_driver_sql("INSERT INTO entry_facts SELECT position, stream, version, topic FROM entries")
        connection.exec_driver_sql(
            "INSERT INTO streams (stream, sort, reference, programme, internal, version) "
            "SELECT stream, 'commitment', 'R-' || min(position), 'tiny', 1, max(version) FROM entries GROUP BY stream"
        )
    before = Store(new_url)
    assert make_ready(before.database, "localhost/tests", lambda _done, _all: None)
    assert before.read_models() == now.read_models()
    assert before.value(sa.select(streams.c.public_from).where(streams.c.reference == "H-1")) == NEVER
    reason = Request(Caller("boss-1", "administrator"), {"reason": "It is time."})
    before.writer.record(publish_internal_programme(reason, "hidden", four_eyes=True))
    assert before.value(sa.select(streams.c.public_from).where(streams.c.reference == "H-1")) == before.size
    for store in (before, now):
        store.close()


def test_of_several_processes_that_migrate_at_once_each_finds_the_tables_made(new_url: str) -> None:
    program = "import sys; from infrastructure.database.engines import Database; Database(sys.argv[1]).migrate()"
    processes = [
        subprocess.Popen([sys.executable, "-c", program, new_url], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[1] for process in processes] == ["", "", ""]
    database = Database(new_url)
    assert database.is_current()
    database.close()
