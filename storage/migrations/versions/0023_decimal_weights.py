"""Weights of goals have decimals: the goal's column, the sums of the tree, and the sum over a person's goals are numeric."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_WEIGHT = "COALESCE((aggregate #>> '{content,weight}')::numeric, 0)"
_LOCK_AND_WEIGH = """
CREATE FUNCTION lock_and_weigh(owner text, cycle text, OUT goals integer, OUT weight numeric)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('weight:' || cycle || '/' || owner, 0));
    SELECT count(*), COALESCE(sum(g.weight), 0) INTO goals, weight FROM goal g
    WHERE g.owner_id = owner AND g.cycle_id = cycle AND g.state IN ('active', 'in_review');
END $$
"""
# As in migration 0006: the trigger names the column, so it is dropped before the column is, and made again.
_TRIGGER = (
    "CREATE TRIGGER goal_sum_changed AFTER UPDATE ON goal FOR EACH ROW"
    " WHEN ((OLD.parent, OLD.weight, OLD.progress, OLD.outcome) IS DISTINCT FROM"
    " (NEW.parent, NEW.weight, NEW.progress, NEW.outcome) AND (OLD.parent IS NOT NULL OR NEW.parent IS NOT NULL))"
    " EXECUTE FUNCTION change_goal_sum()"
)


def upgrade() -> None:
    op.execute("DROP TRIGGER goal_sum_changed ON goal")
    op.drop_column("goal", "weight")
    op.add_column("goal", sa.Column("weight", sa.Numeric, sa.Computed(_WEIGHT, persisted=True), nullable=False))
    op.execute(_TRIGGER)
    op.alter_column("goal_sum", "weight", type_=sa.Numeric)
    op.execute("DROP FUNCTION lock_and_weigh(text, text)")
    op.execute(_LOCK_AND_WEIGH)
