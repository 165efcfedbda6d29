"""A goal that is paused is known without reading its aggregate, and the index of due dates leaves it out."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column(
        "goal", sa.Column("paused", sa.Boolean, sa.Computed("aggregate ? 'paused_on'", persisted=True), nullable=False)
    )
    op.drop_index("goal_by_due_date", "goal")
    op.create_index(
        "goal_by_due_date",
        "goal",
        ["cycle_id", "due_at"],
        postgresql_where=sa.text("task IS NOT NULL AND NOT paused"),
    )
    op.create_index("goal_paused", "goal", ["cycle_id"], postgresql_where=sa.text("paused"))
