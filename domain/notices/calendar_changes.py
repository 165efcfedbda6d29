"""Which entries in a person's calendar a mail replaces or takes back (RFC 5545 and 5546), and with which numbers."""

from collections.abc import Collection, Iterable

from domain.notices.calendar_entries import CalendarEntry, KnownEntry
from domain.policy.policy import TaskKind

_REVIEW = frozenset({TaskKind.SELF_REVIEW.value, TaskKind.VERDICT.value})


def entry_kind(task: str) -> str:
    """The kind of the task's entry. A review is one entry: a notice does not say which part of the review is due."""
    return "review" if task in _REVIEW else task


def task_of_entry(known: KnownEntry, reader: str) -> str:
    """The kind of the entry's task, for its name: in a review, the owner reviews their own work."""
    if known.entry.kind != "review":
        return known.entry.kind
    return TaskKind.SELF_REVIEW if reader == known.owner else TaskKind.VERDICT


def change_of(known: KnownEntry) -> CalendarEntry | None:
    """The entry that replaces the known one, cancelled if the task is gone; None if the known one is still right."""
    entry = known.entry
    if entry.is_cancelled or known.due_now == entry.due_at:
        return None
    return entry._replace(
        due_at=known.due_now or entry.due_at,
        number=max(known.seq, entry.number + 1),
        is_cancelled=known.due_now is None,
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
    return [(one, entry) for one in known if one.entry.key not in told and (entry := change_of(one))]
