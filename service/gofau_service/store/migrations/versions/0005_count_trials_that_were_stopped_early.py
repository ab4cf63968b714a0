"""Count the trials that successive halving stopped early."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("studies", "cells")


def upgrade() -> None:
    """Apply."""
    for table in TABLES:
        count = sa.Column(
            "stopped_early", sa.Integer(), nullable=False, server_default=sa.text("0")
        )
        op.add_column(table, count)


def downgrade() -> None:
    """Take back."""
    for table in TABLES:
        op.drop_column(table, "stopped_early")
