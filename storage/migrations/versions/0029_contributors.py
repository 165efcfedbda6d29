"""Goals have contributors, who see them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0029"
down_revision = "0027"

_CONTRIBUTORS = "text_array(jsonb_path_query_array(aggregate, '$.content.contributors[*].person'))"


def upgrade() -> None:
    computed = sa.Computed(_CONTRIBUTORS, persisted=True)
    op.add_column("goal", sa.Column("contributors", ARRAY(sa.Text), computed, nullable=False))
    op.create_index(
        "goal_by_contributors",
        "goal",
        ["contributors"],
        postgresql_using="gin",
        postgresql_where=sa.text("contributors <> '{}'"),
    )
