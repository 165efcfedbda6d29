"""People have several leaves, and a date of joining."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("employee", sa.Column("joined_on", sa.Date))
    op.add_column("employee", sa.Column("further_leaves", JSONB, nullable=False, server_default=sa.text("'[]'")))
