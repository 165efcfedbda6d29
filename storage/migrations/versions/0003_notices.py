"""Digests, people's preferences for notices, and events for another system."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True)
_CHANNELS = "IN ('mail', 'chat', 'console')"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("outbox", sa.Column("digest_on", sa.Date))
    op.add_column("outbox", sa.Column("fell_back", sa.Text))
    op.add_column("outbox", sa.Column("retry_at", _MOMENT))
    op.add_column("outbox", sa.Column("withdrawn_at", _MOMENT))
    op.drop_index("outbox_unsent", "outbox")
    op.create_index(
        "outbox_unsent",
        "outbox",
        ["due_at", "recipient_id"],
        postgresql_where=sa.text("sent_at IS NULL AND gave_up_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_index(
        "outbox_digests",
        "outbox",
        ["recipient_id", "digest_on"],
        postgresql_where=sa.text("digest_on IS NOT NULL"),
    )
    op.create_index(
        "outbox_trouble",
        "outbox",
        ["cycle_id", "recipient_id"],
        postgresql_where=sa.text("gave_up_at IS NOT NULL OR fell_back IS NOT NULL OR kind = 'delivery_trouble'"),
    )
    op.create_table(
        "preference",
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("channel", sa.Text),
        sa.Column("chat_url", sa.Text),
        sa.Column("digest_at", sa.Time),
        sa.Column("updated_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint(f"channel {_CHANNELS}", name="preference_channel"),
    )
    op.create_table(
        "hook",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("since", _MOMENT, nullable=False),
    )
    op.create_table(
        "hook_event",
        sa.Column("goal_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("retry_at", _MOMENT),
        sa.Column("failing_since", _MOMENT),
        sa.Column("error", sa.Text),
        sa.Column("sent_at", _MOMENT),
        sa.Column("gave_up_at", _MOMENT),
    )
    op.create_index(
        "hook_event_pending",
        "hook_event",
        ["goal_id", "seq"],
        postgresql_where=sa.text("sent_at IS NULL AND gave_up_at IS NULL"),
    )
    # BRIN: entries are written in the order of their time, so an index of a few pages is enough and costs the recording nothing.
    op.create_index("goal_event_by_time", "goal_event", ["recorded_at"], postgresql_using="brin")
