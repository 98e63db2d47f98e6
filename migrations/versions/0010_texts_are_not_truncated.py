"""On PostgreSQL nobody empties the table of texts at one stroke; they are erased one by one."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take this step."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER prose_no_truncate BEFORE TRUNCATE ON prose "
            "FOR EACH STATEMENT EXECUTE FUNCTION prose_no_update()"
        )


def downgrade() -> None:
    """Take this step back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER prose_no_truncate ON prose")
