"""Which databases a ledger can be in, by their URL."""

from typing import Final

import sqlalchemy as sa

GOOD_DATABASE_URLS: Final = "sqlite:///ledger.db, or postgresql://user:password@host/database"


class BadDatabaseUrlError(ValueError):
    """The URL of no database that a ledger can be in. It may hold a secret and is not repeated."""


def database_url(text: str) -> sa.URL:
    """Read a URL: SQLite, or PostgreSQL by any of its names, which is spoken to with psycopg 3."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as unreadable:
        raise BadDatabaseUrlError("this is no URL of a database") from unreadable
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return url
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise BadDatabaseUrlError(f"{url.drivername} is no database for a ledger")
