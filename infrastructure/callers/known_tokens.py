"""Which tokens were ever made, in memory: what is none of them need not be looked up while somebody guesses."""

from hashlib import sha256

import sqlalchemy as sa

from infrastructure.database.engines import Database
from infrastructure.database.tables import tokens


class KnownTokens:
    """The digests of every token there was when they were last read; whether one is valid now is not known here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._digests: frozenset[bytes] = frozenset()

    def read(self) -> None:
        """Read them anew."""
        with self._database.reading() as connection:
            self._digests = frozenset(connection.execute(sa.select(tokens.c.digest)).scalars())

    def might_be_valid(self, secret: str) -> bool:
        """Whether it was a token; the work is the same for each that was none."""
        return sha256(secret.encode()).digest() in self._digests
