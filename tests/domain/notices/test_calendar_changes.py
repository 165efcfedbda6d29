"""Entries in people's calendars: which are changed or taken back, and with which number."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.notices.calendar_changes import change_of, changed_entries, entry_kind, numbered, task_of_entry
from domain.notices.calendar_entries import CalendarEntry, KnownEntry
from domain.policy.policy import TaskKind

DUE = datetime(2026, 10, 9, 9, tzinfo=UTC)
LATER = DUE + timedelta(days=7)
ENTRY = CalendarEntry("2026-q4/M1/1", "approval", DUE, 4)


def known(due_now: datetime | None, *, seq: int = 9, entry: CalendarEntry = ENTRY) -> KnownEntry:
    return KnownEntry(entry, "M1", "決算を早める", due_now, seq)


def test_an_entry_whose_task_is_as_it_was_stays() -> None:
    assert change_of(known(DUE)) is None


def test_an_entry_whose_due_date_moved_is_replaced_under_a_higher_number() -> None:
    assert change_of(known(LATER)) == ENTRY._replace(due_at=LATER, number=9)


@pytest.mark.parametrize("seq", [0, 4, 9])
def test_an_entry_whose_task_is_gone_is_taken_back_under_a_higher_number(seq: int) -> None:
    taken_back = change_of(known(None, seq=seq))
    assert taken_back == ENTRY._replace(number=max(seq, 5), is_cancelled=True), (
        "also where no entry of the ledger says so"
    )


def test_an_entry_is_taken_back_once() -> None:
    assert change_of(known(None, entry=ENTRY._replace(is_cancelled=True))) is None


def test_a_task_that_comes_back_replaces_the_entry_that_was_taken_back() -> None:
    taken_back = known(DUE, entry=ENTRY._replace(number=12, is_cancelled=True))
    assert numbered(ENTRY._replace(number=10), taken_back).number == 13


def test_a_reminder_keeps_the_number_or_raises_it() -> None:
    assert numbered(ENTRY._replace(number=2), known(DUE)).number == 4
    assert numbered(ENTRY._replace(number=6), known(DUE)).number == 6
    assert numbered(ENTRY._replace(number=2, due_at=LATER), known(LATER)).number == 5
    assert numbered(ENTRY, None) == ENTRY


def test_what_a_message_tells_of_itself_is_not_changed_again() -> None:
    assert changed_entries([known(None)], {ENTRY.key}) == []
    assert [entry.is_cancelled for _, entry in changed_entries([known(None)], {("2026-q4/M1/1", "draft")})] == [True]


def test_the_parts_of_a_review_are_one_entry_that_is_named_after_the_readers_part() -> None:
    assert {entry_kind(one) for one in (TaskKind.SELF_REVIEW, TaskKind.VERDICT)} == {"review"}
    review = known(DUE, entry=ENTRY._replace(kind="review"))
    assert (task_of_entry(review, "M1"), task_of_entry(review, "M2")) == (TaskKind.SELF_REVIEW, TaskKind.VERDICT)
    assert task_of_entry(known(DUE), "M2") == "approval"
