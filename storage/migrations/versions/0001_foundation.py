"""Directory, cycles, participants, goals, the append-only ledger, the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)

# The ledger is append-only. The owner of the table could drop the trigger; the hash chain and Temporal's history would show it.
_APPEND_ONLY = (
    """
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'goal_event is append-only: % refused; record a correcting event instead', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON goal_event
    FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()
""",
    """
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON goal_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
""",
)


def upgrade() -> None:
    op.create_table(
        "employee",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mail", sa.Text),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column(
            "manager_id", sa.Text, sa.ForeignKey("employee.id", deferrable=True, initially="DEFERRED"), index=True
        ),
        sa.Column("locale", sa.Text, nullable=False, server_default="ja"),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("updated_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("locale IN ('ja', 'en')", name="employee_locale"),
    )
    op.create_table(
        "cycle",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="launching"),
        sa.Column("file", JSONB, nullable=False),
        sa.Column("policy", JSONB, nullable=False),
        sa.Column("launched_by", sa.Text, nullable=False),
        sa.Column("launched_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT),
        sa.CheckConstraint("state IN ('launching', 'open', 'closed')", name="cycle_state"),
    )
    op.create_table(
        "participant",
        sa.Column("cycle_id", sa.Text, sa.ForeignKey("cycle.id"), primary_key=True),
        sa.Column("employee_id", sa.Text, sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("goals", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text),
        sa.Column("updated_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("result IN ('waiting', 'written', 'started', 'failed')", name="participant_result"),
    )
    op.create_index("participant_by_result", "participant", ["cycle_id", "result", "employee_id"])
    op.create_table(
        "goal",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("cycle_id", sa.Text, sa.ForeignKey("cycle.id"), nullable=False),
        sa.Column("owner_id", sa.Text, sa.ForeignKey("employee.id"), nullable=False, index=True),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("assignees", ARRAY(sa.Text), nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("score", sa.Numeric(12, 2), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("aggregate", JSONB, nullable=False),
        sa.Column("policy", JSONB),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_index("goal_by_state", "goal", ["cycle_id", "state", "department"])
    op.create_index("goal_by_id_in_cycle", "goal", ["cycle_id", "id"])
    op.create_index(
        "goal_by_assignee", "goal", ["assignees"], postgresql_using="gin", postgresql_where=sa.text("task IS NOT NULL")
    )
    op.create_table(
        "goal_event",
        sa.Column("goal_id", sa.Text, sa.ForeignKey("goal.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("acting_for", sa.Text),
        sa.Column("command_id", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("goal_id", "command_id", "kind", name="goal_event_once_per_command"),
    )
    for statement in _APPEND_ONLY:
        op.execute(statement)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("recipient_id", sa.Text, nullable=False),
        sa.Column("cycle_id", sa.Text, nullable=False),
        sa.Column("goal_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("error", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("gave_up_at", _MOMENT),
        sa.Column("sent_at", _MOMENT),
    )
    op.create_index(
        "outbox_unsent",
        "outbox",
        ["due_at", "recipient_id"],
        postgresql_where=sa.text("sent_at IS NULL AND gave_up_at IS NULL"),
    )
    op.create_index("outbox_by_goal", "outbox", ["goal_id"])
