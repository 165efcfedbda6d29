"""Forms that people have filled in and not sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "unsent_form",
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("seen", sa.Integer),
        sa.Column("version", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
