"""A delegation covers the delegator's own goals only where it says so."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("delegation", sa.Column("own_goals", sa.Boolean, nullable=False, server_default=sa.text("false")))
