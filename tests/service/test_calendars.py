"""The public holidays of the cycle's country and of each site, frozen at launch."""

from datetime import date

import pytest

from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding, Level
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy
from service.calendars import freeze, public_holidays
from texts.say import say_both

FILE = """
[cycle]
id = "fy2027"
name = "2027年度"
starts = 2026-10-01
ends = 2027-09-17
closes = 2027-09-30
reviews = []
hr = ["A"]

[calendar]
days_off = [2026-12-29, 2026-12-30, 2026-12-31, 2027-01-02, 2027-01-03]
"""
BERLIN = """
[sites.berlin]
country = "DE"
subdivision = "BE"
timezone = "Europe/Berlin"
opens = 08:30:00
closes = 17:30:00
days_off = [2026-12-24, 2026-12-31, 2027-05-15]
"""


def file_of(more: str = "") -> CycleFile:
    file = read_cycle_file((FILE + more).encode())
    assert isinstance(file, CycleFile)
    return file


def frozen(more: str = "") -> Policy:
    policy = freeze(file_of(more))
    assert isinstance(policy, Policy)
    return policy


def refused(more: str) -> list[tuple[str, str]]:
    findings = freeze(file_of(more))
    assert isinstance(findings, tuple)
    assert {finding.level for finding in findings} == {Level.REFUSE}
    return [(finding.code, finding.where) for finding in findings]


def days_off(calendar: BusinessCalendar, first: date, last: date) -> list[date]:
    return [day for day in calendar.days_off if first <= day <= last]


def test_japan_has_its_new_year_and_its_golden_week() -> None:
    calendar = frozen().calendar
    assert days_off(calendar, date(2026, 12, 20), date(2027, 1, 12)) == [
        *(date(2026, 12, day) for day in (29, 30, 31)),
        date(2027, 1, 1),
        date(2027, 1, 11),  # 成人の日; the 2nd and 3rd are a weekend, and off anyway
    ]
    golden = days_off(calendar, date(2027, 4, 26), date(2027, 5, 9))
    assert golden == [date(2027, 4, 29), date(2027, 5, 3), date(2027, 5, 4), date(2027, 5, 5)]
    assert calendar.add(date(2027, 4, 28), 2) == date(2027, 5, 6)


def test_berlin_has_germanys_holidays_its_lands_and_its_own_and_none_of_japans() -> None:
    calendar = frozen(BERLIN).sites["berlin"]
    assert days_off(calendar, date(2026, 12, 20), date(2027, 1, 12)) == [
        date(2026, 12, 24),
        date(2026, 12, 25),
        date(2026, 12, 31),
        date(2027, 1, 1),
    ]
    assert not calendar.is_business_day(date(2027, 3, 8))  # Frauentag, of this Land
    assert calendar.is_business_day(date(2027, 5, 3))
    assert (calendar.timezone, f"{calendar.opens:%H:%M}", f"{calendar.closes:%H:%M}") == (
        "Europe/Berlin",
        "08:30",
        "17:30",
    )
    without_land = frozen(BERLIN.replace('subdivision = "BE"\n', "")).sites["berlin"]
    assert without_land.is_business_day(date(2027, 3, 8))
    assert not without_land.is_business_day(date(2027, 3, 26))  # Karfreitag, of the whole country


def test_a_site_changes_nothing_of_the_cycles_own_calendar() -> None:
    assert frozen(BERLIN).calendar == frozen().calendar
    assert frozen().sites == {}


def test_the_same_file_gives_the_same_policy_with_the_rules_that_it_names() -> None:
    rules = BERLIN + "\n[policy]\nspread_minutes = 30\njoiners_get_drafts = false\nmoves_settle = true\n"
    policy = frozen(rules)
    assert policy == frozen(rules)
    assert (policy.spread_minutes, policy.joiners_get_drafts, policy.moves_settle) == (30, False, True)
    assert (frozen().spread_minutes, frozen().joiners_get_drafts, frozen().moves_settle) == (15, True, False)


@pytest.mark.parametrize(
    ("more", "findings"),
    [
        (BERLIN.replace('"DE"', '"QQ"'), [("country_unknown", "sites.berlin.country")]),
        (BERLIN.replace('"BE"', '"XX"'), [("subdivision_unknown", "sites.berlin.subdivision")]),
        ('country = "QQ"\n', [("country_unknown", "calendar.country")]),
        (
            'country = "QQ"\n' + BERLIN.replace('"BE"', '"XX"'),
            [("country_unknown", "calendar.country"), ("subdivision_unknown", "sites.berlin.subdivision")],
        ),
    ],
)
def test_a_place_whose_holidays_nobody_knows_is_refused_by_its_key(more: str, findings: list[tuple[str, str]]) -> None:
    assert refused(more) == findings


def test_an_unknown_land_is_refused_with_those_that_there_are() -> None:
    findings = freeze(file_of(BERLIN.replace('"BE"', '"BX"')))
    assert isinstance(findings, tuple)
    finding: Finding = findings[0]
    assert say_both(finding.message).en.startswith("DE has no subdivision BX; there are B")
    assert "DE に地域「BX」はありません" in say_both(finding.message).ja


def test_dates_that_contradict_each_other_make_no_policy() -> None:
    file = file_of()
    wrong = file.model_copy(update={"cycle": file.cycle.model_copy(update={"ends": date(2026, 9, 1)})})
    findings = freeze(wrong)
    assert isinstance(findings, tuple)
    assert findings[0].where == "policy"
    assert "starts < ends <= closes" in say_both(findings[0].message).en


def test_public_holidays_are_those_from_the_first_to_the_last_day_both_included() -> None:
    new_years_day = date(2027, 1, 1)
    assert public_holidays("JP", new_years_day, new_years_day) == (new_years_day,)
    assert public_holidays("DE", date(2027, 3, 8), date(2027, 3, 8)) == ()
    assert public_holidays("DE", date(2027, 3, 8), date(2027, 3, 8), "BE") == (date(2027, 3, 8),)
    for country, land in (("QQ", None), ("DE", "XX")):
        with pytest.raises(LookupError, match="no public holidays are known for"):
            public_holidays(country, new_years_day, new_years_day, land)
