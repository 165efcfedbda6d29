"""Periods of a fiscal year: their days, their names, and a cycle that is named after one."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cycle.file import CycleFile, read_cycle_file
from domain.cycle.fiscal_year import Part, PeriodName, nearest_period, read_name
from domain.cycle.period_checks import period_findings
from domain.values import Locale
from texts.say import say_both

MONTHS = st.integers(1, 12)
PARTS = st.sampled_from([(Part.YEAR, 1), (Part.HALF, 2), (Part.QUARTER, 4)]).flatmap(
    lambda one: st.tuples(st.just(one[0]), st.integers(1, one[1]))
)
NAMES = st.builds(lambda year, part: PeriodName(year, *part), st.integers(2001, 2198), PARTS)


@pytest.mark.parametrize(
    ("first", "last", "month", "japanese", "english"),
    [
        (date(2026, 4, 1), date(2026, 6, 30), 4, "2026年度 第1四半期", "FY2026 Q1"),
        (date(2027, 1, 1), date(2027, 3, 31), 4, "2026年度 第4四半期", "FY2026 Q4"),
        (date(2027, 1, 1), date(2027, 3, 31), 1, "2027年度 第1四半期", "FY2027 Q1"),
        (date(2026, 10, 1), date(2027, 3, 31), 4, "2026年度 下期", "FY2026 H2"),
        (date(2026, 12, 1), date(2027, 5, 31), 12, "2026年度 上期", "FY2026 H1"),
        (date(2027, 9, 1), date(2027, 11, 30), 12, "2026年度 第4四半期", "FY2026 Q4"),
        (date(2026, 7, 1), date(2027, 6, 30), 7, "2026年度", "FY2026"),
        (date(2026, 11, 24), date(2027, 3, 12), 4, "2026年度 第4四半期", "FY2026 Q4"),  # begins before its quarter
        (date(2026, 12, 21), date(2027, 3, 20), 1, "2027年度 第1四半期", "FY2027 Q1"),
        (date(2026, 4, 6), date(2026, 9, 18), 4, "2026年度 上期", "FY2026 H1"),
    ],
)
def test_a_cycle_has_the_name_of_the_period_that_is_nearest(
    first: date, last: date, month: int, japanese: str, english: str
) -> None:
    name = nearest_period(first, last, month).name
    assert (name.text(Locale.JA), name.text(Locale.EN)) == (japanese, english)


@given(NAMES, st.sampled_from(Locale))
def test_every_name_is_read_back(name: PeriodName, locale: Locale) -> None:
    assert read_name(name.text(locale)) == name
    assert read_name(f"株式会社めぐり {name.text(locale)} 目標") == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("２０２６年度　第３四半期", PeriodName(2026, Part.QUARTER, 3)),
        ("2026年度下半期", PeriodName(2026, Part.HALF, 2)),
        ("fy2026 q2", PeriodName(2026, Part.QUARTER, 2)),
        ("2026年度", PeriodName(2026, Part.YEAR, 1)),
        ("第4四半期", None),
        ("秋の目標", None),
    ],
)
def test_names_are_read_as_people_write_them(text: str, name: PeriodName | None) -> None:
    assert read_name(text) == name


@given(st.dates(date(2001, 1, 1), date(2198, 1, 1)), MONTHS)
def test_the_quarters_of_any_fiscal_year_follow_one_another_without_a_gap(day: date, month: int) -> None:
    here = nearest_period(day, day + timedelta(days=60), month)
    following = nearest_period(here.last + timedelta(days=1), here.last + timedelta(days=90), month)
    assert following.first == here.last + timedelta(days=1)
    assert here.first.day == 1
    assert nearest_period(here.first, here.last, month) == here


# --- in a cycle file -------------------------------------------------------------------------------------------------


def file(name: str = "", *, starts: str = "2027-01-04", ends: str = "2027-03-12", more: str = "") -> CycleFile:
    found = read_cycle_file(
        f"""
[cycle]
id = "q4"
{name}
starts = {starts}
ends = {ends}
closes = 2027-03-26
reviews = []
hr = ["A"]
fiscal_year_starts = 4
{more}
""".encode()
    )
    assert isinstance(found, CycleFile), found
    return found


def findings(one: CycleFile) -> list[tuple[str, str]]:
    found = list(period_findings(one))
    assert all(say_both(finding.message).ja for finding in found)
    assert not any(finding.level == "refuse" for finding in found)
    return [(finding.code, finding.where) for finding in found]


def test_a_file_without_a_name_is_named_by_its_dates_in_the_language_of_its_country() -> None:
    assert file().name == "2026年度 第4四半期"
    assert file(more='[calendar]\ncountry = "DE"').name == "FY2026 Q4"
    assert file('name = "冬の目標"').name == "冬の目標"


def test_a_file_that_is_moved_to_the_next_quarter_gets_its_name() -> None:
    assert file().moved_to(date(2027, 4, 1)).name == "2027年度 第1四半期"
    assert findings(file().moved_to(date(2027, 4, 1))) == []


def test_a_name_of_another_period_and_dates_far_from_every_period_are_pointed_out() -> None:
    assert findings(file()) == []
    assert findings(file('name = "2026年度 第4四半期"')) == []
    assert findings(file('name = "冬の目標"')) == []
    assert findings(file('name = "2026年度 第3四半期"')) == [("name_of_other_period", "cycle.name")]
    assert findings(file('name = "2026年度 第4四半期"').moved_to(date(2027, 4, 1))) == [
        ("name_of_other_period", "cycle.name")
    ]
    assert findings(file(starts="2026-02-01", ends="2027-03-25")) == [("far_from_period", "cycle.starts")]


def test_a_file_that_has_neither_a_name_nor_a_fiscal_year_is_refused() -> None:
    text = '[cycle]\nid = "q4"\nstarts = 2027-01-04\nends = 2027-03-12\ncloses = 2027-03-26\nreviews = []\nhr = ["A"]\n'
    refused = read_cycle_file(text.encode())
    assert isinstance(refused, tuple)
    assert [(one.code, one.where, one.message.key) for one in refused] == [
        ("invalid", "cycle", "problem.no_cycle_name")
    ]
    for month in ("0", "13", "4.5", '"April"'):
        assert isinstance(read_cycle_file((text + f"fiscal_year_starts = {month}\n").encode()), tuple)
