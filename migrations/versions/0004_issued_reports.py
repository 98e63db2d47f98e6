"""What issued reports said, kept beside their entries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SAID = "issued_reports are append-only"


def upgrade() -> None:
    """Take this step."""
    op.create_table(
        "issued_reports",
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False, comment="RFC 8785 JSON"),
        sa.Column("facts", sa.LargeBinary(), nullable=False, comment="zlib; the RFC 8785 bytes that have the digest"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 in hex"),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_issued_reports")),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER issued_reports_no_{action.lower()} BEFORE {action} ON issued_reports "
                f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
            )
        # INSERT OR REPLACE deletes without asking the trigger on DELETE.
        op.execute(
            "CREATE TRIGGER issued_reports_no_replace BEFORE INSERT ON issued_reports "
            "WHEN EXISTS (SELECT 1 FROM issued_reports WHERE position = NEW.position) "
            f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION issued_reports_no_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SAID}'; END $$"
    )
    for action, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER issued_reports_no_{action.lower()} BEFORE {action} ON issued_reports "
            f"FOR EACH {each} EXECUTE FUNCTION issued_reports_no_change()"
        )


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("issued_reports")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION issued_reports_no_change()")
