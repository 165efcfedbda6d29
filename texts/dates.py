"""Days and moments as people write them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.locale import Locale


def day_text(day: date, locale: Locale) -> str:
    """2026年11月26日(木); Thu 26 Nov 2026."""
    if locale is Locale.JA:
        return f"{day.year}年{day.month}月{day.day}日({'月火水木金土日'[day.weekday()]})"
    return f"{day:%a} {day.day} {day:%b %Y}"


_OWN_ZONE = ZoneInfo("Asia/Tokyo")  # DIRECTORY_ZONE of domain/people/organisation.py

# Abbreviations that mean several time zones: China or Chicago, India or Israel, Manila or Los Angeles.
_AMBIGUOUS = frozenset({"CST", "CDT", "IST", "PST"})


def moment_text(moment: datetime, zone: str) -> str:
    """A moment to the minute as the clocks of the site show it, and which clocks they are: 2026-12-11 17:30 JST.

    The zone is its abbreviation; the offset (UTC-8, UTC+5:30) where it has none, or where the abbreviation has several meanings.
    """
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M} {_zone_text(local)}"


def deadline_text(moment: datetime, zone: str, locale: Locale) -> str:
    """The same in a sentence, with the weekday: 2026年12月11日(金) 17:30 JST; Fri 11 Dec 2026 17:30 JST."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_text(local.date(), locale)} {local:%H:%M} {_zone_text(local)}"


def _zone_text(local: datetime) -> str:
    name = local.tzname() or ""
    if name.isalpha() and name not in _AMBIGUOUS:
        return name
    sign, hours, minutes = f"{local:%z}"[0], int(f"{local:%z}"[1:3]), f"{local:%z}"[3:5]
    return f"UTC{sign}{hours}" + (f":{minutes}" if minutes != "00" else "")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short_day(day: date, locale: Locale) -> str:
    """A day in a table: 2026/11/26; Nov 26, 2026."""
    if locale is Locale.JA:
        return f"{day:%Y/%m/%d}"
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def short_moment(moment: datetime, zone: str, locale: Locale) -> str:
    """A moment in a table, as the clocks of the zone show it: 2026/11/26 14:05; Nov 26, 2026 14:05.

    A zone other than that of the directory is named behind it.
    """
    local = moment.astimezone(ZoneInfo(zone))
    shown = f"{short_day(local.date(), locale)} {local:%H:%M}"
    return shown if local.utcoffset() == moment.astimezone(_OWN_ZONE).utcoffset() else f"{shown} {_zone_text(local)}"
