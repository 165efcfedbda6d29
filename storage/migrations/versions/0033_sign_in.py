"""Sign-in by a provider: accounts that are bound to people, attempts to sign in, and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unbound_at", sa.DateTime(timezone=True)),
    )
    bound = sa.text("unbound_at IS NULL")
    op.create_index("identity_account", "identity", ["issuer", "subject"], unique=True, postgresql_where=bound)
    op.create_index("identity_person", "identity", ["employee_id", "issuer"], unique=True, postgresql_where=bound)
    op.create_table(
        "sign_in_attempt",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("next", sa.Text, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False, index=True),
        prefixes=["UNLOGGED"],  # after a crash, people begin again
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), nullable=False, index=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
