"""Checks of the single days that a cycle file's calendars name: working days on weekends, and short days."""

from collections.abc import Iterator

from domain.cycle.file import CycleFile
from domain.cycle.sections import CalendarSection
from domain.findings import Finding, advise, refuse, refuse_with
from domain.messages import message


def calendar_findings(file: CycleFile) -> Iterator[Finding]:
    """Days that contradict each other, and short days on which nobody works."""
    yield from _of_place("calendar", file.calendar)
    for name, site in file.sites.items():
        yield from _of_place(f"sites.{name}", site)


def _of_place(where: str, place: CalendarSection) -> Iterator[Finding]:
    for n, day in enumerate(place.working_days):
        if day in place.days_off:
            yield refuse("working_day_off", f"{where}.working_days[{n}]", day=day)
    calendar = place.with_holidays(())
    for day, closes in place.short_days.items():
        if not place.opens < closes < place.closes:
            usual = {"opens": f"{place.opens:%H:%M}", "closes": f"{place.closes:%H:%M}"}
            yield refuse_with(
                "short_day_hours",
                f"{where}.short_days",
                message("finding.short_day_hours", day=day, **usual, given=f"{closes:%H:%M}"),
            )
        if not calendar.is_business_day(day):
            yield advise("short_day_off", f"{where}.short_days", day=day)
