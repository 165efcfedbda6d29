"""What would show that somebody, or a restored backup, went behind the program's back: triggers, missing goals, missing entries.

Whether each entry of a goal is what was recorded is another question: `service/proof.py` computes the hash chains for it. The
chains of the journal, and the digests over the log of people, are computed here.
"""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from storage import journal, person_log

_MOST = 100  # faults of one kind that are named
# The triggers that keep the ledger and the totals, by table.
TRIGGERS = {
    "goal_event": ("ledger_append_only", "ledger_no_truncate", "ledger_seals_time"),
    "journal": ("journal_append_only", "journal_no_truncate"),
    "journal_head": ("journal_head_forward", "journal_head_no_truncate"),
    "person_change": ("person_change_append_only", "person_change_no_truncate"),
    "goal": ("goals_added", "goal_count_moved", "goal_sum_changed", "goals_noted", "goal_move_noted"),
    "participant": ("participants_added", "participants_moved"),
}

_ENABLED = text("""
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
""")
_COUNTS = text("""
    SELECT CASE WHEN g.id IS NULL THEN 'goal_missing' WHEN e.goal_id IS NULL THEN 'ledger_missing' ELSE 'entries_missing' END,
        COALESCE(g.id, e.goal_id)
    FROM goal g FULL JOIN (
        SELECT goal_id, count(*) AS entries, max(seq) AS last FROM goal_event GROUP BY goal_id
    ) e ON e.goal_id = g.id
    WHERE g.id IS NULL OR e.goal_id IS NULL OR e.entries <> g.seq OR e.last <> g.seq
    ORDER BY 2 LIMIT :most
""")
_PARTICIPANTS = text("""
    SELECT p.cycle_id || '/' || p.employee_id FROM participant p
    LEFT JOIN (SELECT cycle_id, owner_id, count(*) AS goals FROM goal GROUP BY 1, 2) g
        ON (g.cycle_id, g.owner_id) = (p.cycle_id, p.employee_id)
    WHERE p.result IN ('written', 'started') AND p.goals > COALESCE(g.goals, 0)
    ORDER BY 1 LIMIT :most
""")


class TableFault(NamedTuple):
    """`code` says what is wrong, `what` with which trigger, goal or participant."""

    code: str
    what: str


async def table_faults(connection: AsyncConnection) -> list[TableFault]:
    """The faults, at most 100 of each kind. Reads the whole ledger's keys once: seconds for three million entries."""
    enabled = {(row[0], row[1]) for row in await connection.execute(_ENABLED)}
    wanted = {(table, name) for table, names in TRIGGERS.items() for name in names}
    faults = [TableFault("trigger_off", f"{table}.{name}") for table, name in sorted(wanted - enabled)]
    faults += [TableFault(row[0], row[1]) for row in await connection.execute(_COUNTS, {"most": _MOST})]
    faults += [
        TableFault("participant_without_goals", row[0])
        for row in await connection.execute(_PARTICIPANTS, {"most": _MOST})
    ]
    return faults + await _journal_faults(connection)


async def _journal_faults(connection: AsyncConnection) -> list[TableFault]:
    """The first broken entry of each log, as `log/number (reason)`, and imports and syncs whose people were altered.

    The people are compared with entries of the log `directory`, so they are not looked at while that log is broken.
    """
    found = {log: broken for log in Log if (broken := await journal.first_break(connection, log))}
    faults = [TableFault("journal_broken", f"{log}/{one.seq} ({one.reason})") for log, one in found.items()]
    altered = [] if Log.DIRECTORY in found else await person_log.altered(connection)
    return faults + [TableFault("people_altered", str(one)) for one in altered[:_MOST]]
