"""A goal that was handed over has no place in the tree of goals: the goal of the new owner has."""

from alembic import op

revision = "0025"
down_revision = "0024"

# No goal has the new outcome yet, so the sums that the function decides on stay right.
_FUNCTION = """
CREATE OR REPLACE FUNCTION counts_in_tree(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT outcome IS NULL OR outcome NOT IN ('withdrawn', 'lapsed', 'removed', 'cancelled', 'handed_over')
$$
"""


def upgrade() -> None:
    op.execute(_FUNCTION)
