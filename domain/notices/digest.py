"""When a person's digest is due: once on each of their business days, from the hour on that they chose."""

from datetime import UTC, date, datetime, time, timedelta

from domain.policy.calendar import BusinessCalendar
from domain.values import Moment

SLACK = timedelta(minutes=5)  # for what the last alarm of the morning brings to be written down


def digest_day(
    calendar: BusinessCalendar,
    at: time | None,
    last: date | None,
    now: Moment,
    *,
    oldest: Moment | None = None,
    morning: timedelta = timedelta(0),
) -> date | None:
    """The day whose digest is due at `now`; None where it is not a business day, not yet the hour, or was sent.

    `at` is by the clock of the site; none: `morning` after its opening hour, when the day's alarms have rung and what they
    say is in it. `last` is the day of the latest digest, `oldest` since when something waits: what came after the hour
    waits for the next day. A tick that comes hours late still finds its day's; a day that has passed is never made up for.
    """
    day = calendar.day_of(now)
    if not calendar.is_business_day(day) or (last is not None and last >= day):
        return None
    due = datetime.combine(day, at, calendar.zone).astimezone(UTC) if at else calendar.opening(day) + morning
    return day if now >= due and (oldest is None or oldest <= due) else None
