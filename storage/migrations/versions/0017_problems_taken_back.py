"""A problem that was heard can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("problem", sa.Column("taken_back_at", sa.DateTime(timezone=True)))
