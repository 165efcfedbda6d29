"""Stages that ask several people: the chains of such stages count as evaluators, and are compared with the directory."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0028"
down_revision = "0027"

_EVALUATORS = (
    "text_array(jsonb_path_query_array(aggregate, '$.stages[*][*]')) || text_array(aggregate -> 'reviewers')"
    " || text_array(jsonb_path_query_array(aggregate, '$.joint[*][*][*]'))"
)
_CHAINS = (
    "COALESCE(NULLIF(aggregate ->> 'stages', '[]'), '') || COALESCE(NULLIF(aggregate ->> 'reviewers', '[]'), '')"
    " || COALESCE(NULLIF(aggregate ->> 'joint', '[]'), '')"
)


def upgrade() -> None:
    for name, kind, formula in (("evaluators", ARRAY(sa.Text), _EVALUATORS), ("chains", sa.Text, _CHAINS)):
        op.drop_column("goal", name)  # with its index
        op.add_column("goal", sa.Column(name, kind, sa.Computed(formula, persisted=True), nullable=False))
    op.create_index(
        "goal_by_evaluators",
        "goal",
        ["evaluators"],
        postgresql_using="gin",
        postgresql_where=sa.text("evaluators <> '{}'"),
    )
