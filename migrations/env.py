"""Run migrations against the URL given by the program, or LEDGER_DATABASE_URL on Alembic's command line."""

import os

import sqlalchemy as sa
from alembic import context

from infrastructure.database.tables import metadata
from infrastructure.database.urls import database_url

_url = context.config.attributes.get("url") or database_url(os.environ["LEDGER_DATABASE_URL"])
_engine = sa.create_engine(_url, poolclass=sa.NullPool)
_sqlite = _engine.dialect.name == "sqlite"
with _engine.connect() as connection:
    # Of two that migrate at once the second waits, and then finds nothing to do.
    if _sqlite:
        connection.connection.driver_connection.isolation_level = None  # type: ignore[union-attr]
        connection.exec_driver_sql("PRAGMA busy_timeout = 60000")
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("ledger migrate", 0))))
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()
    connection.commit()
