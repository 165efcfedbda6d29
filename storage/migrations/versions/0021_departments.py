"""Departments are records: an id, the names over time, the department above, the head. Each name of the directory becomes one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0021"
down_revision = "0020"

_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "department",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("head_id", sa.Text),
        sa.Column("updated_at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
        sa.UniqueConstraint("name", name="department_name_once", deferrable=True, initially="DEFERRED"),
        sa.ForeignKeyConstraint(["parent_id"], ["department.id"], deferrable=True, initially="DEFERRED"),
        sa.ForeignKeyConstraint(["head_id"], ["employee.id"], deferrable=True, initially="DEFERRED"),
    )
    op.create_table(
        "department_name",
        sa.Column("department_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("since", TIMESTAMP(timezone=True), primary_key=True, server_default=_NOW),
        sa.Column("until", TIMESTAMP(timezone=True)),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], deferrable=True, initially="DEFERRED"),
    )
    op.execute("INSERT INTO department (id, name) SELECT DISTINCT department, department FROM employee")
    op.execute("INSERT INTO department_name (department_id, name) SELECT id, name FROM department")
