"""Provisioning by SCIM: what the identity provider wants, and the runs that compared it with the directory."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "scim_resource",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, index=True),
        sa.Column("employee_id", sa.Text),
        sa.Column("number", sa.Text),
        sa.Column("attributes", JSONB, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.Column("pending_at", sa.DateTime(timezone=True)),
        sa.Column("applied", JSONB),
        sa.Column("refused", JSONB),
    )
    lives = "removed_at IS NULL"
    for name, columns, which in (
        ("scim_resource_key", ["kind", "key"], lives),
        ("scim_resource_person", ["employee_id"], f"{lives} AND employee_id IS NOT NULL"),
        ("scim_resource_number", ["number"], f"{lives} AND number IS NOT NULL"),
    ):
        op.create_index(name, "scim_resource", columns, unique=True, postgresql_where=sa.text(which))
    pending = sa.text("pending_at IS NOT NULL")
    op.create_index("scim_resource_pending", "scim_resource", ["pending_at"], postgresql_where=pending)
    op.create_table(
        "scim_run",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("instruction_id", sa.Text),
        sa.Column("resources", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
    )
