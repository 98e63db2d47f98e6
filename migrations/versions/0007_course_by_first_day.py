"""Courses by first day, without last days: read models are emptied, and `ledger migrate` makes them anew."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DERIVED = ("relations", "details", "corrections", "status_courses", "entry_facts", "streams")


def upgrade() -> None:
    """Take this step."""
    for name in DERIVED:
        op.execute(sa.delete(sa.table(name)))
    op.drop_table("course")
    op.create_table(
        "course",
        sa.Column("stream", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("since", WHOLE, autoincrement=False, nullable=False, comment="first day, as date.toordinal"),
        sa.Column("from_position", WHOLE, autoincrement=False, nullable=False, comment="known from this log size"),
        sa.Column("to_position", WHOLE, nullable=False, comment="no longer known so at this log size"),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="what State holds beside its details, as a JSON list"),
        sa.PrimaryKeyConstraint("stream", "since", "from_position", name=op.f("pk_course")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
