"""People have additional posts (兼務), and goals belong to a post."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("employee", sa.Column("posts", JSONB, nullable=False, server_default=sa.text("'[]'")))
