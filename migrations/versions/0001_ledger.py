"""Entries, what is kept beside them, and the read models."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("entries", "open_forms")
CLASHES = {
    "entries": "position = NEW.position OR (stream = NEW.stream AND version = NEW.version) "
    "OR recorded_at = NEW.recorded_at",
    "open_forms": "position = NEW.position",
    "prose": "position = NEW.position AND member = NEW.member",
}


def upgrade() -> None:
    """Take this step."""
    _make_entries()
    _make_what_is_kept_beside()
    _make_read_models()
    op.execute("INSERT INTO head (id, position, recorded_at) VALUES (1, 0, 0)")
    for table in APPEND_ONLY:
        _forbid(table, "UPDATE")
        _forbid(table, "DELETE")
    _forbid("prose", "UPDATE")
    if op.get_bind().dialect.name == "sqlite":
        for table, clash in CLASHES.items():
            _forbid_replacing(table, clash)


def _make_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("stream", sa.LargeBinary(), nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("recorded_at", WHOLE, nullable=False, comment="microseconds since 1970-01-01T00:00:00Z"),
        sa.Column("entry", sa.LargeBinary(), nullable=False, comment="the bytes of the Merkle leaf"),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "nodes",
            sa.LargeBinary(),
            nullable=False,
            comment="hashes of the subtrees this leaf completes, 2 leaves upwards",
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_entries")),
        sa.UniqueConstraint("recorded_at", name=op.f("uq_entries_recorded_at")),
        sa.UniqueConstraint("stream", "version", name=op.f("uq_entries_stream_version")),
        sqlite_strict=True,
    )
    op.create_table(
        "head",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("recorded_at", WHOLE, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head")),
        sqlite_strict=True,
    )
    op.create_table(
        "open_forms",
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False, comment="the open form of an entry whose leaf is closed"),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_open_forms")),
        sqlite_strict=True,
    )
    op.create_table(
        "prose",
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("member", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False, comment="RFC 8785 JSON"),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", "member", name=op.f("pk_prose")),
        sqlite_strict=True,
    )


def _make_what_is_kept_beside() -> None:
    op.create_table(
        "fixed_settings",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_fixed_settings")),
        sqlite_strict=True,
    )
    op.create_table(
        "remembered_answers",
        sa.Column("request", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column(
            "body_tag", sa.LargeBinary(), nullable=False, comment="HMAC-SHA-256 of the body under the idempotency key"
        ),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("recorded_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_remembered_answers")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("remembered_answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remembered_answers_recorded_at"), ["recorded_at"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("revoked_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
        sqlite_strict=True,
    )
    op.create_table(
        "tracking",
        sa.Column("application", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("notification", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("application", name=op.f("pk_tracking")),
        sqlite_strict=True,
    )


def _make_read_models() -> None:
    op.create_table(
        "course",
        sa.Column("stream", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("from_position", WHOLE, autoincrement=False, nullable=False, comment="known from this log size"),
        sa.Column("since", WHOLE, autoincrement=False, nullable=False, comment="first day, as date.toordinal"),
        sa.Column("until", WHOLE, nullable=False, comment="the day after the last"),
        sa.Column("to_position", WHOLE, nullable=False, comment="no longer known so at this log size"),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "from_position", "since", name=op.f("pk_course")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_course_stream_since_until_from_position_to_position"),
            ["stream", "since", "until", "from_position", "to_position"],
            unique=False,
        )

    op.create_table(
        "details",
        sa.Column("digest", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="members of design 3.1 as JSON"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_details")),
        sqlite_strict=True,
    )
    op.create_table(
        "entry_facts",
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("stream", sa.LargeBinary(), nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_entry_facts")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("entry_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entry_facts_kind_position"), ["kind", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_entry_facts_stream_position"), ["stream", "position"], unique=False)

    op.create_table(
        "relations",
        sa.Column("reference", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("reference", "stream", name=op.f("pk_relations")),
        sqlite_strict=True,
    )
    op.create_table(
        "streams",
        sa.Column("stream", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("sort", sa.Text(), nullable=False, comment="commitment, programme or ledger"),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=True),
        sa.Column("internal", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_streams")),
        sa.UniqueConstraint("sort", "reference", name=op.f("uq_streams_sort_reference")),
        sqlite_strict=True,
    )


def _forbid(table: str, action: str) -> None:
    """Make the database itself refuse to change what was recorded."""
    name, said = f"{table}_no_{action.lower()}", f"{table} are append-only"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END")
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{said}'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    if action == "DELETE":
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def _forbid_replacing(table: str, clash: str) -> None:
    """INSERT OR REPLACE deletes without asking the trigger on DELETE, so it is refused before it begins."""
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {clash}) "
        f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("tracking")
    op.drop_table("tokens")
    op.drop_table("streams")
    with op.batch_alter_table("remembered_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remembered_answers_recorded_at"))

    op.drop_table("remembered_answers")
    op.drop_table("relations")
    op.drop_table("prose")
    op.drop_table("open_forms")
    op.drop_table("head")
    op.drop_table("fixed_settings")
    with op.batch_alter_table("entry_facts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_entry_facts_stream_position"))
        batch_op.drop_index(batch_op.f("ix_entry_facts_kind_position"))

    op.drop_table("entry_facts")
    op.drop_table("entries")
    op.drop_table("details")
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_course_stream_since_until_from_position_to_position"))

    op.drop_table("course")
    if op.get_bind().dialect.name == "postgresql":
        for name in (
            *(f"{table}_no_{action}" for table in APPEND_ONLY for action in ("update", "delete")),
            "prose_no_update",
        ):
            op.execute(f"DROP FUNCTION {name}()")
