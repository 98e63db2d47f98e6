"""What the host that seals tells the other hosts of one database."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take this step."""
    op.create_table(
        "checkpoints",
        sa.Column("sort", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column(
            "note",
            sa.LargeBinary(),
            nullable=False,
            comment="what the host that seals tells the others; nobody takes its word for it",
        ),
        sa.PrimaryKeyConstraint("sort", name=op.f("pk_checkpoints")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("checkpoints")
