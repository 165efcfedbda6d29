"""People have a leave, now or planned, with a deputy; a goal is paused while its owner is on leave."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_AWAY = "COALESCE((aggregate ->> 'away')::boolean, false)"


def upgrade() -> None:
    op.add_column("employee", sa.Column("away_from", sa.Date))
    op.add_column("employee", sa.Column("away_until", sa.Date))
    op.add_column("employee", sa.Column("deputy_id", sa.Text))
    op.add_column("goal", sa.Column("away", sa.Boolean, sa.Computed(_AWAY, persisted=True), nullable=False))
