"""A function that locks and sums the weights of a person's running goals, so that the recording statement can check them."""

from alembic import op

revision = "0007"
down_revision = "0006"

# Each statement of a volatile function has a new snapshot: the sum includes what was committed while the lock was awaited.
_FUNCTION = """
CREATE FUNCTION lock_and_weigh(owner text, cycle text, OUT goals integer, OUT weight integer)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('weight:' || cycle || '/' || owner, 0));
    SELECT count(*), COALESCE(sum(g.weight), 0) INTO goals, weight FROM goal g
    WHERE g.owner_id = owner AND g.cycle_id = cycle AND g.state IN ('active', 'in_review');
END $$
"""


def upgrade() -> None:
    op.execute(_FUNCTION)
