"""The cycle file, checked against the organisation."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from domain.cycle.checks import check_cycle
from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding, Level, refuses
from domain.people.organisation import Employee, Organisation
from domain.policy.calendar import BusinessCalendar
from domain.values import EmployeeId, Locale
from domain.writing.catalog import find
from domain.writing.content import NumericMeasure
from texts.findings import finding_hint, finding_text
from texts.say import say_both

TODAY = date(2026, 10, 1)
TWO_TOPS = Organisation(
    Employee(id=EmployeeId(one), name=one, department="営業部", manager_id=EmployeeId(above) if above else None)
    for one, above in (("A", None), ("B", None), ("C", "A"))
)
FILE = """
[cycle]
id = "q4"
name = "第4四半期"
starts = 2026-10-01
ends = 2026-12-25
closes = 2026-12-28
reviews = [2026-11-30]
hr = ["A", "B"]
"""


def checked(more: str = "") -> list[str]:
    file = read_cycle_file((FILE + more).encode())
    assert isinstance(file, CycleFile)
    return [finding.code for finding in check_cycle(file, TWO_TOPS, TODAY)]


def test_several_tops_are_refused_unless_the_file_names_them_all() -> None:
    assert checked() == ["several_tops"]
    assert checked('tops = ["A", "B"]\n') == []
    assert checked('tops = ["A"]\n') == ["several_tops"]


@pytest.mark.parametrize(
    ("day", "codes"), [(date(2026, 9, 30), ["starts_later"]), (TODAY, []), (date(2026, 10, 2), ["already_started"])]
)
def test_a_launch_on_another_day_than_the_first_is_pointed_out(day: date, codes: list[str]) -> None:
    file = read_cycle_file((FILE + 'tops = ["A", "B"]\n').encode())
    assert isinstance(file, CycleFile)
    found = check_cycle(file, TWO_TOPS, day)
    assert [one.code for one in found] == codes
    for one in found:
        assert finding_text(one, Locale.JA).count("2026年") == (2 if one.code == "starts_later" else 1), "both dates"


def test_a_goal_that_only_its_owner_could_approve_is_refused_before_the_launch() -> None:
    alone = FILE.replace('hr = ["A", "B"]', 'hr = ["A"]') + 'tops = ["A", "B"]\n'
    file = read_cycle_file(alone.encode())
    assert isinstance(file, CycleFile)
    findings = check_cycle(file, TWO_TOPS, TODAY)
    assert [(finding.code, finding.where) for finding in findings] == [("nobody_approves", "A")]
    assert refuses(findings)


def test_the_check_of_a_cycle_names_only_ways_forward_that_it_has() -> None:
    broken = Organisation(
        [
            *TWO_TOPS.employees.values(),
            Employee(id=EmployeeId("D"), name="D", department="営業部", manager_id=EmployeeId("X")),
        ]
    )
    file = read_cycle_file((FILE + 'tops = ["A", "C", "Z"]\n').encode())
    assert isinstance(file, CycleFile)
    findings = check_cycle(file, broken, TODAY)
    assert sorted(one.code for one in findings) == ["manager_missing", "not_a_top", "not_a_top", "several_tops"]
    for one in findings:
        for locale in Locale:
            told = f"{finding_text(one, locale)} {finding_hint(one, locale)}"
            assert "--" not in told, "options of other commands"


@pytest.mark.parametrize(
    ("last_days", "codes"), [((20, 20), ["hr_leaves"]), ((20, None), ["leaving_early"]), ((20, 31), ["leaving_early"])]
)
def test_one_of_hr_stays_until_the_cycle_closes(last_days: tuple[int | None, ...], codes: list[str]) -> None:
    people = [
        replace(TWO_TOPS.employees[EmployeeId(one)], leaves=date(2026, 12, day) if day else None)
        for one, day in zip("AB", last_days, strict=True)
    ]
    file = read_cycle_file((FILE + 'tops = ["A", "B"]\n').encode())
    assert isinstance(file, CycleFile)
    assert [one.code for one in check_cycle(file, Organisation(people), TODAY)] == codes


# --- sites -----------------------------------------------------------------------------------------------------------

BERLIN = """
[sites.berlin]
country = "DE"
timezone = "Europe/Berlin"
"""


def people(*rows: tuple[str, str | None, str | None, bool, str]) -> Organisation:
    return Organisation(
        Employee(
            id=EmployeeId(one),
            name=one,
            department=department,
            manager_id=EmployeeId(above) if above else None,
            site=site,
            active=active,
        )
        for one, above, site, active, department in rows
    )


ABROAD = people(
    ("A", None, None, True, "営業部"),
    ("B", "A", "berlin", True, "営業部"),
    ("C", "A", "berlin", True, "開発部"),
    ("D", "A", "paris", False, "開発部"),  # left the company
)


def found(more: str, organisation: Organisation = ABROAD) -> list[Finding]:
    file = read_cycle_file((FILE + more).encode())
    assert isinstance(file, CycleFile)
    return list(check_cycle(file, organisation, TODAY))


def why_unreadable(more: str) -> list[tuple[str, str]]:
    findings = read_cycle_file((FILE + more).encode())
    assert isinstance(findings, tuple)
    return [(finding.code, finding.where) for finding in findings]


def test_people_at_a_site_that_the_file_does_not_have_are_counted_and_refused() -> None:
    (finding,) = found("")
    assert (finding.level, finding.code, finding.where) == (Level.REFUSE, "site_unknown", "sites.berlin")
    assert say_both(finding.message).en == "2 people are at berlin, which the file does not have: add [sites.berlin]"
    assert "拠点「berlin」の社員が 2 人います" in say_both(finding.message).ja
    assert found(BERLIN) == []


def test_a_site_that_was_misspelt_is_suggested() -> None:
    refused, advised = found(BERLIN.replace("sites.berlin", "sites.berlim"))
    assert say_both(refused.message).en.endswith("did you mean berlim?")
    assert (advised.level, advised.code, advised.where) == (Level.ADVISE, "site_unused", "sites.berlim")


def test_a_site_that_nobody_has_is_worth_a_look_and_goes_through() -> None:
    findings = found(BERLIN + BERLIN.replace("berlin", "paris", 1))  # who was there has left
    assert [(finding.code, finding.where) for finding in findings] == [("site_unused", "sites.paris")]
    assert not refuses(findings)


def with_one_abroad(abroad: str, hr: str) -> list[str]:
    """The findings for a cycle of the sales department: A is the top manager, B and D are in the department, C is not."""
    file = read_cycle_file((FILE.replace('hr = ["A", "B"]', f'hr = ["{hr}"]') + 'departments = ["営業部"]\n').encode())
    assert isinstance(file, CycleFile)
    rows = (("A", None, "本社"), ("B", "A", "営業部"), ("C", "A", "開発部"), ("D", "A", "営業部"))
    places = [(one, above, "berlin" if one == abroad else None, True, department) for one, above, department in rows]
    return [finding.code for finding in check_cycle(file, people(*places), TODAY)]


def test_the_sites_of_managers_and_of_hr_count_too_and_those_of_people_whom_no_goal_asks_do_not() -> None:
    assert with_one_abroad("D", hr="B") == ["site_unknown"]
    assert with_one_abroad("A", hr="B") == ["site_unknown"]
    assert with_one_abroad("C", hr="C") == ["site_unknown"]
    assert with_one_abroad("C", hr="B") == []


def test_each_site_gets_its_own_holidays_hours_and_zone() -> None:
    hours = "opens = 08:30:00\ncloses = 17:00:00\ndays_off = [2026-12-24, 2026-12-26]\n"
    file = read_cycle_file((FILE + BERLIN + hours).encode())
    assert isinstance(file, CycleFile)
    policy = file.policy_with((date(2026, 11, 3),), {"berlin": (date(2026, 12, 25),)})
    assert policy.calendar.days_off == (date(2026, 11, 3),)
    assert policy.sites == {
        "berlin": BusinessCalendar(
            timezone="Europe/Berlin",
            opens=time(8, 30),
            closes=time(17),
            days_off=(date(2026, 12, 24), date(2026, 12, 25)),  # the 26th is a Saturday
        )
    }


WORKED = """working_days = [2026-12-05, 2026-11-23]
short_days = { 2026-12-28 = 12:00:00, "2026/12/25" = 15:00:00 }
"""


def test_working_saturdays_and_short_days_are_frozen_for_the_company_and_for_each_site() -> None:
    file = read_cycle_file((FILE + "[calendar]\n" + WORKED + BERLIN + WORKED).encode())
    assert isinstance(file, CycleFile)
    policy = file.policy_with((date(2026, 11, 23),), {})
    for calendar in (policy.calendar, policy.sites["berlin"]):
        assert calendar.working_days == (date(2026, 11, 23), date(2026, 12, 5))
        assert calendar.short_days == {date(2026, 12, 25): time(15), date(2026, 12, 28): time(12)}
    assert policy.calendar.is_business_day(date(2026, 11, 23))
    assert file.moved_to(date(2027, 1, 4)).calendar == file.calendar


@pytest.mark.parametrize(
    ("more", "found_at"),
    [
        ("working_days = [2026-12-05]\ndays_off = [2026-12-05]", [("working_day_off", "working_days[0]")]),
        ("short_days = { 2026-12-28 = 09:00:00 }", [("short_day_hours", "short_days")]),
        ("short_days = { 2026-12-28 = 18:00:00 }", [("short_day_hours", "short_days")]),
        ("short_days = { 2026-12-26 = 12:00:00 }", [("short_day_off", "short_days")]),
        ("short_days = { 2026-12-26 = 12:00:00 }\nworking_days = [2026-12-26]", []),
    ],
)
def test_single_days_that_contradict_the_calendar_are_found(more: str, found_at: list[tuple[str, str]]) -> None:
    for where, text in (
        ("calendar", "[calendar]\n" + more + BERLIN),
        ("sites.berlin", BERLIN + "opens = 09:00:00\n" + more),
    ):
        findings = [one for one in found(text) if "day" in one.code]
        assert [(one.code, one.where) for one in findings] == [(code, f"{where}.{at}") for code, at in found_at]
        assert all(say_both(one.message).ja for one in findings)


@pytest.mark.parametrize(
    "wrong",
    ["working_days = [2026-13-01]", "short_days = { 2026-12-28 = 25 }", "short_days = { christmas = 12:00:00 }"],
)
def test_a_single_day_that_is_no_day_is_refused(wrong: str) -> None:
    refused = read_cycle_file((FILE + "[calendar]\n" + wrong).encode())
    assert isinstance(refused, tuple)


def test_a_cycle_that_is_moved_takes_no_holidays_and_no_days_off_with_it() -> None:
    file = read_cycle_file((FILE + BERLIN + "days_off = [2026-12-24]\n").encode())
    assert isinstance(file, CycleFile)
    moved = file.moved_to(date(2027, 1, 4))
    assert moved.cycle.closes == date(2027, 4, 2)
    assert (moved.sites, moved.calendar) == (file.sites, file.calendar)


@pytest.mark.parametrize(
    ("more", "code", "where"),
    [
        (BERLIN.replace("Europe/Berlin", "Europe/Berln"), "zone_unknown", "sites.berlin.timezone"),
        ('[calendar]\ntimezone = "Tokyo/Asia"\n', "zone_unknown", "calendar.timezone"),
        (BERLIN.replace('"DE"', '"Germany"'), "invalid", "sites.berlin.country"),
        (BERLIN.replace("country", "countri"), "unknown_key", "sites.berlin.countri"),
        (BERLIN.replace('country = "DE"\n', ""), "invalid", "sites.berlin.country"),
        (BERLIN.replace('timezone = "Europe/Berlin"\n', ""), "invalid", "sites.berlin.timezone"),
        (BERLIN.replace("sites.berlin", 'sites."ber lin"'), "invalid", "sites.ber lin.[key]"),
        (BERLIN + 'subdivision = "B E"\n', "invalid", "sites.berlin.subdivision"),
        ("[policy]\nspread_minutes = 0\n", "invalid", "policy.spread_minutes"),
        ("[policy]\nmove_settle = true\n", "unknown_key", "policy.move_settle"),
    ],
)
def test_a_site_or_rule_that_cannot_be_read_is_named_by_its_key(more: str, code: str, where: str) -> None:
    assert (code, where) in why_unreadable(more)


def test_a_misspelt_key_of_a_site_is_suggested() -> None:
    findings = read_cycle_file((FILE + BERLIN + 'subdivison = "BE"\n').encode())
    assert isinstance(findings, tuple)
    assert say_both(findings[0].message).en == "unknown key; did you mean subdivision?"


@pytest.mark.parametrize(
    ("more", "where"),
    [
        (BERLIN + "opens = 17:00:00\ncloses = 09:00:00\n", "sites.berlin.closes"),
        (BERLIN + "opens = 09:00:00\ncloses = 09:00:00\n", "sites.berlin.closes"),
        (BERLIN + "[calendar]\nopens = 19:00:00\n", "calendar.closes"),
    ],
)
def test_an_office_that_closes_before_it_opens_is_refused(more: str, where: str) -> None:
    assert [(finding.code, finding.where) for finding in found(more)] == [("hours_out_of_order", where)]


def test_the_rules_of_steering_are_read_and_are_the_policys_defaults_where_the_file_is_silent() -> None:
    rules = "[policy]\nspread_minutes = 30\njoiners_get_drafts = false\nmoves_settle = true\n"
    for more, says in ((rules, (30, False, True)), ("", (15, True, False))):
        file = read_cycle_file((FILE + more).encode())
        assert isinstance(file, CycleFile)
        policy = file.policy_with(())
        assert (policy.spread_minutes, policy.joiners_get_drafts, policy.moves_settle) == says


def test_the_sample_file_and_its_commented_site_can_be_read() -> None:
    sample = Path(__file__).parents[3] / "samples" / "cycle.toml"
    text = sample.read_text(encoding="utf-8")
    plain = read_cycle_file(text.encode())
    assert isinstance(plain, CycleFile)
    assert plain.sites == {}
    head, site = text.split("# [sites.berlin]")
    lines, rest = site.split("\n\n", 1)
    uncommented = (
        head + "[sites.berlin]" + lines.replace("\n# ", "\n") + "\n\n" + rest.replace("\n# spread", "\nspread")
    )
    read = read_cycle_file(uncommented.encode())
    assert isinstance(read, CycleFile)
    assert read.sites["berlin"].timezone == "Europe/Berlin"
    assert read.policy.spread_minutes == 15


# --- themes, department goals, drafts from the catalogue -------------------------------------------------------------

TREE = """
[[themes]]
id = "digital"
name = "デジタル化"

[[department_goals]]
id = "sales"
department = "営業部"
name = "見積を早く返す"
parent = "digital"
"""


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ("", None),
        ('[[themes]]\nid = "sales"\nname = "x"\n', ("id_twice", "themes, department_goals")),
        (
            '[[department_goals]]\nid = "dev"\ndepartment = "開発部"\nname = "x"\nparent = "digitl"\n',
            ("parent_unknown", "department_goals[1].parent"),
        ),
        (
            '[[department_goals]]\nid = "dev"\ndepartment = "魔法部"\nname = "x"\n',
            ("department_unknown", "department_goals[1].department"),
        ),
        ('[[drafts]]\ntheme = "x"\nparent = "sale"\n', ("parent_unknown", "drafts[0].parent")),
        ('[[drafts]]\ntheme = "x"\nparent = "digital"\n', None),
    ],
)
def test_what_goals_may_serve_is_checked_before_the_launch(more: str, finding: tuple[str, str] | None) -> None:
    refused = [one for one in found(BERLIN + TREE + more) if one.level is Level.REFUSE]
    assert [(one.code, one.where) for one in refused] == ([finding] if finding else [])
    for one in refused:
        if one.code == "parent_unknown":
            assert "did you mean" in say_both(one.message).en


def test_department_goals_that_come_round_are_refused_each() -> None:
    circle = (
        BERLIN
        + TREE.replace('parent = "digital"', 'parent = "dev"')
        + ('[[department_goals]]\nid = "dev"\ndepartment = "開発部"\nname = "x"\nparent = "sales"\n')
    )
    assert [one.code for one in found(circle)] == ["circle", "circle"]


def test_a_draft_from_the_catalogue_is_filled_in_where_the_file_says_nothing() -> None:
    more = '[[drafts]]\ncatalog = "accounting/closing-days"\ntheme = "自分の言葉"\nmeasure = { target = 8 }\n'
    file = read_cycle_file((FILE + more).encode())
    assert isinstance(file, CycleFile)
    (draft,) = file.drafts
    content = draft.content()
    assert (content.theme, content.challenge[:6]) == ("自分の言葉", "請求書の回収")
    assert isinstance(content.measure, NumericMeasure)
    measure = content.measure
    assert (measure.baseline, measure.target, measure.unit) == (Decimal(10), Decimal(8), "日")
    assert len(content.steps) == 3
    assert all(file.cycle.starts < step.due <= file.cycle.ends for step in content.steps)
    assert CycleFile.model_validate(file.model_dump(mode="json")) == file, "as it is stored and read again"


def test_an_owner_gets_a_draft_of_the_catalogue_in_their_language() -> None:
    more = '[[drafts]]\ncatalog = "accounting/closing-days"\nweight = 40\nmeasure = { target = 8 }\n'
    file = read_cycle_file((FILE + more).encode())
    assert isinstance(file, CycleFile)
    (japanese,), (english,) = (file.drafts_for("経理部", locale) for locale in (Locale.JA, Locale.EN))
    entry = find("accounting/closing-days")
    assert (japanese.theme, english.theme) == (entry.theme.ja, entry.theme.en)
    assert [step.title for step in english.steps] == [step.title.en for step in entry.steps]
    assert isinstance(english.measure, NumericMeasure)
    assert (english.measure.target, english.measure.unit, english.weight) == (Decimal(8), "days", Decimal(40))
    assert file.drafts_for("経理部") == (japanese,), "the file's own language where nothing is known of the owner"


def test_a_file_may_give_a_draft_in_english_as_well() -> None:
    more = '[[drafts]]\ntheme = "決算を早める"\nchallenge = "遅い"\n[drafts.en]\ntheme = "A quicker close"\n'
    file = read_cycle_file((FILE + more).encode())
    assert isinstance(file, CycleFile)
    (english,) = file.drafts_for("経理部", Locale.EN)
    assert (english.theme, english.challenge) == ("A quicker close", "遅い"), "what it leaves out is the section's"
    later = file.moved_to(date(2026, 10, 8)).drafts[0]
    assert later.en == english


def test_dates_of_the_english_draft_are_checked_and_moved_with_the_cycle() -> None:
    steps = "steps = [{ title = 'x', due = 2027-03-01, points = 10 }]\n"
    outside = [
        one.where for one in found(f"[[drafts]]\ntheme = 'x'\n[drafts.en]\n{steps}") if one.code == "step_outside_cycle"
    ]
    assert outside == ["drafts[0].en.steps[0].due"]
    file = read_cycle_file((FILE + '[[drafts]]\ncatalog = "accounting/closing-days"\n').encode())
    assert isinstance(file, CycleFile)
    for draft in file.moved_to(date(2026, 10, 8)).drafts:
        assert draft.en
        assert [step.due for step in draft.en.steps] == [step.due for step in draft.steps]


@pytest.mark.parametrize("english", ["en = 3", "en = { theme = 4 }", "en = { nope = 'x' }"])
def test_a_wrong_english_draft_is_refused_by_its_place(english: str) -> None:
    findings = read_cycle_file((FILE + f"[[drafts]]\ntheme = 'x'\n{english}\n").encode())
    assert isinstance(findings, tuple)
    assert [one.where.startswith("drafts[0].en") for one in findings] == [True]


def test_a_whole_measure_takes_the_place_of_the_entrys() -> None:
    picture = '{ kind = "qualitative", name = "姿", success_image = "誰でも一覧で見られる", criteria = ["一覧がある"] }'
    file = read_cycle_file((FILE + f'[[drafts]]\ncatalog = "accounting/closing-days"\nmeasure = {picture}\n').encode())
    assert isinstance(file, CycleFile)
    measure = file.drafts[0].content().measure
    assert measure
    assert (measure.kind, measure.name) == ("qualitative", "姿")


def test_an_entry_that_the_catalogue_does_not_have_is_named_with_the_nearest() -> None:
    (finding,) = read_cycle_file((FILE + '[[drafts]]\ncatalog = "accounting/closing-day"\n').encode())
    assert isinstance(finding, Finding)
    assert (finding.code, finding.where) == ("unknown_entry", "drafts[0].catalog")
    assert "accounting/closing-days" in say_both(finding.message).ja


@pytest.mark.parametrize(
    "more", ["[[drafts]]\ncatalog = 3\n", 'drafts = "x"\n', "[[drafts]]\ncatalog = ''\nmeasure = 4\n"]
)
def test_what_has_not_the_shape_of_a_draft_is_a_finding_and_no_crash(more: str) -> None:
    text = more + FILE if more.startswith("drafts") else FILE + more
    assert not isinstance(read_cycle_file(text.encode()), CycleFile)


@pytest.mark.parametrize(
    ("weights", "codes"),
    [
        ((60, 40), []),
        ((60, 41), ["weights_over_100"]),
        ((100,), []),
        ((33.3, 33.3, 33.3, 0.1), []),
        ((33.3, 33.3, 33.3, 0.11), ["weights_over_100"]),
    ],
)
def test_drafts_that_could_not_all_be_approved_are_pointed_out(weights: tuple[float, ...], codes: list[str]) -> None:
    more = "".join(f'[[drafts]]\ntheme = "x"\nweight = {weight}\n' for weight in weights)
    assert [one.code for one in found(BERLIN + more) if one.code.startswith("weights")] == codes


def of_companies(more: str) -> tuple[list[str], list[Finding]]:
    """The participants of a cycle whose section has these lines more, and the findings. A leads; B is of company Y, C and D of X."""
    file = read_cycle_file((FILE.replace('hr = ["A", "B"]', 'hr = ["A"]') + more).encode())
    assert isinstance(file, CycleFile)
    rows = (
        ("A", None, "本社", None),
        ("B", "A", "営業部", "Y販売"),
        ("C", "A", "営業部", "X製造"),
        ("D", "A", "開発部", "X製造"),
    )
    organisation = Organisation(
        Employee(
            id=EmployeeId(one), name=one, department=where, manager_id=EmployeeId(above) if above else None, company=company
        )
        for one, above, where, company in rows
    )  # fmt: skip
    return [one.id for one in file.participants(organisation)], list(check_cycle(file, organisation, TODAY))


def test_companies_choose_who_takes_part_beside_departments() -> None:
    assert of_companies('companies = ["X製造"]\n') == (["C", "D"], [])
    assert of_companies('companies = ["X製造", "Y販売"]\ndepartments = ["営業部"]\n') == (["B", "C"], [])
    assert of_companies('companies = ["X製造"]\nwithout = ["D"]\n') == (["C"], [])


def test_a_company_of_nobody_is_refused_with_the_one_that_was_meant() -> None:
    found = of_companies('companies = ["X製造", "Y販買"]\n')[1]
    assert [(one.code, one.where) for one in found] == [("company_unknown", "cycle.companies[1]")]
    assert say_both(found[0].message).en == "nobody works in company Y販買; did you mean Y販売?"
    assert "Y販売" in say_both(found[0].message).ja
