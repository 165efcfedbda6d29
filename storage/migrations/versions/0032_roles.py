"""Roles in the company. Administrators of the directory are those with the role `directory`."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "role_holder",
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
    )
    op.execute("INSERT INTO role_holder SELECT employee_id, 'directory' FROM directory_administrator")
    op.drop_table("directory_administrator")
