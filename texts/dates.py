"""Days as people write them, with the weekday."""

from datetime import date

from domain.locale import Locale


def day_text(day: date, locale: Locale) -> str:
    """2026年11月26日(木); Thu 26 Nov 2026."""
    if locale is Locale.JA:
        return f"{day.year}年{day.month}月{day.day}日({'月火水木金土日'[day.weekday()]})"
    return f"{day:%a} {day.day} {day:%b %Y}"
