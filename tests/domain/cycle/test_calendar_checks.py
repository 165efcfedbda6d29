"""The company's days off must be those of the cycle's own period: a file that is moved to another year keeps the old ones."""

import pytest

from domain.cycle.calendar_checks import calendar_findings
from domain.cycle.file import CycleFile, read_cycle_file

NEW_YEAR = "2026-12-29, 2026-12-30, 2026-12-31, 2027-01-01"
FILE = """
[cycle]
id = "q4"
name = "第4四半期"
starts = {starts}
ends = {ends}
closes = {ends}
reviews = []
hr = ["A"]

[calendar]
days_off = [{days}]
"""


def texts(starts: str, ends: str, days: str) -> list[str]:
    file = read_cycle_file(FILE.format(starts=starts, ends=ends, days=days).encode())
    assert isinstance(file, CycleFile)
    return [one.message.key for one in calendar_findings(file)]


@pytest.mark.parametrize(
    ("starts", "ends", "days"),
    [
        ("2026-10-01", "2027-03-31", NEW_YEAR),
        ("2027-10-01", "2028-03-31", NEW_YEAR + ", 2027-12-28, 2027-12-29"),
        ("2026-10-01", "2027-03-31", ""),
        ("2026-10-01", "2027-09-30", NEW_YEAR + ", 2027-08-12"),
        ("2026-10-01", "2028-02-29", NEW_YEAR + ", 2027-12-30"),
    ],
)
def test_days_off_of_the_period_are_enough(starts: str, ends: str, days: str) -> None:
    assert texts(starts, ends, days) == []


@pytest.mark.parametrize(
    ("starts", "ends"), [("2027-10-01", "2028-03-31"), ("2026-10-01", "2028-02-29"), ("2027-04-01", "2028-03-31")]
)
def test_days_off_that_have_no_counterpart_in_the_next_year_are_pointed_out(starts: str, ends: str) -> None:
    assert texts(starts, ends, NEW_YEAR) == ["finding.days_off_missing.of_year"]


def test_days_off_that_all_lie_before_the_cycle_are_pointed_out() -> None:
    assert texts("2027-04-01", "2027-09-30", NEW_YEAR) == ["finding.days_off_missing"]
