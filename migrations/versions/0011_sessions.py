"""Sessions of people who signed in with a browser."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take this step."""
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column(
            "sign_in",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the secret that the sign-in began with",
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("programmes", sa.Text(), nullable=True, comment="a JSON list; null: all"),
        sa.Column("began_at", WHOLE, nullable=False),
        sa.Column("used_at", WHOLE, nullable=False),
        sa.Column("ended_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
        sa.UniqueConstraint("sign_in", name=op.f("uq_sessions_sign_in")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("sessions")
