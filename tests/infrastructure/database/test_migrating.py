"""The tables: made by migrations alone, on both databases, from every earlier version, by however many at once."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from infrastructure.database.engines import Database
from infrastructure.database.migrating import alembic_config
from infrastructure.database.tables import metadata
from infrastructure.database.urls import database_url

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
