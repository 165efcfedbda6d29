"""What the pages of HR and managers count and filter by: escalated and returned goals, moves between states by day, and indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

# As domain/goal/tasks.py `is_escalated` says.
_FILL_ESCALATED = """
UPDATE goal SET escalated = true FROM cycle
WHERE cycle.id = goal.cycle_id AND goal.task IS NOT NULL AND EXISTS (
    SELECT FROM jsonb_array_elements(COALESCE(goal.policy, cycle.policy) #> ARRAY['ladders', goal.task, 'rungs'])
        WITH ORDINALITY AS one (rung, number)
    WHERE number <= (goal.aggregate #>> '{task,rung}')::integer AND rung ->> 1 IN ('escalate', 'escalate_to_hr'))
"""
_FILL_RETURNED = """
UPDATE goal SET returned = true FROM (
    SELECT DISTINCT ON (goal_id) goal_id, kind FROM goal_event WHERE kind IN ('returned', 'submitted', 'reset')
    ORDER BY goal_id, seq DESC
) AS latest
WHERE latest.goal_id = goal.id AND latest.kind = 'returned'
"""
_FUNCTIONS = (
    """
CREATE FUNCTION note_new_goals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO goal_move AS total (cycle_id, day, before, after, shard, goals)
    SELECT g.cycle_id, (g.updated_at AT TIME ZONE c.time_zone)::date, 'new', g.state, shard_of(g.id), count(*)
    FROM added g JOIN cycle c ON c.id = g.cycle_id GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (cycle_id, day, before, after, shard) DO UPDATE SET goals = total.goals + excluded.goals;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION note_goal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO goal_move AS total (cycle_id, day, before, after, shard, goals)
    SELECT NEW.cycle_id, (NEW.updated_at AT TIME ZONE c.time_zone)::date, OLD.state, NEW.state, shard_of(NEW.id), 1
    FROM cycle c WHERE c.id = NEW.cycle_id
    ON CONFLICT (cycle_id, day, before, after, shard) DO UPDATE SET goals = total.goals + 1;
    RETURN NULL;
END $$
""",
)
_TRIGGERS = (
    (
        "CREATE TRIGGER goals_noted AFTER INSERT ON goal REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION note_new_goals()"
    ),
    (
        "CREATE TRIGGER goal_move_noted AFTER UPDATE ON goal FOR EACH ROW"
        " WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_goal_move()"
    ),
)
# The state behind each entry, as domain/lifecycle.py says; entries of other kinds leave it as it is.
_FILL_MOVES = """
INSERT INTO goal_move (cycle_id, day, before, after, shard, goals)
SELECT g.cycle_id, (move.at AT TIME ZONE c.time_zone)::date, move.before, move.after, shard_of(g.id), count(*)
FROM (
    SELECT goal_id, at, lag(state, 1, 'new') OVER (PARTITION BY goal_id ORDER BY seq) AS before, state AS after
    FROM (
        SELECT goal_id, seq, at, CASE
            WHEN kind IN ('created', 'returned', 'recalled', 'reset', 'moved') THEN 'draft'
            WHEN kind = 'submitted' THEN 'pending_approval'
            WHEN kind IN ('approved', 'continued') THEN 'active'
            WHEN kind = 'review_opened' THEN 'in_review'
            WHEN kind IN ('closed', 'withdrawn', 'lapsed', 'handed_over') THEN 'closed'
            WHEN kind = 'reopened' THEN body ->> 'state'
        END AS state FROM goal_event
    ) AS entry WHERE state IS NOT NULL
) AS move JOIN goal g ON g.id = move.goal_id JOIN cycle c ON c.id = g.cycle_id
WHERE move.before <> move.after GROUP BY 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    for name in ("escalated", "returned"):
        op.add_column("goal", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text("false")))
    zone = sa.Computed("COALESCE(policy #>> '{calendar,timezone}', 'Asia/Tokyo')", persisted=True)
    op.add_column("cycle", sa.Column("time_zone", sa.Text, zone, nullable=False))
    _create_goal_move()
    for statement in (_FILL_ESCALATED, _FILL_RETURNED, _FILL_MOVES, *_FUNCTIONS, *_TRIGGERS):
        op.execute(statement)
    _replace_indexes()


def _create_goal_move() -> None:
    op.create_table(
        "goal_move",
        sa.Column("cycle_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("before", sa.Text, primary_key=True),
        sa.Column("after", sa.Text, primary_key=True),
        sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("goals", sa.Integer, nullable=False),
    )
    op.execute("ALTER TABLE goal_move SET (fillfactor = 50)")


def _replace_indexes() -> None:
    """Each has the id and the department: so lists and numbers by department read the index alone."""
    for name in ("goal_by_due_date", "goal_paused"):
        op.drop_index(name, "goal")
    op.create_index(
        "goal_by_due_date",
        "goal",
        ["cycle_id", "task", "due_at", "department", "id"],
        postgresql_where=sa.text("task IS NOT NULL AND NOT paused"),
    )
    for name, condition in (
        ("goal_paused", "paused"),
        ("goal_escalated", "escalated"),
        ("goal_returned", "returned AND state = 'draft'"),
    ):
        op.create_index(name, "goal", ["cycle_id", "id", "department"], postgresql_where=sa.text(condition))
    op.create_index("outbox_by_recipient", "outbox", ["recipient_id", "id"])
