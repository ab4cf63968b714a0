"""Find the cells of an arm without passing those of the arms before it."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "ix_cells_study_id_arm"


def upgrade() -> None:
    """Apply."""
    op.create_index(NAME, "cells", ["study_id", "arm", "ordinal"])


def downgrade() -> None:
    """Take back."""
    op.drop_index(NAME, "cells")
