"""States know what an achievement rests on: read models are emptied, and `ledger migrate` makes them anew."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DERIVED = ("relations", "details", "course", "entry_facts", "streams")


def upgrade() -> None:
    """Take this step."""
    for name in DERIVED:
        op.execute(sa.delete(sa.table(name)))
