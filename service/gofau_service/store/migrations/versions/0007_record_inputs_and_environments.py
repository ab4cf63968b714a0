"""Record what results depended on and where they were computed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEPT = ("inputs", "environments")
NAMED = ("inputs", "environment")


def upgrade() -> None:
    """Apply."""
    for table in KEPT:
        op.create_table(
            table,
            sa.Column("digest", sa.String(length=200), nullable=False),
            sa.Column("record", sa.JSON(), nullable=False),
            sa.Column("seen_at", sa.Double(), nullable=False),
            sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{table}")),
        )
    for table in ("leases", "trials"):
        for name in NAMED:
            op.add_column(table, sa.Column(name, sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Take back."""
    for table in ("leases", "trials"):
        for name in NAMED:
            op.drop_column(table, name)
    for table in KEPT:
        op.drop_table(table)
