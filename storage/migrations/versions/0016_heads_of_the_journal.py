"""The head of each log of the journal, so that entries missing at the end are found; and the erasure of an entry's texts."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_HEADS_OF_ENTRIES = """
INSERT INTO journal_head (log, seq, hash) SELECT DISTINCT ON (log) log, seq, hash FROM journal ORDER BY log, seq DESC
"""
_FORWARD_ONLY = (
    """
CREATE FUNCTION refuse_head_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.log = OLD.log AND (NEW.seq > OLD.seq OR NEW = OLD) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'journal_head only moves forward: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER journal_head_forward BEFORE UPDATE OR DELETE ON journal_head
    FOR EACH ROW EXECUTE FUNCTION refuse_head_change()
""",
    """
CREATE TRIGGER journal_head_no_truncate BEFORE TRUNCATE ON journal_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_head_change()
""",
)
# The same rule as for the goals' ledgers (migration 0009): a later entry of the same log names the entry as erased.
_ONLY_ERASURES = """
CREATE OR REPLACE FUNCTION refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.texts = '{}' AND to_jsonb(NEW) - 'texts' = to_jsonb(OLD) - 'texts' AND EXISTS (
            SELECT FROM journal AS e
            WHERE e.log = OLD.log AND e.seq > OLD.seq AND e.kind = 'texts_erased'
              AND e.body @> jsonb_build_object('entries', jsonb_build_array(OLD.seq))
        ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'journal is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "journal_head",
        sa.Column("log", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    for statement in (_HEADS_OF_ENTRIES, *_FORWARD_ONLY, _ONLY_ERASURES):
        op.execute(statement)
