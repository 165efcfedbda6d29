"""The entries of tasks in people's calendars, as mails bring them. What a later mail changes is in calendar_changes.py."""

from datetime import datetime
from typing import NamedTuple


class CalendarEntry(NamedTuple):
    """One person's task of one goal. A calendar program replaces an entry with one of the same id and a higher `number` (SEQUENCE)."""

    goal_id: str
    kind: str
    due_at: datetime
    number: int
    is_cancelled: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.goal_id, self.kind


class KnownEntry(NamedTuple):
    """The entry that a mail brought last, and the task as it is now. `due_now` is None if the reader has no such task any more."""

    entry: CalendarEntry
    owner: str
    theme: str
    due_now: datetime | None
    seq: int  # the number of the goal's last ledger entry
