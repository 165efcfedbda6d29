"""Problems from hearings, the tree of goals, examples to follow."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MOMENT = sa.DateTime(timezone=True)
_PARENT = "aggregate #>> '{content,parent}'"


def upgrade() -> None:
    op.create_table(
        "problem",
        sa.Column("number", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("id", sa.Text, sa.Computed("'H' || number::text", persisted=True), nullable=False, unique=True),
        sa.Column("cycle_id", sa.Text, nullable=False, index=True),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("heard_as", sa.Text, nullable=False),
        sa.Column("added_by", sa.Text, sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("command_id", sa.Text, nullable=False, unique=True),
        sa.Column("added_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("heard_as IN ('manager', 'staff')", name="problem_heard_as"),
    )
    op.create_index(
        "goal_by_parent",
        "goal",
        ["cycle_id", sa.text(f"({_PARENT})")],
        postgresql_where=sa.text(f"{_PARENT} IS NOT NULL"),
    )
    op.create_index(
        "goal_exemplars", "goal", ["department"], postgresql_where=sa.text("aggregate @> '{\"exemplar\": true}'")
    )
