"""API tokens of people, of whose secrets only hashes are stored; and the requests of the present minute by token and address."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), nullable=False, index=True),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "request_rate",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        prefixes=["UNLOGGED"],  # a crash forgets a minute
    )
