"""Every table, once; Alembic compares the migrations with this file.

*Kept*: entries, the open form of closed ones, prose, issued reports, and what only the operator knows (tokens,
roles, actors, sessions, remembered answers).
*Derived*: the read models; `ledger replay` makes them anew from the entries.
"""

from typing import Any, Final

import sqlalchemy as sa

# SQLite's STRICT tables know INTEGER, TEXT and BLOB only.
WHOLE: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _column(name: str, kind: Any = sa.Text, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, **({"nullable": False} | options))


def _key(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False, nullable=False)


def _table(name: str, *parts: Any, **options: Any) -> sa.Table:
    return sa.Table(name, metadata, *parts, sqlite_strict=True, **options)


# --- kept ---------------------------------------------------------------------------------------------------------

entries: Final = _table(
    "entries",
    _key("position", WHOLE),
    _column("stream", sa.LargeBinary),
    _column("version", WHOLE),
    _column("topic"),
    _column("recorded_at", WHOLE, comment="microseconds since 1970-01-01T00:00:00Z"),
    _column("entry", sa.LargeBinary, comment="the bytes of the Merkle leaf"),
    _column("leaf_hash", sa.LargeBinary),
    _column("nodes", sa.LargeBinary, comment="hashes of the subtrees this leaf completes, 2 leaves upwards"),
    sa.UniqueConstraint("stream", "version"),
    sa.UniqueConstraint("recorded_at"),
)
opened: Final = _table(
    "open_forms",
    _key("position", WHOLE),
    _column("entry", sa.LargeBinary, comment="the open form of an entry whose leaf is closed"),
    _column("salt", sa.LargeBinary),
)
prose: Final = _table(
    "prose",
    _key("position", WHOLE),
    _key("member"),
    _column("value", comment="RFC 8785 JSON"),
    _column("salt", sa.LargeBinary),
)
head: Final = _table(
    "head",
    _key("id", WHOLE),
    _column("position", WHOLE),
    _column("recorded_at", WHOLE),
    sa.CheckConstraint("id = 1", name="one_row"),
)
fixed: Final = _table("fixed_settings", _key("name"), _column("value"))
tracking: Final = _table("tracking", _key("application"), _column("notification", WHOLE))
tokens: Final = _table(
    "tokens",
    _key("id"),
    _column("digest", sa.LargeBinary, comment="SHA-256 of the token"),
    _column("actor"),
    _column("role"),
    _column("created_at", WHOLE),
    _column("revoked_at", WHOLE, nullable=True),
    _column("programmes", nullable=True, comment="a JSON list; null: as far as the role goes"),
    _column("expires_at", WHOLE, nullable=True),
    sa.UniqueConstraint("digest"),
)
held_roles: Final = _table(
    "held_roles",
    _key("actor"),
    _key("role"),
    _column("programmes", nullable=True, comment="a JSON list; null: all"),
)
actors: Final = _table(
    "actors",
    _key("id"),
    _column("name", nullable=True, comment="in no other place; null once it is erased"),
    _column("organisation", nullable=True, comment="a partner's code"),
    _column("registered_at", WHOLE),
    _column("erased_at", WHOLE, nullable=True),
)
token_uses: Final = _table("token_uses", _key("token"), _column("used_at", WHOLE, comment="a minute late at most"))
sessions: Final = _table(
    "sessions",
    _key("digest", sa.LargeBinary),
    _column("sign_in", sa.LargeBinary, comment="SHA-256 of the secret that the sign-in began with"),
    _column("actor"),
    _column("role"),
    _column("programmes", nullable=True, comment="a JSON list; null: all"),
    _column("began_at", WHOLE),
    _column("used_at", WHOLE),
    _column("ended_at", WHOLE, nullable=True),
    sa.UniqueConstraint("sign_in"),
)
remembered: Final = _table(
    "remembered_answers",
    _key("request", sa.LargeBinary),
    _column("body_tag", sa.LargeBinary, comment="HMAC-SHA-256 of the body under the idempotency key"),
    _column("answer"),
    _column("recorded_at", WHOLE),
    sa.Index(None, "recorded_at"),
)
issued_reports: Final = _table(
    "issued_reports",
    _key("position", WHOLE),
    _column("parameters", comment="RFC 8785 JSON"),
    _column("facts", sa.LargeBinary, comment="zlib; the RFC 8785 bytes that have the digest"),
    _column("digest", comment="SHA-256 in hex"),
)

checkpoints: Final = _table(
    "checkpoints",
    _key("sort"),
    _column("size", WHOLE),
    _column("note", sa.LargeBinary, comment="what the host that seals tells the others; nobody takes its word for it"),
)

# --- derived ------------------------------------------------------------------------------------------------------

FOR_EVER: Final = 2**62
"""The end of what nothing has ended."""

streams: Final = _table(
    "streams",
    _key("stream", sa.LargeBinary),
    _column("sort", comment="commitment, programme or ledger"),
    _column("reference"),
    _column("programme", nullable=True),
    _column("visibility", comment="as it was recorded, whatever that of its programme: public or internal"),
    _column("public_from", WHOLE, comment="the log size from which on everybody sees it; 0: always"),
    _column("version", WHOLE),
    sa.UniqueConstraint("sort", "reference"),
)
entry_facts: Final = _table(
    "entry_facts",
    _key("position", WHOLE),
    _column("stream", sa.LargeBinary),
    _column("version", WHOLE),
    _column("kind"),
    # With the version, so that the last one known at N is found without a look at the row.
    sa.Index(None, "stream", "position", "version"),
    sa.Index(None, "kind", "position"),
)
course: Final = _table(
    "course",
    _key("stream", sa.LargeBinary),
    sa.Column("since", WHOLE, primary_key=True, autoincrement=False, comment="first day, as date.toordinal"),
    sa.Column("from_position", WHOLE, primary_key=True, autoincrement=False, comment="known from this log size"),
    _column("to_position", WHOLE, comment="no longer known so at this log size"),
    _column("details", sa.LargeBinary),
    _column("state", comment="what State holds beside its details, as a JSON list"),
    sqlite_with_rowid=False,
)
status_courses: Final = _table(
    "status_courses",
    _key("stream", sa.LargeBinary),
    sa.Column("from_position", WHOLE, primary_key=True, autoincrement=False, comment="known from this log size"),
    _column("steps", comment="a JSON list of [day, status], until the next row of the stream is known"),
    sqlite_with_rowid=False,
)
corrections: Final = _table(
    "corrections",
    _key("position", WHOLE),
    _column("stream", sa.LargeBinary),
    _column("corrected", comment="a JSON list of [reading before, reading after or null, changed members]"),
)
details: Final = _table(
    "details", _key("digest", sa.LargeBinary), _column("body", comment="members of design 3.1 as JSON")
)
prefixes: Final = _table(
    "reference_prefixes",
    _key("stream", sa.LargeBinary),
    _column("position", WHOLE),
    _column("prefix", comment="with what the references of a programme begin, for ever"),
)
relations: Final = _table("relations", _key("reference"), _key("stream", sa.LargeBinary))

DERIVED: Final = (streams, entry_facts, course, status_courses, corrections, details, prefixes, relations)
APPEND_ONLY: Final = ("entries", "open_forms", "issued_reports")
