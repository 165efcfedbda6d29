"""Links to people's calendars, of whose secrets only hashes are stored."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "calendar_link",
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
