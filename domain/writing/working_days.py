"""Steps and working days: a step that is due on a day off is waited for until the next working day."""

from collections.abc import Iterator
from datetime import date, timedelta

from domain.findings import Finding, advise
from domain.policy.calendar import BusinessCalendar
from domain.writing.content import Content


def on_working_days(content: Content, calendar: BusinessCalendar, ends: date) -> Content:
    """The content with its steps due on working days: the next one, or the last one before where the next is after `ends`.

    For drafts that the program proposes. What an owner wrote is never changed.
    """
    steps = tuple(
        step.model_copy(update={"due": _working_day(step.due, calendar, ends)}) if step.due <= ends else step
        for step in content.steps
    )
    return content.model_copy(update={"steps": steps})


def _working_day(day: date, calendar: BusinessCalendar, ends: date) -> date:
    following = calendar.on_or_after(day)
    if following <= ends:
        return following
    while not calendar.is_business_day(day):
        day -= timedelta(days=1)
    return day


def moved_steps(content: Content, calendar: BusinessCalendar) -> Iterator[Finding]:
    """A suggestion for each step that is due on a day off: it says which working day ends it.

    No writing rule: the rules of a running cycle decide on submissions, and their findings are recorded.
    """
    for n, step in enumerate(content.steps):
        if not calendar.is_business_day(step.due):
            yield advise("step_on_day_off", f"steps[{n}].due", day=step.due, moved=calendar.on_or_after(step.due))
