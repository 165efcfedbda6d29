"""Indexes of two pages that read a whole cycle: the tree's goals that serve none, and whom overdue decisions wait for."""

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.execute("CREATE INDEX goal_orphans ON goal (cycle_id, id) WHERE parent IS NULL AND counts_in_tree(outcome)")
    op.execute(
        "CREATE INDEX goal_decisions ON goal (cycle_id, due_at) INCLUDE (task, assignees) "
        "WHERE task IN ('approval', 'verdict') AND NOT paused"
    )
