"""The employee number of a person can change, and can be given to another person: it is no longer always the id."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("employee", sa.Column("number", sa.Text))
    op.create_index("employee_by_number", "employee", ["number"], postgresql_where=sa.text("number IS NOT NULL"))
