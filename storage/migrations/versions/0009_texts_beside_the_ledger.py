"""What people wrote is stored beside the hashed form of an entry, and can be erased; a hash covers the time of recording.

Entries of the earlier form cannot be converted, because their hashes cover the texts: a database that has any is refused.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"

_REFUSE_EARLIER_FORM = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM goal_event) THEN
        RAISE EXCEPTION 'the ledger has entries of a form before the first release; start with an empty database';
    END IF;
END $$
"""
_SALTED = """NOT jsonb_path_exists(texts, '$.* ? (!(@.salt like_regex "^[0-9a-f]{32}$"))')"""

_ONLY_ERASURES = """
CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.texts IS NULL AND to_jsonb(NEW) - 'texts' = to_jsonb(OLD) - 'texts' AND EXISTS (
            SELECT FROM goal_event AS e
            WHERE e.goal_id = OLD.goal_id AND e.seq > OLD.seq
              AND e.body @> jsonb_build_object('kind', 'texts_erased', 'entries', jsonb_build_array(OLD.seq))
        ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'goal_event is append-only: % refused; record a correcting event instead', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$
"""
# The caller records an entry `texts_erased` before, in the same transaction; else the trigger refuses. Notices repeat what
# people wrote, so their copies go too. The key of a notice is `goal#entry:kind:recipient`.
_ERASE = """
CREATE FUNCTION erase_texts(goal text, entries integer[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE goal_event SET texts = NULL WHERE goal_id = goal AND seq = ANY (entries) AND texts IS NOT NULL;
    UPDATE outbox SET facts = facts - 'reason' - 'refusal'
    WHERE goal_id = goal AND split_part(split_part(key, '#', 2), ':', 1) = ANY (entries::text[]);
    UPDATE outbox SET facts = facts - 'theme'
    WHERE goal_id = goal AND facts ? 'theme' AND EXISTS (
        SELECT FROM goal_event WHERE goal_id = goal AND seq = ANY (entries) AND body ? 'content');
$$
"""
_SEAL = (
    """
CREATE FUNCTION seal_recording_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.recorded_hash := encode(sha256(convert_to(
        NEW.hash || to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')), 'hex');
    RETURN NEW;
END $$
""",
    """
CREATE TRIGGER ledger_seals_time BEFORE INSERT ON goal_event
    FOR EACH ROW EXECUTE FUNCTION seal_recording_time()
""",
)


def upgrade() -> None:
    op.execute(_REFUSE_EARLIER_FORM)
    op.add_column("goal_event", sa.Column("texts", JSONB))
    op.add_column("goal_event", sa.Column("recorded_hash", sa.Text, nullable=False))
    op.create_check_constraint("goal_event_salted", "goal_event", _SALTED)
    for statement in (_ONLY_ERASURES, _ERASE, *_SEAL):
        op.execute(statement)
