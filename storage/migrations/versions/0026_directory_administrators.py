"""Administrators of the directory: people who may change it without being HR of the open cycles."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "directory_administrator",
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
    )
