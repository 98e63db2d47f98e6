"""Status courses, shorter states, versions by index: read models are emptied, and `ledger migrate` makes them anew."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DERIVED = ("relations", "details", "course", "entry_facts", "streams")
STATE = "what State holds beside its details, as a JSON list"


def upgrade() -> None:
    """Take this step."""
    for name in DERIVED:
        op.execute(sa.delete(sa.table(name)))
    op.create_table(
        "status_courses",
        sa.Column("stream", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("from_position", WHOLE, autoincrement=False, nullable=False, comment="known from this log size"),
        sa.Column(
            "steps",
            sa.Text(),
            nullable=False,
            comment="a JSON list of [day, status], until the next row of the stream is known",
        ),
        sa.PrimaryKeyConstraint("stream", "from_position", name=op.f("pk_status_courses")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.drop_index("ix_entry_facts_stream_position", "entry_facts")
    op.create_index("ix_entry_facts_stream_position_version", "entry_facts", ["stream", "position", "version"])
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("course", "state", comment=STATE)
