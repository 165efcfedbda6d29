"""Totals that triggers keep up to date: goals by department and state, participants by launch result, progress in the tree."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# Each statement changes rows in the order of their keys, so that two transactions that change the same rows cannot deadlock.
_FUNCTIONS = (
    """
CREATE FUNCTION counts_in_tree(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT outcome IS NULL OR outcome NOT IN ('withdrawn', 'lapsed', 'removed', 'cancelled')
$$
""",
    # Each total is split over 16 rows (shards). Two goals seldom share a shard, so their transactions seldom wait for one row.
    """
CREATE FUNCTION shard_of(goal text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (hashtext(goal) & 15)::smallint
$$
""",
    """
CREATE FUNCTION add_new_goals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO goal_count AS total (cycle_id, department, state, shard, goals)
    SELECT cycle_id, department, state, shard_of(id), count(*) FROM added GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (cycle_id, department, state, shard) DO UPDATE SET goals = total.goals + excluded.goals;
    INSERT INTO goal_sum AS total (cycle_id, parent, shard, goals, weight, weighted)
    SELECT cycle_id, parent, shard_of(id), count(*), sum(weight), sum(weight * progress) FROM added
    WHERE parent IS NOT NULL AND counts_in_tree(outcome) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (cycle_id, parent, shard) DO UPDATE SET
        goals = total.goals + excluded.goals, weight = total.weight + excluded.weight,
        weighted = total.weighted + excluded.weighted;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION move_goal_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO goal_count AS total (cycle_id, department, state, shard, goals)
    SELECT * FROM (VALUES (OLD.cycle_id, OLD.department, OLD.state, shard_of(OLD.id), -1),
                          (NEW.cycle_id, NEW.department, NEW.state, shard_of(NEW.id), 1))
        AS change (cycle_id, department, state, shard, goals)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (cycle_id, department, state, shard) DO UPDATE SET goals = total.goals + excluded.goals;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION change_goal_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO goal_sum AS total (cycle_id, parent, shard, goals, weight, weighted)
    SELECT cycle_id, parent, shard_of(NEW.id), sum(sign), sum(sign * weight), sum(sign * weight * progress)
    FROM (VALUES (OLD.cycle_id, OLD.parent, -1, OLD.weight, OLD.progress, OLD.outcome),
                 (NEW.cycle_id, NEW.parent, 1, NEW.weight, NEW.progress, NEW.outcome))
        AS change (cycle_id, parent, sign, weight, progress, outcome)
    WHERE parent IS NOT NULL AND counts_in_tree(outcome) GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (cycle_id, parent, shard) DO UPDATE SET
        goals = total.goals + excluded.goals, weight = total.weight + excluded.weight,
        weighted = total.weighted + excluded.weighted;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION add_new_participants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO participant_count AS total (cycle_id, result, people)
    SELECT cycle_id, result, count(*) FROM added GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (cycle_id, result) DO UPDATE SET people = total.people + excluded.people;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION move_participant_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO participant_count AS total (cycle_id, result, people)
    SELECT cycle_id, result, sum(people) FROM (
        SELECT cycle_id, result, -1 AS people FROM before UNION ALL SELECT cycle_id, result, 1 FROM after) AS change
    GROUP BY 1, 2 HAVING sum(people) <> 0 ORDER BY 1, 2
    ON CONFLICT (cycle_id, result) DO UPDATE SET people = total.people + excluded.people;
    RETURN NULL;
END $$
""",
)
_TRIGGERS = (
    (
        "CREATE TRIGGER goals_added AFTER INSERT ON goal REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION add_new_goals()"
    ),
    (
        "CREATE TRIGGER goal_count_moved AFTER UPDATE ON goal FOR EACH ROW"
        " WHEN ((OLD.department, OLD.state) IS DISTINCT FROM (NEW.department, NEW.state)) EXECUTE FUNCTION move_goal_count()"
    ),
    (
        "CREATE TRIGGER goal_sum_changed AFTER UPDATE ON goal FOR EACH ROW"
        " WHEN ((OLD.parent, OLD.weight, OLD.progress, OLD.outcome) IS DISTINCT FROM"
        " (NEW.parent, NEW.weight, NEW.progress, NEW.outcome) AND (OLD.parent IS NOT NULL OR NEW.parent IS NOT NULL))"
        " EXECUTE FUNCTION change_goal_sum()"
    ),
    (
        "CREATE TRIGGER participants_added AFTER INSERT ON participant REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION add_new_participants()"
    ),
    (
        "CREATE TRIGGER participants_moved AFTER UPDATE ON participant REFERENCING OLD TABLE AS before NEW TABLE AS after"
        " FOR EACH STATEMENT EXECUTE FUNCTION move_participant_counts()"
    ),
)
_FILL_TOTALS = (
    "INSERT INTO goal_count SELECT cycle_id, department, state, shard_of(id), count(*) FROM goal GROUP BY 1, 2, 3, 4",
    (
        "INSERT INTO goal_sum SELECT cycle_id, parent, shard_of(id), count(*), sum(weight), sum(weight * progress)"
        " FROM goal WHERE parent IS NOT NULL AND counts_in_tree(outcome) GROUP BY 1, 2, 3"
    ),
    "INSERT INTO participant_count SELECT cycle_id, result, count(*) FROM participant GROUP BY 1, 2",
)


def upgrade() -> None:
    _create_tables()
    for statement in (*_FUNCTIONS, *_FILL_TOTALS, *_TRIGGERS):
        op.execute(statement)
    op.drop_index("ix_goal_owner_id", "goal")
    op.create_index("goal_by_owner", "goal", ["owner_id", "cycle_id"])


def _create_tables() -> None:
    op.create_table(
        "goal_count",
        sa.Column("cycle_id", sa.Text, primary_key=True),
        sa.Column("department", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, primary_key=True),
        sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("goals", sa.Integer, nullable=False),
    )
    op.create_table(
        "goal_sum",
        sa.Column("cycle_id", sa.Text, primary_key=True),
        sa.Column("parent", sa.Text, primary_key=True),
        sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("goals", sa.Integer, nullable=False),
        sa.Column("weight", sa.BigInteger, nullable=False),
        sa.Column("weighted", sa.Numeric, nullable=False),
    )
    op.create_table(
        "participant_count",
        sa.Column("cycle_id", sa.Text, primary_key=True),
        sa.Column("result", sa.Text, primary_key=True),
        sa.Column("people", sa.Integer, nullable=False),
    )
    for table in ("goal_count", "goal_sum", "participant_count"):
        op.execute(
            f"ALTER TABLE {table} SET (fillfactor = 50)"
        )  # these rows change often: leaves room for their next versions on the same page
