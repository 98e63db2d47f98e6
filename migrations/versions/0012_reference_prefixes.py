"""With what the references of a programme begin."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take this step."""
    op.create_table(
        "reference_prefixes",
        sa.Column("stream", sa.LargeBinary(), nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column(
            "prefix", sa.Text(), nullable=False, comment="with what the references of a programme begin, for ever"
        ),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_reference_prefixes")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("reference_prefixes")
