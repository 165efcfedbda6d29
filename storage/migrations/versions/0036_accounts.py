"""The provider's side of a session, so that the provider can end it; the logout tokens that were used; roles that the provider gives; accounts of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("session", sa.Column("identity_id", sa.Text, sa.ForeignKey("identity.id")))
    op.add_column("session", sa.Column("provider_session", sa.Text))
    op.create_index("ix_session_identity_id", "session", ["identity_id"])
    op.create_index("ix_session_provider_session", "session", ["provider_session"])
    op.create_table(
        "logout_token",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, index=True),
        prefixes=["UNLOGGED"],  # after a crash, a token that is not over yet could end sessions again
    )
    op.add_column("role_holder", sa.Column("source", sa.Text, nullable=False, server_default="hand"))
    op.drop_constraint("role_holder_pkey", "role_holder")
    op.create_primary_key("role_holder_pkey", "role_holder", ["employee_id", "role", "source"])
    op.create_table(
        "service_account",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Text, sa.ForeignKey("employee.id"), index=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "service_account_role",
        sa.Column("account_id", sa.Text, sa.ForeignKey("service_account.id"), primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
    )
    op.add_column("api_token", sa.Column("account_id", sa.Text, sa.ForeignKey("service_account.id")))
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])
    op.alter_column("api_token", "employee_id", nullable=True)
    op.create_check_constraint("api_token_holder", "api_token", "num_nonnulls(employee_id, account_id) = 1")
