"""The register of actors: who a pseudonym stands for, outside the log."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take this step."""
    op.create_table(
        "actors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True, comment="in no other place; null once it is erased"),
        sa.Column("organisation", sa.Text(), nullable=True, comment="a partner's code"),
        sa.Column("registered_at", WHOLE, nullable=False),
        sa.Column("erased_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actors")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("actors")
