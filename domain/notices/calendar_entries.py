"""The entries of tasks in people's calendars: what a mail brought earlier, and what a later one changes or takes back.

An entry is one person's task of one goal. A calendar program replaces it with a later one of the same id and a higher number
(RFC 5545, SEQUENCE).
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from domain.policy.policy import TaskKind

_REVIEW = frozenset({TaskKind.SELF_REVIEW.value, TaskKind.VERDICT.value})


def entry_kind(task: str) -> str:
    """The kind of the task's entry. A review is one entry: a notice does not say which part of the review is due."""
    return "review" if task in _REVIEW else task


class CalendarEntry(NamedTuple):
    """An entry as a mail brings it. `number` grows with every change."""

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

    def task(self, reader: str) -> str:
        """The kind of the task, for its name: in a review, the owner reviews their own work."""
        if self.entry.kind != "review":
            return self.entry.kind
        return TaskKind.SELF_REVIEW if reader == self.owner else TaskKind.VERDICT

    def changed(self) -> CalendarEntry | None:
        """The entry that replaces it, cancelled if the task is gone; None if it is still right."""
        entry = self.entry
        if entry.is_cancelled or self.due_now == entry.due_at:
            return None
        return entry._replace(
            due_at=self.due_now or entry.due_at,
            number=max(self.seq, entry.number + 1),
            is_cancelled=self.due_now is None,
        )


def numbered(entry: CalendarEntry, known: KnownEntry | None) -> CalendarEntry:
    """The entry with a number that replaces the known one; with at least the same number if nothing changes."""
    if known is None:
        return entry
    before = known.entry
    is_same = before.due_at == entry.due_at and not before.is_cancelled
    return entry._replace(number=max(entry.number, before.number if is_same else before.number + 1))


def changed_entries(
    known: Iterable[KnownEntry], told: Collection[tuple[str, str]]
) -> list[tuple[KnownEntry, CalendarEntry]]:
    """The entries to replace or take back, without those whose task the message tells of itself (their keys are in `told`)."""
    return [(one, entry) for one in known if one.entry.key not in told and (entry := one.changed())]
