"""From which log size on everybody sees a stream: read models are emptied, and `ledger migrate` makes them anew."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DERIVED = (
    "relations", "reference_prefixes", "details", "corrections", "status_courses", "course", "entry_facts", "streams",
)  # fmt: skip
VISIBILITY = "as it was recorded, whatever that of its programme: public or internal"
PUBLIC_FROM = "the log size from which on everybody sees it; 0: always"


def upgrade() -> None:
    """Take this step."""
    for name in DERIVED:
        op.execute(sa.delete(sa.table(name)))
    visibility = sa.Column("visibility", sa.Text(), nullable=False, comment=VISIBILITY)
    public_from = sa.Column("public_from", WHOLE, nullable=False, comment=PUBLIC_FROM)
    if op.get_bind().dialect.name == "postgresql":  # as it is, with what roles were granted on it
        op.drop_column("streams", "internal")
        op.add_column("streams", visibility)
        op.add_column("streams", public_from)
        return
    op.drop_table("streams")
    op.create_table(
        "streams",
        sa.Column("stream", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("sort", sa.Text(), nullable=False, comment="commitment, programme or ledger"),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=True),
        visibility,
        public_from,
        sa.Column("version", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_streams")),
        sa.UniqueConstraint("sort", "reference", name=op.f("uq_streams_sort_reference")),
        sqlite_strict=True,
    )
