"""Sites and last working days, delegations, instructions to many goals, people files that instructions will apply."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def _allow(table: str, constraint: str, condition: str) -> None:
    """Replaces the check constraint of that name with one that allows more."""
    op.drop_constraint(constraint, table, type_="check")
    op.create_check_constraint(constraint, table, condition)


def upgrade() -> None:
    op.add_column("employee", sa.Column("site", sa.Text))
    op.add_column("employee", sa.Column("leaves", sa.Date))
    op.add_column("cycle", sa.Column("policy_now", JSONB))
    _allow("cycle", "cycle_state", "state IN ('launching', 'open', 'closed', 'cancelled')")
    op.add_column("participant", sa.Column("slot", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("participant", sa.Column("added_by", sa.Text))
    op.add_column("participant", sa.Column("added_at", _MOMENT))
    _allow("participant", "participant_result", "result IN ('waiting', 'written', 'started', 'failed', 'removed')")
    op.create_table(
        "delegation",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("delegator_id", sa.Text, sa.ForeignKey("employee.id"), nullable=False, index=True),
        sa.Column("to_id", sa.Text, sa.ForeignKey("employee.id"), nullable=False, index=True),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("first <= last", name="delegation_in_order"),
        sa.CheckConstraint("delegator_id <> to_id", name="delegation_of_two"),
    )
    op.create_table(
        "instruction",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cycle_id", sa.Text, sa.ForeignKey("cycle.id"), index=True),
        sa.Column("asked", JSONB, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("given_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("finished_at", _MOMENT),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done')", name="instruction_state"),
    )
    op.create_table(
        "instruction_goal",
        sa.Column("instruction_id", sa.Text, sa.ForeignKey("instruction.id"), primary_key=True),
        sa.Column("goal_id", sa.Text, primary_key=True),
        sa.Column("result", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("code", sa.Text),
        sa.Column("detail", JSONB),
        sa.Column("updated_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint(
            "result IN ('waiting', 'done', 'skipped', 'refused', 'failed')", name="instruction_goal_result"
        ),
    )
    op.create_index(
        "instruction_goal_waiting",
        "instruction_goal",
        ["instruction_id", "goal_id"],
        postgresql_where=sa.text("result = 'waiting'"),
    )
    op.create_table(
        "staged_employee",
        sa.Column("instruction_id", sa.Text, primary_key=True),
        sa.Column("employee_id", sa.Text, primary_key=True),
        sa.Column("record", JSONB, nullable=False),
    )
