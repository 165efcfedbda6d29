"""The tables, as SQLAlchemy models. `storage/migrations/` creates them; a test compares the two."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_PENDING = "sent_at IS NULL AND gave_up_at IS NULL"
_STANDS = text("taken_back_at IS NULL")  # here: the class of problems has a column `text`
_FAILED = "gave_up_at IS NOT NULL OR fell_back IS NOT NULL OR kind = 'delivery_trouble'"


class Table(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text,
        datetime: DateTime(timezone=True),
        date: Date,
        time: Time,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        list[str | None]: ARRAY(Text),
        Decimal: Numeric(12, 2),
    }


class EmployeeRow(Table):
    """The directory: names and mail addresses of people, as they are now."""

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
    site: Mapped[str | None]  # a calendar of the cycle's policy; None: the cycle's own calendar
    leaves: Mapped[date | None]  # the last working day; from the next day the person is not active
    evaluators: Mapped[list[str | None]] = mapped_column(server_default="{}")  # by stage; NULL: the manager of the line
    away_from: Mapped[date | None]  # of a leave, now or planned
    away_until: Mapped[date | None]
    deputy_id: Mapped[str | None]
    posts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))  # additional ones (兼務)
    number: Mapped[str | None]  # the present employee number, where it is not the id
    company: Mapped[str | None]  # where the person works
    seconded_from: Mapped[str | None]  # the employer, where it is another company (出向元)
    joined_on: Mapped[date | None]  # 入社日
    further_leaves: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'")
    )  # beside `away_from`: first and last days
    kana: Mapped[str | None]  # how the name is read (氏名カナ)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # What people search by (storage/people_search.py): the name and its reading, whole and from the second word on
    begun: Mapped[str] = mapped_column(Computed("folded_name(name)"))
    second_begun: Mapped[str | None] = mapped_column(Computed("folded_name(after_first_word(name))"))
    kana_begun: Mapped[str | None] = mapped_column(Computed("folded_name(kana)"))
    second_kana_begun: Mapped[str | None] = mapped_column(Computed("folded_name(after_first_word(kana))"))

    __table_args__ = (
        CheckConstraint("locale IN ('ja', 'en')", name="employee_locale"),
        Index("employee_by_number", "number", postgresql_where=text("number IS NOT NULL")),
        Index(
            "employee_by_number_begun",
            "number",
            postgresql_where=text("number IS NOT NULL"),
            postgresql_ops={"number": "text_pattern_ops"},
        ),
        Index("employee_by_id_begun", "id", postgresql_ops={"id": "text_pattern_ops"}),
        *(
            Index(
                f"employee_by_{name}",
                name,
                postgresql_where=None if name == "begun" else text(f"{name} IS NOT NULL"),
                postgresql_ops={name: "text_pattern_ops"},
            )
            for name in ("begun", "second_begun", "kana_begun", "second_kana_begun")
        ),
    )


class DepartmentRow(Table):
    """A department as it is now. People and goals have its name as text."""

    __tablename__ = "department"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("department.id", deferrable=True, initially="DEFERRED"))
    head_id: Mapped[str | None] = mapped_column(ForeignKey("employee.id", deferrable=True, initially="DEFERRED"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("name", name="department_name_once", deferrable=True, initially="DEFERRED"),)


class DepartmentNameRow(Table):
    """A name of a department and the time in which it had it; `until` is NULL for the present name."""

    __tablename__ = "department_name"

    department_id: Mapped[str] = mapped_column(
        ForeignKey("department.id", deferrable=True, initially="DEFERRED"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True, server_default=func.now())
    until: Mapped[datetime | None]


class PersonChangeRow(Table):
    """The log of people, append-only: whom an entry of the directory's journal changed, with the name from then on.

    A trigger refuses every change but the erasure of a name that a later entry of the journal records.
    """

    __tablename__ = "person_change"

    employee_id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)  # no foreign key: it costs a second
    entry: Mapped[int] = mapped_column(primary_key=True)  # number of the directory's journal entry
    at: Mapped[datetime]  # as in the journal's entry
    change: Mapped[str]
    commitment: Mapped[bytes]  # to the name: sha256(salt ‖ name)
    salt: Mapped[str | None]
    name: Mapped[str | None]  # None: erased

    __table_args__ = (
        CheckConstraint("change IN ('added', 'changed', 'left', 'returned')", name="person_change_kind"),
        CheckConstraint("(salt IS NULL) = (name IS NULL)", name="person_change_salted"),
    )


class CycleRow(Table):
    """A cycle. `file` is the validated cycle file, `policy` the rules as frozen at launch."""

    __tablename__ = "cycle"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="launching")
    file: Mapped[dict[str, Any]]
    policy: Mapped[dict[str, Any]]
    launched_by: Mapped[str]
    launched_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    policy_now: Mapped[
        dict[str, Any] | None
    ]  # the rules as HR last amended them for the whole cycle; people who join later get these
    time_zone: Mapped[str] = mapped_column(
        Computed("COALESCE(policy #>> '{calendar,timezone}', 'Asia/Tokyo')", persisted=True)
    )

    __table_args__ = (CheckConstraint("state IN ('launching', 'open', 'closed', 'cancelled')", name="cycle_state"),)


class ParticipantRow(Table):
    """An employee in a cycle, and the result of the launch for this employee."""

    __tablename__ = "participant"

    cycle_id: Mapped[str] = mapped_column(ForeignKey("cycle.id"), primary_key=True)
    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    department: Mapped[str]
    result: Mapped[str] = mapped_column(server_default="waiting")
    goals: Mapped[int] = mapped_column(server_default=text("0"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str | None]  # why it failed, for HR
    slot: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # of the person's first goal; spreads the alarms of a cycle over time
    added_by: Mapped[str | None]  # for people who joined after the launch: by whom they were added, and when
    added_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    days_at_work: Mapped[
        int | None
    ]  # business days at work when the cycle ended; None: all (domain/results/time_at_work.py)
    days_of_cycle: Mapped[int | None]  # business days of the cycle, where `days_at_work` is given

    __table_args__ = (
        # waiting: nothing done yet; written: the goals are in the ledger; started: their workflows run; failed: see `reason`;
        # removed: HR removed the person from the cycle
        CheckConstraint("result IN ('waiting', 'written', 'started', 'failed', 'removed')", name="participant_result"),
        Index("participant_by_result", "cycle_id", "result", "employee_id"),
    )


class GoalRow(Table):
    """The projection: the current state of a goal, and the head of its ledger."""

    __tablename__ = "goal"

    id: Mapped[str] = mapped_column(primary_key=True)
    cycle_id: Mapped[str] = mapped_column(ForeignKey("cycle.id"))
    owner_id: Mapped[str] = mapped_column(ForeignKey("employee.id"))
    department: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    task: Mapped[str | None]
    assignees: Mapped[list[str]]
    due_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    score: Mapped[Decimal]
    seq: Mapped[int]  # number of the ledger's last entry; recording compares it (storage/ledger.py)
    head: Mapped[str]  # hash of that entry
    aggregate: Mapped[dict[str, Any]]  # the whole goal without its policy
    policy: Mapped[dict[str, Any] | None]  # the goal's own rules; None: the cycle's rules apply
    updated_at: Mapped[datetime]
    progress: Mapped[Decimal] = mapped_column(
        Numeric(12, 4), server_default=text("0")
    )  # attainment of the goal's own measure; 1 is the target

    # Parts of the aggregate that lists, the tree and the scores need. PostgreSQL computes these columns.
    theme: Mapped[str] = mapped_column(Computed("COALESCE(aggregate #>> '{content,theme}', '')", persisted=True))
    weight: Mapped[Decimal] = mapped_column(
        Computed("COALESCE((aggregate #>> '{content,weight}')::numeric, 0)", persisted=True)
    )
    parent: Mapped[str | None] = mapped_column(Computed("aggregate #>> '{content,parent}'", persisted=True))
    line: Mapped[list[str]] = mapped_column(Computed("text_array(aggregate -> 'line')", persisted=True))
    answers: Mapped[list[str]] = mapped_column(
        Computed("text_array(aggregate #> '{content,answers}')", persisted=True)
    )  # ids of problems
    delegates: Mapped[list[str]] = mapped_column(  # all, including past and future ones
        Computed("text_array(jsonb_path_query_array(aggregate, '$.delegations[*].to'))", persisted=True)
    )
    own_hr: Mapped[list[str]] = mapped_column(
        Computed("text_array(policy -> 'hr')", persisted=True)
    )  # HR in the goal's own rules
    part_hr: Mapped[list[str]] = mapped_column(  # HR of the owner's part of the company
        Computed("text_array(aggregate -> 'part_hr')", persisted=True)
    )
    evaluators: Mapped[list[str]] = mapped_column(  # everybody in the chains of the stages and of the verdict
        Computed(
            "text_array(jsonb_path_query_array(aggregate, '$.stages[*][*]')) || text_array(aggregate -> 'reviewers')"
            " || text_array(jsonb_path_query_array(aggregate, '$.joint[*][*][*]'))",
            persisted=True,
        )
    )
    chains: Mapped[str] = mapped_column(  # the same as JSON, to be compared with the directory; '' where there are none
        Computed(
            "COALESCE(NULLIF(aggregate ->> 'stages', '[]'), '') || COALESCE(NULLIF(aggregate ->> 'reviewers', '[]'), '')"
            " || COALESCE(NULLIF(aggregate ->> 'joint', '[]'), '')",
            persisted=True,
        )
    )
    contributors: Mapped[list[str]] = mapped_column(
        Computed("text_array(jsonb_path_query_array(aggregate, '$.content.contributors[*].person'))", persisted=True)
    )
    shared: Mapped[bool] = mapped_column(
        Computed("aggregate ? 'credited'", persisted=True)
    )  # somebody beside the owner has points of it
    away: Mapped[bool] = mapped_column(Computed("COALESCE((aggregate ->> 'away')::boolean, false)", persisted=True))
    reviewer: Mapped[str | None] = mapped_column(
        Computed("COALESCE(aggregate #>> '{reviewers,0}', aggregate #>> '{line,0}')", persisted=True)
    )
    adjusted: Mapped[Decimal] = mapped_column(
        Computed("COALESCE((aggregate ->> 'adjusted')::numeric, 0)", persisted=True)
    )
    exemplar: Mapped[bool] = mapped_column(
        Computed("COALESCE((aggregate ->> 'exemplar')::boolean, false)", persisted=True)
    )

    paused: Mapped[bool] = mapped_column(Computed("aggregate ? 'paused_on'", persisted=True))  # nothing is due then
    escalated: Mapped[bool] = mapped_column(server_default=text("false"))  # the open task; needs the policy
    returned: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # for changes, and neither submitted nor reset since; the recording statement sets it

    __table_args__ = (
        # Indexes for lists end with the id, which is the order of the lists (storage/goal_list.py). No index contains the
        # score, the progress or the aggregate: so an event that changes no state, task or due date updates no index.
        Index("goal_by_owner", "owner_id", "cycle_id"),
        Index("goal_by_id_in_cycle", "cycle_id", "id"),
        Index("goal_by_state", "cycle_id", "state", "id"),
        Index("goal_by_department", "cycle_id", "department", "state", "id"),
        Index("goal_by_parent", "cycle_id", "parent", "id", postgresql_where=text("parent IS NOT NULL")),
        Index(
            "goal_decisions",
            "cycle_id",
            "due_at",
            postgresql_include=["task", "assignees"],
            postgresql_where=text("task IN ('approval', 'verdict') AND NOT paused"),
        ),
        Index("goal_orphans", "cycle_id", "id", postgresql_where=text("parent IS NULL AND counts_in_tree(outcome)")),
        Index("goal_by_reviewer", "cycle_id", "reviewer", "owner_id"),
        Index("goal_by_line", "line", postgresql_using="gin"),
        Index("goal_by_evaluators", "evaluators", postgresql_using="gin", postgresql_where=text("evaluators <> '{}'")),
        Index(
            "goal_by_contributors",
            "contributors",
            postgresql_using="gin",
            postgresql_where=text("contributors <> '{}'"),
        ),
        Index("goal_shared", "cycle_id", "id", postgresql_where=text("shared")),
        Index("goal_by_delegates", "delegates", postgresql_using="gin", postgresql_where=text("delegates <> '{}'")),
        Index("goal_by_own_hr", "own_hr", postgresql_using="gin", postgresql_where=text("own_hr <> '{}'")),
        Index("goal_by_part_hr", "part_hr", postgresql_using="gin", postgresql_where=text("part_hr <> '{}'")),
        Index("goal_by_answer", "answers", postgresql_using="gin", postgresql_where=text("answers <> '{}'")),
        Index(
            "goal_by_due_date",
            "cycle_id",
            "task",
            "due_at",
            "department",
            "id",
            postgresql_where=text("task IS NOT NULL AND NOT paused"),
        ),
        Index("goal_paused", "cycle_id", "id", "department", postgresql_where=text("paused")),
        Index("goal_escalated", "cycle_id", "id", "department", postgresql_where=text("escalated")),
        Index("goal_returned", "cycle_id", "id", "department", postgresql_where=text("returned AND state = 'draft'")),
        Index("goal_exemplars", "department", "id", postgresql_where=text("exemplar")),
        Index("goal_by_assignee", "assignees", postgresql_using="gin", postgresql_where=text("task IS NOT NULL")),
    )


class GoalCountRow(Table):
    """The number of goals of a department in a state: the sum over all shards. Triggers on `goal` keep it up to date."""

    __tablename__ = "goal_count"

    cycle_id: Mapped[str] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    goals: Mapped[int]


class GoalMoveRow(Table):
    """How many goals went from a state to another on a day of the cycle: the sum over all shards. `before` is `new` for new goals.

    Triggers on `goal` keep it up to date.
    """

    __tablename__ = "goal_move"

    cycle_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    before: Mapped[str] = mapped_column(primary_key=True)
    after: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    goals: Mapped[int]


class GoalSumRow(Table):
    """Totals of the goals directly under a node of the tree, without abandoned ones: the sums over all shards.

    Triggers on `goal` keep them up to date.
    """

    __tablename__ = "goal_sum"

    cycle_id: Mapped[str] = mapped_column(primary_key=True)
    parent: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    goals: Mapped[int]
    weight: Mapped[Decimal] = mapped_column(Numeric)
    weighted: Mapped[Decimal] = mapped_column(Numeric)  # the sum of weight × progress


class ParticipantCountRow(Table):
    """The number of participants of a cycle with a launch result. Triggers on `participant` keep it up to date."""

    __tablename__ = "participant_count"

    cycle_id: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[int]


class GoalEventRow(Table):
    """The ledger: append-only; a hash chains each entry to the one before.

    A trigger refuses every change but the erasure of texts that a later entry records.
    """

    __tablename__ = "goal_event"

    goal_id: Mapped[str] = mapped_column(ForeignKey("goal.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    acting_for: Mapped[str | None]
    command_id: Mapped[str]
    body: Mapped[dict[str, Any]]  # in its hashed form: commitments instead of texts
    prev_hash: Mapped[str]
    hash: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    texts: Mapped[dict[str, Any] | None]  # the texts and their salts, by place (domain/commitments.py)
    recorded_hash: Mapped[str]  # covers `hash` and `recorded_at`; a trigger computes it

    # A command leads to at most one event of a kind. So the unique constraint prevents recording a command twice.
    __table_args__ = (
        UniqueConstraint("goal_id", "command_id", "kind", name="goal_event_once_per_command"),
        Index("goal_event_by_time", "recorded_at"),
        CheckConstraint(
            """NOT jsonb_path_exists(texts, '$.* ? (!(@.salt like_regex "^[0-9a-f]{32}$"))')""",
            name="goal_event_salted",
        ),
    )


class OutboxRow(Table):
    """A notice to one person; written in the transaction that records its event, sent by the delivery."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # one notice per event, kind and recipient
    recipient_id: Mapped[str]
    cycle_id: Mapped[str]
    goal_id: Mapped[str]
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]  # ids, dates and numbers; names come from the directory when the message is written
    due_at: Mapped[datetime]
    message_id: Mapped[str | None]  # set before the first attempt, so that a repeat has the same id
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    channel: Mapped[str | None]
    gave_up_at: Mapped[datetime | None]  # it cannot be sent (no address, recipient refused): see `error`
    sent_at: Mapped[datetime | None]
    urgent: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # sent at once; other notices wait for the digest
    digest_on: Mapped[date | None]  # the day (at the recipient's site) of the digest that it is part of
    fell_back: Mapped[str | None]  # `channel:code` of each channel that failed, separated by spaces
    retry_at: Mapped[datetime | None]  # the time of the next attempt
    withdrawn_at: Mapped[datetime | None]  # its cycle was cancelled, or its goal was removed

    __table_args__ = (
        Index("outbox_unsent", "due_at", "recipient_id", postgresql_where=text(f"{_PENDING} AND withdrawn_at IS NULL")),
        Index("outbox_by_goal", "goal_id"),
        Index("outbox_by_recipient", "recipient_id", "id"),
        Index("outbox_by_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        # A new notice is in neither of these indexes: so they cost the recording nothing.
        Index("outbox_digests", "recipient_id", "digest_on", postgresql_where=text("digest_on IS NOT NULL")),
        Index("outbox_trouble", "cycle_id", "recipient_id", postgresql_where=text(_FAILED)),
    )


class CalendarEntryRow(Table):
    """An entry that a mail brought into a person's calendar, in its last version (domain/notices/calendar_entries.py)."""

    __tablename__ = "calendar_entry"

    recipient_id: Mapped[str] = mapped_column(primary_key=True)
    goal_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    number: Mapped[int]  # SEQUENCE
    is_cancelled: Mapped[bool] = mapped_column(server_default=text("false"))
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DelegationRow(Table):
    """A delegation for all goals: `to_id` may act for `delegator_id` from `first` to `last`, both included."""

    __tablename__ = "delegation"

    id: Mapped[str] = mapped_column(primary_key=True)  # the id of the instruction that made it
    delegator_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), index=True)
    to_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), index=True)
    first: Mapped[date]
    last: Mapped[date]
    reason: Mapped[str | None]
    given_by: Mapped[str]
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())
    own_goals: Mapped[bool] = mapped_column(server_default=text("false"))  # also for the delegator's own goals

    __table_args__ = (
        CheckConstraint("first <= last", name="delegation_in_order"),
        CheckConstraint("delegator_id <> to_id", name="delegation_of_two"),
    )


class InstructionRow(Table):
    """An instruction to many goals. `asked` is the validated instruction (domain/instructions/instructions.py)."""

    __tablename__ = "instruction"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    cycle_id: Mapped[str | None] = mapped_column(ForeignKey("cycle.id"), index=True)  # None: every open cycle
    asked: Mapped[dict[str, Any]]
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    rules_saved_at: Mapped[datetime | None]  # when the cycle's own rules were changed; this happens once
    failure: Mapped[str | None]  # why the last try of a part failed; None: the last try succeeded
    failures: Mapped[int] = mapped_column(server_default=text("0"))  # tries that failed one after the other
    failed_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]  # who ended it before every goal was asked, and why
    ended_why: Mapped[str | None]

    __table_args__ = (CheckConstraint("state IN ('waiting', 'running', 'done', 'ended')", name="instruction_state"),)


class InstructionGoalRow(Table):
    """A goal that an instruction concerns, and the result at this goal."""

    __tablename__ = "instruction_goal"

    instruction_id: Mapped[str] = mapped_column(ForeignKey("instruction.id"), primary_key=True)
    goal_id: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(server_default="waiting")
    code: Mapped[str | None]  # the code of the refusal, or the reason for skipping
    detail: Mapped[dict[str, Any] | None]  # the refusal's fields
    attempts: Mapped[int] = mapped_column(server_default=text("0"))  # in how many tries the goal did not answer
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # skipped: nothing to do at this goal; refused: the goal's rules forbid it; failed: no answer, will be tried again
        CheckConstraint(
            "result IN ('waiting', 'done', 'skipped', 'refused', 'failed')", name="instruction_goal_result"
        ),
        Index("instruction_goal_waiting", "instruction_id", "goal_id", postgresql_where=text("result = 'waiting'")),
    )


class StagedEmployeeRow(Table):
    """An employee of a people file that an instruction will apply; deleted when it is applied."""

    __tablename__ = "staged_employee"

    instruction_id: Mapped[str] = mapped_column(primary_key=True)
    employee_id: Mapped[str] = mapped_column(primary_key=True)
    record: Mapped[dict[str, Any]]  # the employee, in the JSON form of domain/people/organisation.py


class ProblemRow(Table):
    """A current problem (現状の課題) that somebody named in a hearing. A correction changes its text; the journal has every text. Never deleted."""

    __tablename__ = "problem"

    number: Mapped[int] = mapped_column(Identity(), primary_key=True)
    id: Mapped[str] = mapped_column(
        Computed("'H' || number::text", persisted=True), unique=True
    )  # goals refer to this id
    cycle_id: Mapped[str] = mapped_column(
        index=True
    )  # no foreign key: hearings are before the launch, when the cycle may not exist
    department: Mapped[str]
    text: Mapped[str]
    heard_as: Mapped[str]
    added_by: Mapped[str] = mapped_column(ForeignKey("employee.id"))
    command_id: Mapped[str] = mapped_column(unique=True)  # idempotency key: the same command adds the problem once
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    taken_back_at: Mapped[datetime | None]
    source: Mapped[str | None]  # taken over: the id of a problem, or the beginning of the hash of a review's entry

    __table_args__ = (
        CheckConstraint("heard_as IN ('manager', 'staff', 'review')", name="problem_heard_as"),
        Index("problem_once_per_source", "cycle_id", "source", unique=True, postgresql_where=_STANDS),
    )


class PreferenceRow(Table):
    """A person's preferences for notices; None: the company default."""

    __tablename__ = "preference"

    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    channel: Mapped[str | None]
    chat_url: Mapped[str | None]  # the person's own incoming webhook: a secret
    digest_at: Mapped[time | None]  # local time at the person's site; None: the opening hour of the site
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("channel IN ('mail', 'chat', 'console')", name="preference_channel"),)


class RoleHolderRow(Table):
    """A role of a person in the company (domain.roles.CompanyRole)."""

    __tablename__ = "role_holder"

    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True, server_default="hand")  # domain.roles.Source


class ServiceAccountRow(Table):
    """An account of a program, with a name of its own. A row is never deleted."""

    __tablename__ = "service_account"

    id: Mapped[str] = mapped_column(primary_key=True)  # domain/programs.py
    purpose: Mapped[str]
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("employee.id"), index=True)  # who answers for it
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ServiceAccountRoleRow(Table):
    """A role of a program."""

    __tablename__ = "service_account_role"

    account_id: Mapped[str] = mapped_column(ForeignKey("service_account.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class ApiTokenRow(Table):
    """A token by which a program acts as a person, or as itself. Its secret is not stored."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str]  # SHA-256 of the secret
    employee_id: Mapped[str | None] = mapped_column(ForeignKey("employee.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("service_account.id"), index=True)
    label: Mapped[str]  # what it is for
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]  # to the minute
    ended_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("num_nonnulls(employee_id, account_id) = 1", name="api_token_holder"),)


class CalendarLinkRow(Table):
    """The link by which a calendar program reads a person's dates. Its secret is not stored; a link that was ended has no row."""

    __tablename__ = "calendar_link"

    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of the secret
    made_at: Mapped[datetime]


class IdentityRow(Table):
    """An account at a provider that is, or was, bound to a person. A row is never deleted."""

    __tablename__ = "identity"

    id: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]  # what the provider calls the account; never another one's
    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"))
    bound_at: Mapped[datetime]
    unbound_at: Mapped[datetime | None]

    __table_args__ = (
        Index("identity_account", "issuer", "subject", unique=True, postgresql_where=text("unbound_at IS NULL")),
        Index("identity_person", "employee_id", "issuer", unique=True, postgresql_where=text("unbound_at IS NULL")),
    )


class PasskeyRow(Table):
    """A passkey that a person has, or had. A row is never deleted."""

    __tablename__ = "passkey"

    id: Mapped[str] = mapped_column(primary_key=True)
    credential: Mapped[bytes] = mapped_column(unique=True)  # its id on the person's device
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)  # 0 for devices that do not count
    synced: Mapped[bool]  # kept by a password manager on several devices
    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), index=True)
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PasskeyLinkRow(Table):
    """The link by which a person adds a passkey. It is deleted when it is used; a new one replaces it."""

    __tablename__ = "passkey_link"

    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str]  # SHA-256 of the secret
    expires_at: Mapped[datetime]


class SignInAttemptRow(Table):
    """A browser that began to sign in, or to add a passkey, and did not finish yet. Unlogged: after a crash, people begin again."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy's own form

    hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of the cookie's secret
    next: Mapped[str]  # the path to go to afterwards
    began_at: Mapped[datetime] = mapped_column(index=True)


class SessionRow(Table):
    """A browser in which a person is signed in. The secret of its cookie is not stored."""

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str]  # SHA-256 of the secret
    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), index=True)
    began_at: Mapped[datetime]
    used_at: Mapped[datetime]  # to the minute
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    identity_id: Mapped[str | None] = mapped_column(
        ForeignKey("identity.id"), index=True
    )  # by which the person came in
    provider_session: Mapped[str | None] = mapped_column(index=True)  # its name at the provider (`sid`)


class LogoutTokenRow(Table):
    """A token by which the provider ended sessions. Unlogged: after a crash, one that is not over yet could do so again."""

    __tablename__ = "logout_token"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy's own form

    hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of issuer and `jti`
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UnsentFormRow(Table):
    """A form that a person has filled in and not sent. For that person alone; what is not changed for long is deleted (domain/unsent.py)."""

    __tablename__ = "unsent_form"

    employee_id: Mapped[str] = mapped_column(ForeignKey("employee.id"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)  # which form
    fields: Mapped[dict[str, Any]]  # texts, or lists of texts, as they were typed
    seen: Mapped[int | None]  # the goal's number that the person saw
    version: Mapped[int] = mapped_column(BigInteger, Identity())  # new with every change, and never used twice
    saved_at: Mapped[datetime] = mapped_column(index=True)


class ScimResourceRow(Table):
    """A user or a group as the identity provider wants it. A row is never deleted: one that was removed is a person who leaves."""

    __tablename__ = "scim_resource"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # User or Group
    key: Mapped[str]  # userName or displayName in lower case
    external_id: Mapped[str | None] = mapped_column(index=True)  # what the provider calls it
    employee_id: Mapped[
        str | None
    ]  # who it is in the directory, once that is known; no foreign key: an instruction may still be writing them
    number: Mapped[str | None]  # employee number that the provider says
    attributes: Mapped[dict[str, Any]]  # as SCIM
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]  # whose token it was
    removed_at: Mapped[datetime | None]
    pending_at: Mapped[datetime | None]  # the last change that was not compared with the directory
    applied: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # what the directory was told last
    refused: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSONB(none_as_null=True)
    )  # the findings because of which the last change was not applied

    __table_args__ = (
        Index("scim_resource_key", "kind", "key", unique=True, postgresql_where=text("removed_at IS NULL")),
        Index(
            "scim_resource_person",
            "employee_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL AND employee_id IS NOT NULL"),
        ),
        Index(
            "scim_resource_number",
            "number",
            unique=True,
            postgresql_where=text("removed_at IS NULL AND number IS NOT NULL"),
        ),
        Index("scim_resource_pending", "pending_at", postgresql_where=text("pending_at IS NOT NULL")),
    )


class ScimRunRow(Table):
    """A comparison of gathered changes with the directory, and the instruction that it made, if any."""

    __tablename__ = "scim_run"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    instruction_id: Mapped[str | None]
    resources: Mapped[int]  # that had changed
    refused: Mapped[int]  # of these


class RequestRateRow(Table):
    """The requests of a token or of an address in one minute. Unlogged: a crash forgets a minute."""

    __tablename__ = "request_rate"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[datetime]
    requests: Mapped[int]


class JournalRow(Table):
    """Append-only logs of writes that concern no single goal; a hash chains each entry of a log to the one before."""

    __tablename__ = "journal"

    log: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]  # in its hashed form: commitments instead of texts
    texts: Mapped[dict[str, Any]]  # the texts and their salts, by place (domain/commitments.py)
    prev_hash: Mapped[str]
    hash: Mapped[str]


class JournalHeadRow(Table):
    """The last entry of each log of the journal. Its row is the lock of those who append to the log."""

    __tablename__ = "journal_head"

    log: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str]


class HookReceiverRow(Table):
    """Another system that gets ledger entries. Its secret is not stored: it is derived from the installation's key, the id and the generation."""

    __tablename__ = "hook_receiver"

    id: Mapped[str] = mapped_column(primary_key=True)  # `settings`: the one that the settings name
    url: Mapped[str | None]  # None: in the settings
    kinds: Mapped[list[str] | None]  # of events; None: all
    since: Mapped[datetime]  # up to then entries were queued; at first, when the receiver was made
    paused_at: Mapped[datetime | None]  # entries are queued meanwhile
    generation: Mapped[int] = mapped_column(server_default=text("1"))  # of the secret
    earlier_until: Mapped[datetime | None]  # until then, the secret of the generation before signs too
    key_id: Mapped[str | None]  # of the key from which the secret was derived
    created_by: Mapped[str | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (Index("hook_receiver_url", "url", unique=True, postgresql_where=text("deleted_at IS NULL")),)


class HookEventRow(Table):
    """A ledger entry that is to be sent to a receiver, and the result; the ledger itself is never changed."""

    __tablename__ = "hook_event"

    receiver_id: Mapped[str] = mapped_column(primary_key=True, server_default="settings")
    goal_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    retry_at: Mapped[datetime | None]
    failing_since: Mapped[
        datetime | None
    ]  # time of the first failed attempt; after a day of failures the entry is given up
    error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    gave_up_at: Mapped[datetime | None]
    number: Mapped[int] = mapped_column(BigInteger, Identity())  # of the delivery

    __table_args__ = (
        Index("hook_event_pending", "receiver_id", "goal_id", "seq", postgresql_where=text(_PENDING)),
        Index("hook_event_by_number", "receiver_id", "number", unique=True),
    )
