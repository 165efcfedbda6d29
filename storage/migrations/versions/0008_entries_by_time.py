"""The newest entries of all ledgers are found at once: a B-tree in place of a BRIN, whose newest pages are read whole."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.drop_index("goal_event_by_time", "goal_event")
    op.create_index("goal_event_by_time", "goal_event", ["recorded_at"])
