"""The people that each import or sync changed, with the name that each had from then on."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_APPEND_ONLY = (
    """
CREATE FUNCTION refuse_person_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.name IS NULL AND NEW.salt IS NULL
           AND to_jsonb(NEW) - 'name' - 'salt' = to_jsonb(OLD) - 'name' - 'salt' AND EXISTS (
            SELECT FROM journal AS j
            WHERE j.log = 'directory' AND j.seq > OLD.entry AND j.kind = 'names_erased'
              AND j.body @> jsonb_build_object('employee', OLD.employee_id, 'entries', jsonb_build_array(OLD.entry))
        ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'person_change is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER person_change_append_only BEFORE UPDATE OR DELETE ON person_change
    FOR EACH ROW EXECUTE FUNCTION refuse_person_change()
""",
    """
CREATE TRIGGER person_change_no_truncate BEFORE TRUNCATE ON person_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_person_change()
""",
)
# The name of a person as of a moment; None for somebody who was never in the directory. Without a moment: the present name.
# Before the first row: the first known name. Erased: as domain/commitments.py shows erased texts.
_NAME_AT = """
CREATE FUNCTION name_at(person text, moment timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN moment IS NOT NULL THEN COALESCE(
        (SELECT COALESCE(c.name, '[消去済み / erased]') FROM person_change c
         WHERE c.employee_id = person AND c.at <= moment ORDER BY c.entry DESC LIMIT 1),
        (SELECT COALESCE(c.name, '[消去済み / erased]') FROM person_change c
         WHERE c.employee_id = person ORDER BY c.entry LIMIT 1),
        (SELECT e.name FROM employee e WHERE e.id = person)
    ) ELSE (SELECT e.name FROM employee e WHERE e.id = person) END
$$
"""


def upgrade() -> None:
    op.create_table(
        "person_change",
        sa.Column("employee_id", sa.Text(collation="C"), primary_key=True),
        sa.Column("entry", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.Text),
        sa.Column("name", sa.Text),
        sa.CheckConstraint("change IN ('added', 'changed', 'left', 'returned')", name="person_change_kind"),
        sa.CheckConstraint("(salt IS NULL) = (name IS NULL)", name="person_change_salted"),
    )
    for statement in (*_APPEND_ONLY, _NAME_AT):
        op.execute(statement)
