"""Days as people type them, in every door alike: files of people, cycle files, sheets, and options of the command line.

A day that could be another one is not guessed: it is refused by what it looks like.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

# 2026-11-30, 2026/11/30, 2026.11.30, 2026年11月30日; with 令和8年 or R8 in the place of the year; with a time of midnight, as
# spreadsheets export it, and with the weekday that our screens print.
_DAY = re.compile(
    r"(?:(?P<era>令和|平成|昭和|大正|明治|[RHSTM令平昭大明])\.?)? ?(?P<year>\d{1,4}|元)(?P<sign>[-/.]|年 ?)"
    r"(?P<month>\d{1,2})(?:[-/.]|月 ?)(?P<day>\d{1,2})日?"
    r"(?:[T ]0?0:00(?::00(?:\.0+)?)?Z?)?(?: ?\([月火水木金土日]\))?",
    re.IGNORECASE,
)
_EIGHT_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?")
_ERAS: Mapping[str, tuple[date, date]] = {  # the first and the last day of each
    "令": (date(2019, 5, 1), date.max),
    "平": (date(1989, 1, 8), date(2019, 4, 30)),
    "昭": (date(1926, 12, 25), date(1989, 1, 7)),
    "大": (date(1912, 7, 30), date(1926, 12, 24)),
    "明": (date(1868, 1, 25), date(1912, 7, 29)),
}
_LETTERS = {"R": "令", "H": "平", "S": "昭", "T": "大", "M": "明"}
_DAY_ZERO = date(1899, 12, 30)  # of spreadsheets: from 1 March 1900 on, a day's number counts from it
_FOUR_DIGITS = 4
_LONGEST = 60  # characters; nothing longer is a day


class NotADayBecause(StrEnum):
    """Why a text is not read as a day; the code of its text (`problem.<code>`)."""

    NO_DAY = "not_a_day"
    NOT_IN_CALENDAR = "not_in_calendar"  # 30 February; 平成40年
    SERIAL = "day_as_serial"  # the number in which a spreadsheet keeps a day
    ORDER = "day_in_other_order"  # 4/1/2027 or 27/4/1: it could be several days


class NotADay(ValueError):
    """The text is not read as a day. `meant` is the day that a spreadsheet's number would be."""

    def __init__(self, why: NotADayBecause, meant: date | None = None) -> None:
        self.why, self.meant = why, meant
        super().__init__(str(why))


def read_day(typed: str) -> date:
    """The day that somebody typed. Raises `NotADay`."""
    text = unicodedata.normalize("NFKC", typed[: _LONGEST + 1]).strip()
    if found := _DAY.fullmatch(text):
        return _of_parts(found)
    if found := _EIGHT_DIGITS.fullmatch(text):
        return _in_calendar(*(int(part) for part in found.groups()))
    if found := _SERIAL.fullmatch(text):
        raise NotADay(NotADayBecause.SERIAL, _DAY_ZERO + timedelta(days=int(found[1])))
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}", text):
        raise NotADay(NotADayBecause.ORDER)
    raise NotADay(NotADayBecause.NO_DAY)


def _of_parts(found: re.Match[str]) -> date:
    era, year = found["era"], found["year"]
    month, day = int(found["month"]), int(found["day"])
    if era is None:
        if len(year) != _FOUR_DIGITS:
            raise NotADay(NotADayBecause.NO_DAY if year == "元" else NotADayBecause.ORDER)
        return _in_calendar(int(year), month, day)
    first, last = _ERAS[_LETTERS.get(era.upper(), era[0])]
    read = _in_calendar(first.year - 1 + (1 if year == "元" else int(year)), month, day)
    if not first <= read <= last:
        raise NotADay(NotADayBecause.NOT_IN_CALENDAR)
    return read


def _in_calendar(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NotADay(NotADayBecause.NOT_IN_CALENDAR) from error
