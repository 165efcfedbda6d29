"""Links to people's calendars, of whose secrets only hashes are stored; and several receivers of events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "calendar_link",
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "hook_receiver",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text),
        sa.Column("kinds", ARRAY(sa.Text)),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
        sa.Column("earlier_until", sa.DateTime(timezone=True)),
        sa.Column("key_id", sa.Text),
        sa.Column("created_by", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
    )
    alive = sa.text("deleted_at IS NULL")
    op.create_index("hook_receiver_url", "hook_receiver", ["url"], unique=True, postgresql_where=alive)
    # The hook of the settings is a receiver among others, and goes on where it was.
    op.execute("INSERT INTO hook_receiver (id, since, created_at) SELECT 'settings', since, since FROM hook")
    op.drop_table("hook")
    op.add_column("hook_event", sa.Column("receiver_id", sa.Text, nullable=False, server_default="settings"))
    op.add_column("hook_event", sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False))
    op.execute("ALTER TABLE hook_event DROP CONSTRAINT hook_event_pkey, ADD PRIMARY KEY (receiver_id, goal_id, seq)")
    op.drop_index("hook_event_pending", "hook_event")
    pending = sa.text("sent_at IS NULL AND gave_up_at IS NULL")
    op.create_index("hook_event_pending", "hook_event", ["receiver_id", "goal_id", "seq"], postgresql_where=pending)
    op.create_index("hook_event_by_number", "hook_event", ["receiver_id", "number"], unique=True)
