"""The entries that mails brought into people's calendars."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "calendar_entry",
        sa.Column("recipient_id", sa.Text, primary_key=True),
        sa.Column("goal_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("is_cancelled", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("sent_at", _MOMENT, nullable=False, server_default=sa.func.now()),
    )
