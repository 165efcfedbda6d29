"""A problem can be taken over from an earlier cycle: from a problem, or from a review."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("problem", sa.Column("source", sa.Text))
    op.drop_constraint("problem_heard_as", "problem")
    op.create_check_constraint("problem_heard_as", "problem", "heard_as IN ('manager', 'staff', 'review')")
    op.create_index(
        "problem_once_per_source",
        "problem",
        ["cycle_id", "source"],
        unique=True,
        postgresql_where=sa.text("taken_back_at IS NULL"),
    )
