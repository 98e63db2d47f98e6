"""The tables made, and brought to this version, by Alembic's migrations."""

from functools import cache

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory


def upgrade(url: sa.URL) -> None:
    """Bring the tables of a database to this version."""
    command.upgrade(alembic_config(url), "head")


def is_newest(connection: sa.Connection) -> bool:
    """Whether the tables are those of this version."""
    return MigrationContext.configure(connection).get_current_revision() == _newest_revision()


@cache
def _newest_revision() -> str | None:
    return ScriptDirectory.from_config(alembic_config(None)).get_current_head()


def alembic_config(url: sa.URL | None) -> Config:
    """Give what Alembic's commands need to know."""
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config
