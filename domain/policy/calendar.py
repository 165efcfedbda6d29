"""Business days of one site, and its opening and closing times."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer

from domain.values import ClockTime, Frozen, Moment, invalid_value

_SATURDAY = 5  # date.weekday()
_LATER = frozenset({"working_days", "short_days"})
_FAR = 2_000  # days; more means that a calendar without working days is being searched


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid_value("zone_unknown", name=name[:40]) from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class BusinessCalendar(Frozen):
    """A site's working days, frozen: a later release of a holiday library changes nothing in flight.

    `days_off` holds the public holidays and the company's own days off, both ends of the span that was computed included;
    outside of it only weekends are off. `working_days` are business days although they are on a weekend or a holiday, and
    `short_days` gives the closing hour of the days on which the site closes early.
    """

    timezone: TimeZone = "Asia/Tokyo"
    opens: time = time(9)
    closes: time = time(18)
    days_off: tuple[date, ...] = ()
    working_days: tuple[date, ...] = ()
    short_days: dict[date, ClockTime] = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _without_empty_later_fields(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A calendar that has none of them is written as before they came: old ledgers keep their hashes."""
        form: dict[str, Any] = dump(self)
        return {name: value for name, value in form.items() if name not in _LATER or getattr(self, name)}

    @cached_property
    def _off(self) -> frozenset[date]:
        return frozenset(self.days_off)

    @cached_property
    def _working(self) -> frozenset[date]:
        return frozenset(self.working_days)

    @property
    def days(self) -> int:
        """How many days it names."""
        return len(self.days_off) + len(self.working_days) + len(self.short_days)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def is_business_day(self, day: date) -> bool:
        return day in self._working or (day.weekday() < _SATURDAY and day not in self._off)

    def on_or_after(self, day: date) -> date:
        """The day itself if it is a business day, else the next one."""
        for ahead in range(_FAR):
            if self.is_business_day(found := day + timedelta(days=ahead)):
                return found
        raise ValueError(f"the calendar has no business day after {day}")

    def add(self, day: date, business_days: int) -> date:
        """The day that is `business_days` business days after `day` (before it, where negative).

        Zero gives the first business day on or after `day`.
        """
        found = self.on_or_after(day) if business_days == 0 else day
        step = timedelta(days=1 if business_days > 0 else -1)
        for _ in range(abs(business_days)):
            found += step
            while not self.is_business_day(found):
                found += step
        return found

    def between(self, first: date, last: date) -> int:
        """How many business days lie after `first`, up to and including `last`; 0 where `last` is not later."""
        return sum(self.is_business_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    def day_of(self, moment: Moment) -> date:
        """The site's calendar day at that instant."""
        return moment.astimezone(self.zone).date()

    def opening(self, day: date) -> Moment:
        """The instant at which the site opens on `day`."""
        return datetime.combine(day, self.opens, self.zone).astimezone(UTC)

    def closing(self, day: date) -> Moment:
        """The instant at which the site closes on `day`; deadlines end here."""
        return datetime.combine(day, self.short_days.get(day, self.closes), self.zone).astimezone(UTC)
