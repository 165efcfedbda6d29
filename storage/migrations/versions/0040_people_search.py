"""Indexes by which people are found by the beginning of their name or number."""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX employee_by_name_begun ON employee (lower(translate(name, ' \u3000', '')) text_pattern_ops)"
    )
    op.execute("CREATE INDEX employee_by_id_begun ON employee (id text_pattern_ops)")
    op.execute("CREATE INDEX employee_by_number_begun ON employee (number text_pattern_ops) WHERE number IS NOT NULL")
