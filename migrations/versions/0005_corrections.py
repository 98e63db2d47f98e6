"""What corrections did, once for all reports: read models are emptied, and `ledger migrate` makes them anew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DERIVED = ("relations", "details", "status_courses", "course", "entry_facts", "streams")


def upgrade() -> None:
    """Take this step."""
    for name in DERIVED:
        op.execute(sa.delete(sa.table(name)))
    op.create_table(
        "corrections",
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("stream", sa.LargeBinary(), nullable=False),
        sa.Column(
            "corrected",
            sa.Text(),
            nullable=False,
            comment="a JSON list of [reading before, reading after or null, changed members]",
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_corrections")),
        sqlite_strict=True,
    )
