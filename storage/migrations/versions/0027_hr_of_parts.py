"""Goals have HR of the owner's part of the company, beside the HR of the cycle."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    formula = sa.Computed("text_array(aggregate -> 'part_hr')", persisted=True)
    op.add_column("goal", sa.Column("part_hr", ARRAY(sa.Text), formula, nullable=False))
    op.create_index(
        "goal_by_part_hr",
        "goal",
        ["part_hr"],
        postgresql_using="gin",
        postgresql_where=sa.text("part_hr <> '{}'"),
    )
