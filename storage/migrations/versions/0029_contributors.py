"""Goals have contributors, who see them and have a share of their points."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0029"
down_revision = "0028"

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
    shared = sa.Computed("aggregate ? 'credited'", persisted=True)
    op.add_column("goal", sa.Column("shared", sa.Boolean, shared, nullable=False))
    op.create_index("goal_shared", "goal", ["cycle_id", "id"], postgresql_where=sa.text("shared"))
