from datetime import date

from domain.policy.calendar import BusinessCalendar
from domain.values import Locale
from domain.writing.catalog import draft, entries, find
from domain.writing.content import Content, Step
from domain.writing.working_days import moved_steps, on_working_days

NEW_YEAR = tuple(date(2026, 12, day) for day in (29, 30, 31)) + tuple(date(2027, 1, day) for day in (1, 2, 3))
CALENDAR = BusinessCalendar(days_off=NEW_YEAR)
SATURDAY, MONDAY = date(2026, 12, 19), date(2026, 12, 21)
ENDS = date(2027, 3, 31)


def content(*days: date) -> Content:
    return Content(steps=tuple(Step(title="x", due=day) for day in days))


def days_of(written: Content) -> list[date]:
    return [step.due for step in written.steps]


def test_a_proposed_step_on_a_day_off_is_due_on_the_next_working_day() -> None:
    moved = on_working_days(content(date(2026, 12, 18), SATURDAY, date(2026, 12, 30)), CALENDAR, ENDS)
    assert days_of(moved) == [date(2026, 12, 18), MONDAY, date(2027, 1, 4)]


def test_a_proposed_step_never_passes_the_end_of_the_cycle() -> None:
    assert days_of(on_working_days(content(SATURDAY), CALENDAR, SATURDAY)) == [date(2026, 12, 18)]


def test_every_draft_of_the_catalogue_has_its_steps_on_working_days() -> None:
    for entry in entries():
        made = on_working_days(draft(entry, Locale.JA, date(2026, 10, 3), ENDS), CALENDAR, ENDS)
        assert all(CALENDAR.is_business_day(day) for day in days_of(made)), entry.id
        assert days_of(made) == sorted(days_of(made))
    assert not all(CALENDAR.is_business_day(day) for day in days_of(draft(find("accounting/closing-days"), Locale.JA, date(2026, 10, 3), ENDS)))  # fmt: skip


def test_a_step_on_a_day_off_is_told_with_the_working_day_that_ends_it() -> None:
    (finding,) = moved_steps(content(date(2026, 12, 18), SATURDAY), CALENDAR)
    assert (finding.code, finding.where) == ("step_on_day_off", "steps[1].due")
    assert finding.message.fields["moved"] == MONDAY.isoformat()
