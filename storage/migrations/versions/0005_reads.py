"""Columns and indexes of goals for lists, the tree and the scores."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0005"
down_revision = "0004"

# A generated column may not contain a subquery, but it may call an immutable function that contains one.
_TEXT_ARRAY = """
CREATE FUNCTION text_array(list jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(array_agg(value ORDER BY place), '{}')
    FROM jsonb_array_elements_text(list) WITH ORDINALITY AS one (value, place)
$$
"""

# PostgreSQL computes these columns from the aggregate and the policy; the statement that records an event does not set them.
_GENERATED = (
    ("theme", sa.Text, "COALESCE(aggregate #>> '{content,theme}', '')", False),
    ("weight", sa.Integer, "COALESCE((aggregate #>> '{content,weight}')::integer, 0)", False),
    ("parent", sa.Text, "aggregate #>> '{content,parent}'", True),
    ("line", ARRAY(sa.Text), "text_array(aggregate -> 'line')", False),
    ("answers", ARRAY(sa.Text), "text_array(aggregate #> '{content,answers}')", False),
    ("reviewer", sa.Text, "aggregate #>> '{line,0}'", True),
    ("adjusted", sa.Numeric(12, 2), "COALESCE((aggregate ->> 'adjusted')::numeric, 0)", False),
    ("delegates", ARRAY(sa.Text), "text_array(jsonb_path_query_array(aggregate, '$.delegations[*].to'))", False),
    ("own_hr", ARRAY(sa.Text), "text_array(policy -> 'hr')", False),
    ("exemplar", sa.Boolean, "COALESCE((aggregate ->> 'exemplar')::boolean, false)", False),
)


def upgrade() -> None:
    op.execute(_TEXT_ARRAY)
    op.add_column("goal", sa.Column("progress", sa.Numeric(12, 4), nullable=False, server_default=sa.text("0")))
    for name, kind, expression, nullable in _GENERATED:
        op.add_column("goal", sa.Column(name, kind, sa.Computed(expression, persisted=True), nullable=nullable))
    _replace_indexes()
    # Leaves room on each page for the next version of a row: an update that changes no indexed column then writes no index (HOT).
    op.execute("ALTER TABLE goal SET (fillfactor = 85)")


def _replace_indexes() -> None:
    for name in ("goal_by_state", "goal_by_parent", "goal_exemplars"):
        op.drop_index(name, "goal")
    op.create_index("goal_by_state", "goal", ["cycle_id", "state", "id"])
    op.create_index("goal_by_department", "goal", ["cycle_id", "department", "state", "id"])
    op.create_index(
        "goal_by_parent", "goal", ["cycle_id", "parent", "id"], postgresql_where=sa.text("parent IS NOT NULL")
    )
    op.create_index("goal_by_reviewer", "goal", ["cycle_id", "reviewer", "owner_id"])
    op.create_index("goal_by_line", "goal", ["line"], postgresql_using="gin")
    for name in ("delegates", "own_hr"):
        op.create_index(
            f"goal_by_{name}", "goal", [name], postgresql_using="gin", postgresql_where=sa.text(f"{name} <> '{{}}'")
        )
    op.create_index(
        "goal_by_answer", "goal", ["answers"], postgresql_using="gin", postgresql_where=sa.text("answers <> '{}'")
    )
    op.create_index("goal_by_due_date", "goal", ["cycle_id", "due_at"], postgresql_where=sa.text("task IS NOT NULL"))
    op.create_index("goal_exemplars", "goal", ["department", "id"], postgresql_where=sa.text("exemplar"))
