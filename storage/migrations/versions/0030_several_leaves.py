"""People have several leaves and a date of joining; the time at work of a cycle that ended is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("employee", sa.Column("joined_on", sa.Date))
    op.add_column("employee", sa.Column("further_leaves", JSONB, nullable=False, server_default=sa.text("'[]'")))
    # of people who were not at work for the whole of a cycle that ended and counts it
    op.add_column("participant", sa.Column("days_at_work", sa.Integer))
    op.add_column("participant", sa.Column("days_of_cycle", sa.Integer))
