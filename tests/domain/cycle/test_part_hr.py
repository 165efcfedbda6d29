"""HR of parts of the company: who is asked for whose goals, and what is wrong with a file."""

from dataclasses import replace

import pytest

from domain.access import Relation, relations_to
from domain.cycle.checks import check_cycle
from domain.cycle.file import CycleFile, read_cycle_file
from domain.cycle.part_hr import hr_left, part_hr
from domain.goal.alarms import next_alarm, ring
from domain.goal.commands import AmendPolicy, Withdraw
from domain.goal.decide import decide
from domain.goal.events import Escalated
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.goal.rebuilding import rebuild
from domain.goal.tasks import assignees_after
from domain.people.departments import Department, Departments
from domain.people.organisation import Employee, Organisation
from domain.people.posts import Post
from domain.policy.policy import HrOfPart
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from tests.callers import by
from tests.domain.builders import HR, POLICY, day, draft, fresh_id, pending

OWNER, NORTH, BOOKS, SALES, GONE = (EmployeeId(one) for one in ("o", "n1", "b1", "s1", "g1"))
DEPARTMENTS = Departments((
    Department(id="A", name="管理本部"),
    Department(id="B", name="経理部", parent_id="A", former=("会計部",)),
    Department(id="C", name="決算課", parent_id="B"),
    Department(id="D", name="営業部"),
))  # fmt: skip


def one(person: EmployeeId, department: str = "人事部", company: str | None = None, *, active: bool = True) -> Employee:
    return Employee(id=person, name=person, department=department, company=company, active=active)


def company(owner: Employee) -> Organisation:
    staff = [one(NORTH), one(BOOKS), one(SALES), one(GONE, active=False)]
    return Organisation([owner, *(each for each in staff if each.id != owner.id)], departments=DEPARTMENTS)


def of(name: str, *people: EmployeeId) -> HrOfPart:
    return HrOfPart(department=name, people=people)


IN_NORTH = HrOfPart(company="北海道", people=(NORTH,))


@pytest.mark.parametrize(
    ("department", "rules", "asked"),
    [
        pytest.param("経理部", (), (), id="no parts"),
        pytest.param("経理部", (IN_NORTH,), (NORTH,), id="the company"),
        pytest.param("経理部", (IN_NORTH, of("経理部", BOOKS)), (BOOKS,), id="a department before the company"),
        pytest.param("決算課", (of("管理本部", SALES), of("経理部", BOOKS)), (BOOKS,), id="the nearest above"),
        pytest.param("決算課", (of("管理本部", SALES),), (SALES,), id="with everything below"),
        pytest.param("決算課", (of("会計部", BOOKS),), (BOOKS,), id="by a former name"),
        pytest.param("営業部", (of("管理本部", SALES),), (), id="another department"),
        pytest.param("経理部", (of("経理部", GONE), IN_NORTH), (), id="who left: the cycle's"),
        pytest.param("経理部", (of("経理部", GONE, BOOKS),), (BOOKS,), id="one of two left"),
        pytest.param("経理部", (of("経理部", EmployeeId("nobody")),), (), id="somebody unknown"),
        pytest.param("経理部", (of("経理部", OWNER),), (), id="the owner: the cycle's"),
        pytest.param("経理部", (of("経理部", OWNER, BOOKS),), (BOOKS,), id="the owner's colleague"),
    ],
)
def test_the_nearest_part_is_asked(department: str, rules: tuple[HrOfPart, ...], asked: tuple[EmployeeId, ...]) -> None:
    assert part_hr(OWNER, company(one(OWNER, department, "北海道")), rules) == asked


def test_a_goal_of_an_additional_post_asks_the_hr_of_that_department() -> None:
    post, rules = Post(department="営業部"), (of("営業部", SALES), of("経理部", BOOKS))
    organisation = company(replace(one(OWNER, "経理部"), posts=(post,)))
    assert part_hr(OWNER, organisation, rules) == (BOOKS,)
    assert part_hr(OWNER, organisation, rules, post) == (SALES,)


def test_of_another_company_nobody_is_asked() -> None:
    assert part_hr(OWNER, company(one(OWNER, "経理部", "東京")), (IN_NORTH,)) == ()
    assert part_hr(OWNER, company(one(OWNER, "経理部")), (IN_NORTH,)) == ()


def to_the_end(goal: Goal) -> list[Escalated]:
    found = []
    for _ in range(8):
        alarm = next_alarm(goal)
        assert alarm
        events = ring(goal, alarm, alarm.at)
        goal = evolve_all(goal, events)
        found += [one.body for one in events if isinstance(one.body, Escalated)]
        if found and found[-1].to_hr:
            break
    return found


def test_an_escalation_ends_at_the_hr_of_the_part_else_of_the_cycle() -> None:
    mine, others = pending(part_hr=(BOOKS,)), pending()
    assert to_the_end(mine)[-1].joined == (BOOKS,)
    assert to_the_end(others)[-1].joined == POLICY.hr


def test_without_managers_the_hr_of_the_part_approves() -> None:
    assert pending(line=(), part_hr=(BOOKS,)).approvers(0) == (BOOKS,)
    assert pending(line=()).approvers(0) == POLICY.hr


def test_both_are_hr_of_the_goal_and_hr_of_another_part_is_not() -> None:
    goal = draft(part_hr=(BOOKS,))
    for person, is_hr in ((BOOKS, True), (HR, True), (SALES, False)):
        assert (Relation.HR in relations_to(by(person), goal, day(10, 14))) is is_hr


def test_a_task_with_the_hr_of_a_part_goes_to_the_hr_of_the_next_one() -> None:
    goal = pending(line=(), part_hr=(BOOKS,))
    assert goal.task
    assert goal.task.assignees == (BOOKS,)
    assert assignees_after(goal, goal.model_copy(update={"part_hr": (SALES,)}), {}) == (SALES,)
    assert assignees_after(goal, goal.model_copy(update={"part_hr": ()}), {}) == POLICY.hr


FILE = """
[cycle]
id = "q1"
name = "第1四半期"
starts = 2027-01-04
ends = 2027-03-26
closes = 2027-03-31
reviews = []
hr = ["s1"]
"""


def findings_of(parts: str) -> list[tuple[str, str]]:
    file = read_cycle_file((FILE + parts).encode())
    if not isinstance(file, CycleFile):
        return [(one.code, one.where) for one in file]
    found = check_cycle(file, company(one(OWNER, "経理部", "北海道")), file.cycle.starts)
    return [(one.code, one.where) for one in found if one.code != "several_tops"]


@pytest.mark.parametrize(
    ("part", "code", "where"),
    [
        ('company = "北海"\npeople = ["n1"]', "company_unknown", "policy.hr_of[0].company"),
        ('department = "経理"\npeople = ["n1"]', "department_unknown", "policy.hr_of[0].department"),
        ('department = "経理部"\npeople = ["n1", "zz"]', "hr_unknown", "policy.hr_of[0].people[1]"),
        ('department = "経理部"\npeople = ["g1"]', "hr_unknown", "policy.hr_of[0].people[0]"),
        (
            'department = "経理部"\npeople = ["n1"]\n[[policy.hr_of]]\ndepartment = "会計部"\npeople = ["b1"]',
            "part_twice", "policy.hr_of[1]",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_parts_is_said_before_the_launch(part: str, code: str, where: str) -> None:
    assert (code, where) in findings_of(f"[[policy.hr_of]]\n{part}\n")


@pytest.mark.parametrize(
    "part",
    [
        'department = "経理部"\npeople = []',
        'people = ["n1"]',
        'department = "経理部"\ncompany = "北海道"\npeople = ["n1"]',
    ],
)
def test_a_part_without_people_or_without_one_name_is_refused(part: str) -> None:
    assert any(where.startswith("policy.hr_of") for _, where in findings_of(f"[[policy.hr_of]]\n{part}\n"))


def test_good_parts_have_no_finding() -> None:
    assert findings_of('[[policy.hr_of]]\ncompany = "北海道"\npeople = ["n1"]\n') == []


def test_hr_of_another_part_is_refused_at_the_goal() -> None:
    with pytest.raises(Refusal) as refused:
        decide(draft(part_hr=(BOOKS,)), Withdraw(id=fresh_id(), actor=SALES, reason="r"), next_alarm(draft()).at)  # type: ignore[union-attr] # a draft has an alarm
    assert refused.value.code is Code.NOT_ALLOWED


@pytest.mark.parametrize("hr", [(SALES,), (BOOKS,), ()])
def test_an_amendment_gives_the_task_of_hr_to_whom_the_goal_asks_now(hr: tuple[EmployeeId, ...]) -> None:
    goal, alarm = pending(line=(), part_hr=(BOOKS,)), next_alarm(pending())
    assert alarm
    rules = POLICY.model_copy(update={"hr_of": (of("営業部", SALES),)})
    command = AmendPolicy(id=fresh_id(), actor=HR, policy=rules, rules=("hr_of",), part_hr=hr, reason="r")
    entries = decide(goal, command, alarm.at)
    after = evolve_all(goal, entries)
    assert (after.policy.hr_of, after.part_hr) == (rules.hr_of, hr)
    assert after.task
    assert after.task.assignees == (hr or POLICY.hr)
    rebuilt = rebuild(entries)
    assert isinstance(rebuilt, AmendPolicy)
    assert rebuilt.part_hr == hr


def test_an_amendment_that_does_not_name_hr_of_the_part_keeps_it() -> None:
    goal, alarm = pending(part_hr=(BOOKS,)), next_alarm(pending())
    assert alarm
    rules = POLICY.model_copy(update={"max_bonus": 30})
    command = AmendPolicy(id=fresh_id(), actor=HR, policy=rules, reason="r")
    assert evolve_all(goal, decide(goal, command, alarm.at)).part_hr == (BOOKS,)


def test_nobody_makes_an_owner_the_hr_of_their_own_goal() -> None:
    goal, alarm = pending(), next_alarm(pending())
    assert alarm
    command = AmendPolicy(id=fresh_id(), actor=HR, policy=goal.policy, part_hr=(goal.owner,), reason="r")
    with pytest.raises(Refusal) as refused:
        decide(goal, command, alarm.at)
    assert refused.value.code is Code.SELF_APPROVAL


def test_hr_who_left_is_asked_no_more_also_where_the_others_have_signed() -> None:
    rules = POLICY.model_copy(update={"hr": (HR, GONE)})
    organisation = company(one(OWNER, "経理部"))
    assert hr_left(rules, organisation) == (GONE,)
    asks_all = pending(policy=rules, line=())
    assert asks_all.approvers(0) == (HR, GONE)
    knows = asks_all.model_copy(update={"hr_left": (GONE,)})
    assert knows.approvers(0) == (HR,)
    assert knows.model_copy(update={"signed": (HR,)}).approvers_left(1) == ()  # not the one who left


def test_where_all_of_hr_have_left_all_are_asked() -> None:
    assert pending(line=(), hr_left=POLICY.hr).approvers(0) == POLICY.hr
