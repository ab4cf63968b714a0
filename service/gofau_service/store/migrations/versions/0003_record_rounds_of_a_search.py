"""Record the rounds of adaptive searches and refinements."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "studies", sa.Column("unplanned", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.create_table(
        "search_rounds",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_cell", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["studies.id"],
            name=op.f("fk_search_rounds_study_id_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_search_rounds")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("search_rounds")
    op.drop_column("studies", "unplanned")
