"""Instructions that fail, are ended and are retried; the notices of a message are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for column in (
        sa.Column("rules_saved_at", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Text),
        sa.Column("ended_why", sa.Text),
    ):
        op.add_column("instruction", column)
    op.drop_constraint("instruction_state", "instruction")
    op.create_check_constraint("instruction_state", "instruction", "state IN ('waiting', 'running', 'done', 'ended')")
    op.add_column("instruction_goal", sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_index("outbox_by_message", "outbox", ["message_id"], postgresql_where=sa.text("message_id IS NOT NULL"))
