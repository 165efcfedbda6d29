"""People have evaluators beside their managers, and goals the chains of people who are asked because of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0018"
down_revision = "0017"

_EVALUATORS = "text_array(jsonb_path_query_array(aggregate, '$.stages[*][*]')) || text_array(aggregate -> 'reviewers')"
_CHAINS = "COALESCE(NULLIF(aggregate ->> 'stages', '[]'), '') || COALESCE(NULLIF(aggregate ->> 'reviewers', '[]'), '')"
_REVIEWER = "COALESCE(aggregate #>> '{reviewers,0}', aggregate #>> '{line,0}')"


def upgrade() -> None:
    op.add_column("employee", sa.Column("evaluators", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.drop_column("goal", "reviewer")  # with its index
    for name, kind, formula, nullable in (
        ("evaluators", ARRAY(sa.Text), _EVALUATORS, False),
        ("chains", sa.Text, _CHAINS, False),
        ("reviewer", sa.Text, _REVIEWER, True),
    ):
        op.add_column("goal", sa.Column(name, kind, sa.Computed(formula, persisted=True), nullable=nullable))
    op.create_index("goal_by_reviewer", "goal", ["cycle_id", "reviewer", "owner_id"])
    op.create_index(
        "goal_by_evaluators",
        "goal",
        ["evaluators"],
        postgresql_using="gin",
        postgresql_where=sa.text("evaluators <> '{}'"),
    )
