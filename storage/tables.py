"""The tables. `storage/migrations/` builds them; a test compares the two."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        Decimal: Numeric(12, 2),
    }


class EmployeeRow(Table):
    """The directory: the only place where a name or a mail address stands."""

    __tablename__ = "employee"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    mail: Mapped[str | None]
    department: Mapped[str]
    title: Mapped[str | None]
    manager_id: Mapped[str | None] = mapped_column(
        ForeignKey("employee.id", deferrable=True, initially="DEFERRED"), index=True
    )
    locale: Mapped[str] = mapped_column(server_default="ja")
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("locale IN ('ja', 'en')", name="employee_locale"),)


class CycleRow(Table):
    """One cycle; `file` is the checked cycle file, `policy` the rules as frozen at launch."""

    __tablename__ = "cycle"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="launching")
    file: Mapped[dict[str, Any]]
    policy: Mapped[dict[str, Any]]
    launched_by: Mapped[str]
    launched_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("state IN ('launching', 'open', 'closed')", name="cycle_state"),)


class ParticipantRow(Table):
    """An employee in a cycle, and what the launch did for them."""

    __tablename__ = "participant"

    cycle_id: Mapped[str] = mapped_column(ForeignKey("cycle.id"), primary_key=True)
    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    department: Mapped[str]
    result: Mapped[str] = mapped_column(server_default="waiting")
    goals: Mapped[int] = mapped_column(server_default=text("0"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str | None]  # why it failed, for HR
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # waiting: nothing done; written: goals stand in the ledger; started: their workflows run; failed: see reason
        CheckConstraint("result IN ('waiting', 'written', 'started', 'failed')", name="participant_result"),
        Index("participant_by_result", "cycle_id", "result", "employee_id"),
    )


class GoalRow(Table):
    """The projection: where a goal stands now, and the head of its ledger."""

    __tablename__ = "goal"

    id: Mapped[str] = mapped_column(primary_key=True)
    cycle_id: Mapped[str] = mapped_column(ForeignKey("cycle.id"))
    owner_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), index=True)
    department: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    task: Mapped[str | None]
    assignees: Mapped[list[str]]
    due_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    score: Mapped[Decimal]
    seq: Mapped[int]  # of the ledger's last event; recording compares it (storage/ledger.py)
    head: Mapped[str]  # its hash
    aggregate: Mapped[dict[str, Any]]  # the whole goal but its policy, which is the cycle's …
    policy: Mapped[dict[str, Any] | None]  # … unless it was amended for this goal
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("goal_by_state", "cycle_id", "state", "department"),
        Index("goal_by_id_in_cycle", "cycle_id", "id"),
        Index("goal_by_assignee", "assignees", postgresql_using="gin", postgresql_where=text("task IS NOT NULL")),
    )


class GoalEventRow(Table):
    """The ledger: append-only (a trigger refuses the rest), each row chained to the one before by its hash."""

    __tablename__ = "goal_event"

    goal_id: Mapped[str] = mapped_column(ForeignKey("goal.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    acting_for: Mapped[str | None]
    command_id: Mapped[str]
    body: Mapped[dict[str, Any]]
    prev_hash: Mapped[str]
    hash: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    # A command brings at most one event of a kind: so a command that was recorded cannot be recorded again.
    __table_args__ = (UniqueConstraint("goal_id", "command_id", "kind", name="goal_event_once_per_command"),)


class OutboxRow(Table):
    """A notice that somebody must get; written in the transaction that made it true, sent by the delivery."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # one notice per event, kind and recipient
    recipient_id: Mapped[str]
    cycle_id: Mapped[str]
    goal_id: Mapped[str]
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]  # ids, dates and numbers; names come from the directory when the message is written
    due_at: Mapped[datetime]
    message_id: Mapped[str | None]  # given before the first try, so that a repeat carries the same
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    channel: Mapped[str | None]
    gave_up_at: Mapped[datetime | None]  # it can never be sent (no address, recipient refused): see error
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "outbox_unsent", "due_at", "recipient_id", postgresql_where=text("sent_at IS NULL AND gave_up_at IS NULL")
        ),
        Index("outbox_by_goal", "goal_id"),
    )
