"""Administrators of the directory, who may change it without being HR of the open cycles; companies and secondments (出向) of people."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("employee", sa.Column("company", sa.Text))
    op.add_column("employee", sa.Column("seconded_from", sa.Text))
    op.create_table(
        "directory_administrator",
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
    )
