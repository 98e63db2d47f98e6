"""Tokens for named programmes and for a time, the roles that they act in, and when they were last used."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take this step. Whoever holds a token that is good holds its role, for all programmes, as it was until now."""
    op.add_column(
        "tokens",
        sa.Column("programmes", sa.Text(), nullable=True, comment="a JSON list; null: as far as the role goes"),
    )
    op.add_column("tokens", sa.Column("expires_at", WHOLE, nullable=True))
    op.create_table(
        "held_roles",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("programmes", sa.Text(), nullable=True, comment="a JSON list; null: all"),
        sa.PrimaryKeyConstraint("actor", "role", name=op.f("pk_held_roles")),
        sqlite_strict=True,
    )
    op.create_table(
        "token_uses",
        sa.Column("token", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("used_at", WHOLE, nullable=False, comment="a minute late at most"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_token_uses")),
        sqlite_strict=True,
    )
    op.execute("INSERT INTO held_roles (actor, role, programmes) SELECT DISTINCT actor, role, NULL FROM tokens")


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("token_uses")
    op.drop_table("held_roles")
    op.drop_column("tokens", "expires_at")
    op.drop_column("tokens", "programmes")
