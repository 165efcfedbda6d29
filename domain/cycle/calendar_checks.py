"""Checks of the single days that a cycle file's calendars name: days off, working days on weekends, and short days."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from domain.cycle.file import CycleFile
from domain.cycle.sections import CalendarSection
from domain.findings import Finding, advise, refuse, refuse_with
from domain.messages import message

_NEAR = timedelta(days=10)  # a company's days off around the new year do not begin on the same day each year


def calendar_findings(file: CycleFile) -> Iterator[Finding]:
    """Days that contradict each other, short days on which nobody works, and days off of another period alone."""
    for where, place in (("calendar", file.calendar), *((f"sites.{name}", site) for name, site in file.sites.items())):
        yield from _of_place(where, place)
        yield from _missing_days_off(f"{where}.days_off", sorted(place.days_off), file.cycle.starts, file.cycle.closes)


def _missing_days_off(where: str, days: Sequence[date], first: date, last: date) -> Iterator[Finding]:
    """Advice where the company's days off stop before the cycle does: they stay as they are when a file is moved to another year."""
    if not days:
        return
    for year in range(first.year, last.year + 1):
        for day in days:
            again = day + timedelta(days=round(365.25 * (year - day.year)))
            if first <= again <= last and not any(abs(one - again) <= _NEAR for one in days):
                yield advise("days_off_missing", where, text="finding.days_off_missing.of_year", day=again, like=day)
                return
    if days[-1] < first:
        yield advise("days_off_missing", where, latest=days[-1], starts=first, closes=last)


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
