"""Drop the index of values, which every result paid for and no query needs any more."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = "ix_trials_study_id_value"


def upgrade() -> None:
    """Apply."""
    op.drop_index(NAME, "trials")


def downgrade() -> None:
    """Take back."""
    op.create_index(NAME, "trials", ["study_id", "value", "index"])
