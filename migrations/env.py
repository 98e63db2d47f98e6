"""Run migrations against the URL given by the program, or LEDGER_DATABASE_URL on Alembic's command line."""

import os

import sqlalchemy as sa
from alembic import context

from infrastructure.tables import metadata

_url = context.config.attributes.get("url") or os.environ["LEDGER_DATABASE_URL"]
_engine = sa.create_engine(_url, poolclass=sa.NullPool)
with _engine.connect() as connection:
    if _engine.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
