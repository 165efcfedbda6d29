"""When a person's digest is due: once on each of their business days, from the hour on that they chose."""

from datetime import UTC, date, datetime, time

from domain.calendar import BusinessCalendar
from domain.values import Moment


def digest_day(calendar: BusinessCalendar, at: time | None, last: date | None, now: Moment) -> date | None:
    """The day whose digest is due at `now`; None where it is not a business day, not yet the hour, or was sent.

    `at` is by the clock of the site (none: its opening hour), `last` the day of the latest digest. A tick that comes hours
    late still finds its day's; a day that has passed is never made up for.
    """
    day = calendar.day_of(now)
    if not calendar.is_business_day(day) or (last is not None and last >= day):
        return None
    due = datetime.combine(day, at or calendar.opens, calendar.zone).astimezone(UTC)
    return day if now >= due else None
