"""The checks of a changed cycle file: what a launch would refuse is refused for a running cycle too, if the change causes it."""

from datetime import date
from typing import Any

import pytest

from domain.cycle.amendments import check_amendment
from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding
from domain.people.organisation import Employee, Organisation
from domain.values import EmployeeId

TODAY = date(2026, 11, 26)
FILE = """
[cycle]
id = "q4"
name = "2026年度 第4四半期"
starts = 2026-10-01
ends = 2027-03-12
closes = 2027-03-26
reviews = [2026-11-02, 2027-01-15]
hr = ["h1"]

[calendar]
opens = 09:00:00
closes = 18:00:00
"""
PEOPLE = {"p1": None, "h1": "p1", "h2": "p1", "e1": "h1"}


def organisation(*, left: tuple[str, ...] = (), department: str = "経理部") -> Organisation:
    return Organisation(
        Employee(
            id=EmployeeId(one), name=one, mail=None, department=department, title=None,
            manager_id=EmployeeId(manager) if manager else None, active=one not in left,
        )
        for one, manager in PEOPLE.items()
    )  # fmt: skip


def file(*changes: tuple[str, str], text: str = FILE) -> CycleFile:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    found = read_cycle_file(text.encode())
    assert isinstance(found, CycleFile), found
    return found


def findings(*changes: tuple[str, str], launched: str = FILE, **company: Any) -> list[tuple[str, str]]:
    before = file(text=launched)
    found = check_amendment(
        file(*changes, text=launched), before, before.policy_with(()), organisation(**company), TODAY
    )
    return [_named(one) for one in found]


def _named(finding: Finding) -> tuple[str, str]:
    return finding.code, finding.where


def test_an_unchanged_file_has_no_findings_though_the_cycle_has_begun_and_had_a_review() -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('hr = ["h1"]', 'hr = ["h9"]', ("hr_unknown", "cycle.hr[0]")),
        ('hr = ["h1"]', 'hr = ["h1", "e1"]', ("hr_unknown", "cycle.hr[1]")),
        ("closes = 2027-03-26", "closes = 2026-11-25", ("date_in_the_past", "cycle.closes")),
        ("ends = 2027-03-12", "ends = 2026-11-25", ("date_in_the_past", "cycle.ends")),
        ("2027-01-15]", "2026-11-25]", ("date_in_the_past", "cycle.reviews[1]")),
        ("closes = 2027-03-26", "closes = 2027-03-01", ("dates_out_of_order", "cycle.closes")),
        ("opens = 09:00:00", "opens = 19:00:00", ("hours_out_of_order", "calendar.closes")),
    ],
)  # fmt: skip
def test_what_a_launch_refuses_is_refused_for_new_rules_too(old: str, new: str, found: tuple[str, str]) -> None:
    assert found in findings((old, new), left=("e1",))


def test_hr_who_left_since_the_launch_must_be_replaced() -> None:
    assert findings(left=("h1",)) == [("hr_unknown", "cycle.hr[0]")]
    assert findings(('hr = ["h1"]', 'hr = ["h2"]'), left=("h1",)) == []


def test_a_department_that_is_gone_since_the_launch_is_no_reason_to_refuse_other_rules() -> None:
    launched = FILE.replace('hr = ["h1"]', 'hr = ["h1"]\ndepartments = ["経理部", "総務部"]')
    assert findings(launched=launched) == []
    more = ('"総務部"]', '"総務部", "法務部"]')
    assert findings(more, launched=launched) == [("department_unknown", "cycle.departments[2]")]


def test_the_stage_of_the_reviewer_cannot_change_while_the_cycle_runs() -> None:
    stages = "\n[policy]\napproval_stages = 2\nreview_stage = 1\n"
    launched = FILE + stages
    assert findings(("approval_stages = 2", "approval_stages = 3"), launched=launched) == []
    assert findings(("review_stage = 1", "review_stage = 2"), launched=launched) == [
        ("review_stage_fixed", "policy.review_stage")
    ]


def test_whether_weights_multiply_points_cannot_change_while_the_cycle_runs() -> None:
    launched = FILE + "\n[policy]\nweighted = true\n"
    assert findings(launched=launched) == []
    assert findings(("weighted = true", "weighted = false"), launched=launched) == [
        ("weighted_fixed", "policy.weighted")
    ]


def test_the_title_of_a_stage_cannot_change_while_the_cycle_runs_and_its_conditions_can() -> None:
    launched = FILE + "\n[policy]\nstages = [{}, { weight_over = 50 }]\n"
    assert findings(("weight_over = 50", "weight_over = 60"), launched=launched) == []
    assert findings(("weight_over = 50", 'title = "部長"'), launched=launched) == [("titles_fixed", "policy.stages")]
