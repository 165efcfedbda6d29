"""Evaluators by column: who is asked for each stage and for the verdict, and what is wrong with a file of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.cycle.checks import check_cycle
from domain.cycle.evaluators import HEAD, EvaluatorRules, Evaluators, Role, evaluators_of, inactive_findings
from domain.cycle.file import CycleFile, read_cycle_file
from domain.people.departments import Department, Departments
from domain.people.organisation import Employee, Organisation
from domain.people.people_file import read_people
from domain.policy.policy import StageRule
from domain.values import EmployeeId

FILE = """
[cycle]
id = "q1"
name = "第1四半期"
starts = 2027-01-04
ends = 2027-03-26
closes = 2027-03-31
reviews = []
hr = ["d"]

[policy]
approval_stages = {stages}
review_stage = {review_stage}
"""


def one(person: str, manager: str | None, *evaluators: str | None, active: bool = True) -> Employee:
    return Employee(
        id=EmployeeId(person),
        name=person,
        department="経理",
        manager_id=EmployeeId(manager) if manager else None,
        active=active,
        evaluators=tuple(EmployeeId(name) if name else None for name in evaluators),
    )


def company(*changed: Employee) -> Organisation:
    """O reports to m, d and p; x to y and p; z reports to o."""
    people = (one("p", None), one("d", "p"), one("m", "d"), one("o", "m"), one("y", "p"), one("x", "y"), one("z", "o"))
    return Organisation({employee.id: employee for employee in (*people, *changed)}.values())


@pytest.mark.parametrize(
    ("named", "review_stage", "stages", "reviewers"),
    [
        ((), 1, (), ()),
        (("m", "d"), 1, (), ()),  # they are the line
        (("x",), 1, (("x", "y", "p"),), ("x", "y", "p")),
        (("x", "d"), 1, (("x", "y", "p"),), ("x", "y", "p")),
        ((None, "x"), 1, ((), ("x", "y", "p")), ()),
        (("m", "x"), 2, ((), ("x", "y", "p")), ("x", "y", "p")),
        (("x",), 2, (("x", "y", "p"),), ("d", "p")),  # the manager at the second place
        ((), 2, (), ("d", "p")),
        ((), 5, (), ("p",)),  # the highest there is
        (("x", "x"), 1, (("x", "y", "p"), ("x", "y", "p")), ("x", "y", "p")),
        (("z",), 1, (), ()),  # somebody who reports to the owner evaluates nothing of theirs
        (("unknown",), 1, (), ()),
    ],
)
def test_who_is_asked_for_each_stage_and_for_the_verdict(
    named: tuple[str | None, ...], review_stage: int, stages: tuple[tuple[str, ...], ...], reviewers: tuple[str, ...]
) -> None:
    found = evaluators_of(EmployeeId("o"), company(one("o", "m", *named)), EvaluatorRules(review_stage))
    assert found == Evaluators(stages, reviewers)  # type: ignore[arg-type]


def titled(person: str, manager: str | None, title: str, department: str = "経理") -> Employee:
    return replace(one(person, manager), title=title, department=department)


@pytest.mark.parametrize(
    ("roles", "named", "stages"),
    [
        ((None, Role("部長")), (), ((), ("x", "y", "p"))),
        ((None, Role("部長")), (None, "y"), ((), ("y", "p"))),  # whom the file names comes first
        ((Role("部長", "人事"),), (), (("y", "p"),)),
        ((Role("課長"),), (), ()),  # the manager has the title
        ((Role("係長"),), (), ()),  # who has it reports to the owner
        ((Role("主任"),), (), ()),  # it is the owner
        ((Role("顧問"),), (), ()),  # nobody has it
    ],
)
def test_who_has_the_title_of_a_stage_is_asked_where_the_file_names_nobody(
    roles: tuple[Role | None, ...], named: tuple[str | None, ...], stages: tuple[tuple[str, ...], ...]
) -> None:
    organisation = company(
        replace(one("o", "m", *named), title="主任"), titled("x", "y", "部長"), titled("y", "p", "部長", "人事"),
        titled("m", "d", "課長"), titled("a", "p", "課長"), titled("z", "o", "係長"),
    )  # fmt: skip
    assert evaluators_of(EmployeeId("o"), organisation, EvaluatorRules(1, roles)).stages == stages


def test_a_title_that_nobody_has_is_refused_and_one_that_several_have_is_told() -> None:
    organisation = company(titled("x", "y", "部長"), titled("y", "p", "部長", "人事"), titled("m", "d", "課長"))

    def codes(role: str) -> list[tuple[str, str]]:
        file = read_cycle_file(FILE.format(stages=2, review_stage=f"1\nstages = [{{}}, {{ {role} }}]").encode())
        assert isinstance(file, CycleFile)
        found = check_cycle(file, organisation, date(2026, 11, 26))
        return [(finding.code, finding.where) for finding in found if finding.code.startswith("title")]

    assert codes('title = "部長"') == [("title_shared", "policy.stages[1].title")]
    assert codes('title = "部長", department = "人事"') == []
    assert codes('title = "課長", department = "人事"') == [("title_vacant", "policy.stages[1].title")]
    assert codes('title = "次長"') == [("title_vacant", "policy.stages[1].title")]


def headed(owner_department: str, *people: Employee, above: str | None = "p", own: str | None = "x") -> Organisation:
    """The company of `o`, in a section below a department; their heads are `own` and `above`."""
    departments = Departments(
        [
            Department(id="D1", name="管理本部", head_id=EmployeeId(above) if above else None),
            Department(
                id="D2", name="経理課", parent_id="D1", head_id=EmployeeId(own) if own else None, former=("経理",)
            ),
        ]
    )
    known = company(replace(one("o", "m"), department=owner_department), *people)
    return Organisation(known.employees.values(), departments=departments)


@pytest.mark.parametrize(
    ("organisation", "stages"),
    [
        (headed("経理課"), (("x", "y", "p"),)),
        (headed("経理"), (("x", "y", "p"),)),  # the former name
        (headed("経理課", own=None), (("p",),)),  # the department above
        (headed("経理課", own="o"), (("p",),)),  # the owner is the head
        (headed("経理課", one("x", "y", active=False)), (("p",),)),
        (headed("経理課", own=None, above=None), ()),  # nobody: the line
        (headed("経理課", own="m"), ()),  # the manager is the head
        (headed("経理課", one("z", "o"), own="z"), ()),  # who is the head reports to the owner
        (headed("営業"), ()),  # a department without a record
    ],
)
def test_the_head_of_the_department_is_asked_by_rule(
    organisation: Organisation, stages: tuple[tuple[str, ...], ...]
) -> None:
    assert evaluators_of(EmployeeId("o"), organisation, EvaluatorRules(1, (HEAD,))).stages == stages


def test_a_rule_of_heads_is_refused_where_no_department_has_one() -> None:
    file = read_cycle_file(FILE.format(stages=2, review_stage="1\nstages = [{}, { head = true }]").encode())
    assert isinstance(file, CycleFile)
    for organisation, expected in ((headed("経理課"), []), (headed("経理課", own=None, above=None), ["no_heads"])):
        found = check_cycle(file, organisation, date(2026, 11, 26))
        assert [finding.code for finding in found if finding.code == "no_heads"] == expected


def test_rules_without_heads_and_without_several_people_are_stored_as_before() -> None:
    assert not {"head", "all"} & set(StageRule(title="部長").model_dump())
    assert StageRule(head=True).model_dump()["head"] is True
    assert StageRule(all=("line", "head")).model_dump()["all"] == ("line", "head")


_M, _D, _X = ("m", "d", "p"), ("d", "p"), ("x", "y", "p")


@pytest.mark.parametrize(
    ("sources", "named", "joint"),
    [
        (("evaluator 1", "evaluator 2"), ("x", "d"), (_X, _D)),
        (("evaluator 1", "evaluator 2"), ("x",), (_X, _D)),  # the manager at that place
        (("evaluator 1", "evaluator 2"), ("z", "o"), (_M, _D)),  # they report to the owner, or are the owner
        (("evaluator 1", "evaluator 2"), ("gone", "x"), (_D, _X)),  # the next active manager above who has left
        (("evaluator", "line 2"), (), (_M, _D)),
        (("line", "head"), (), (_M, _X)),
        (("line", "title 部長"), (), (_M, _X)),
        (("line", "title 課長"), (), (_M,)),  # the manager has the title: one signature
        (("person x", "person d"), (), (_X, _D)),
        (("person x", "person nobody", "person z", "line 3"), (), (_X, _M, ("p",))),
        (("line", "line 4"), (), (_M, ())),  # HR, where no manager is that high
        (("line 4", "line 5"), (), ((),)),
    ],
)
def test_everybody_who_must_agree_is_asked_by_a_chain_of_their_own(
    sources: tuple[str, ...], named: tuple[str, ...], joint: tuple[tuple[str, ...], ...]
) -> None:
    organisation = headed(
        "経理課",
        one("o", "m", *named),
        titled("x", "y", "部長"),
        titled("m", "d", "課長"),
        one("gone", "d", active=False),
    )
    people = organisation.employees
    organisation = Organisation(
        (replace(people[one], department="経理課") if one == "o" else people[one] for one in people),
        departments=organisation.departments,
    )
    rules = EvaluatorRules(1, (), (sources,))
    assert evaluators_of(EmployeeId("o"), organisation, rules).joint == (joint,)


def test_who_is_on_leave_is_stood_in_for_by_the_deputy_or_by_who_is_above() -> None:
    day = date(2026, 11, 26)
    for deputy, asked in (("y", (("y", "p"), _D)), (None, (("y", "p"), _D)), ("d", (("d", "y", "p"), _D))):
        away = replace(one("x", "y"), away_from=day, deputy_id=EmployeeId(deputy) if deputy else None)
        organisation = Organisation(company(away).employees.values(), day)
        found = evaluators_of(EmployeeId("o"), organisation, EvaluatorRules(1, (), (("person x", "line 2"),))).joint
        assert found == ((asked[0],) if deputy == "d" else asked,)


_ALONE = ("one_signature", "policy.stages[0].all", ("y",))
_ALL = ("one_signature", "policy.stages[0].all", ("m", "o", "y"))


@pytest.mark.parametrize(
    ("everybody", "told"),
    [
        ('"line", "line 2"', []),
        ('"line", "title 部長"', [("one_signature", "policy.stages[0].all", ("y",))]),  # the manager has the title
        ('"person x", "person q"', [("signer_unknown", "policy.stages[0].all[1]", ()), _ALONE]),
        ('"line", "title 次長"', [("title_vacant", "policy.stages[0].all[1]", ()), _ALL]),
        ('"line", "head"', [("no_heads", "policy.stages[0].all[1]", ()), _ALL]),
    ],
)
def test_people_who_cannot_be_asked_together_are_told_before_the_launch(
    everybody: str, told: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    organisation = company(titled("p", None, "部長"))
    stages = f"1\nstages = [{{ all = [{everybody}] }}, {{}}]"
    file = read_cycle_file(FILE.format(stages=2, review_stage=stages).encode())
    assert isinstance(file, CycleFile)
    file = file.model_copy(update={"cycle": file.cycle.model_copy(update={"without": ("p", "z", "x", "d")})})
    found = [(one.code, one.where, one.concerned) for one in check_cycle(file, organisation, date(2026, 11, 26))]
    ours = {"one_signature", "signer_unknown", "title_vacant", "no_heads"}
    assert [one for one in found if one[0] in ours] == told


def test_above_an_evaluator_who_has_left_the_next_active_manager_is_asked() -> None:
    organisation = company(one("o", "m", "x"), one("x", "y", active=False))
    assert evaluators_of(EmployeeId("o"), organisation, EvaluatorRules()).stages == (("y", "p"),)
    [finding] = inactive_findings(organisation)
    assert (finding.code, finding.where, finding.message.fields["instead"]) == ("evaluator_inactive", "x", "y")
    assert finding.concerned == ("o",)


@pytest.mark.parametrize(
    ("stages", "review_stage", "told"), [(1, 1, [(2, 3, 1)]), (2, 1, [(3, 3, 1)]), (3, 1, []), (1, 3, [])]
)
def test_evaluators_whom_no_stage_asks_are_told_before_the_launch(
    stages: int, review_stage: int, told: list[tuple[int, int, int]]
) -> None:
    file = read_cycle_file(FILE.format(stages=stages, review_stage=review_stage).encode())
    assert isinstance(file, CycleFile)
    found = check_cycle(file, company(one("o", "m", "x", None, "d")), date(2026, 11, 26))
    fields = [finding.message.fields for finding in found if finding.code == "evaluators_unused"]
    assert [(one["number"], one["stages"], one["n"]) for one in fields] == told


def test_the_site_of_an_evaluator_needs_a_calendar_and_of_nobody_else_outside_the_cycle() -> None:
    file = read_cycle_file((FILE.format(stages=1, review_stage=1) + '\n[[drafts]]\ndepartment = "経理"\n').encode())
    assert isinstance(file, CycleFile)
    file = file.model_copy(update={"cycle": file.cycle.model_copy(update={"without": ("x", "y", "z", "p", "m", "d")})})
    abroad = replace(one("x", "y"), site="berlin")
    codes = [found.code for found in check_cycle(file, company(one("o", "m", "x"), abroad), date(2026, 11, 26))]
    assert "site_unknown" in codes
    codes = [found.code for found in check_cycle(file, company(one("o", "m", "d"), abroad), date(2026, 11, 26))]
    assert "site_unknown" not in codes


@pytest.mark.parametrize(("evaluators", "refused"), [((), True), (("x",), True), (("x", "y"), False)])
def test_a_stage_with_an_evaluator_needs_no_manager_and_no_other_hr(evaluators: tuple[str, ...], refused: bool) -> None:
    file = read_cycle_file(FILE.format(stages=2, review_stage=1).encode())
    assert isinstance(file, CycleFile)
    found = check_cycle(file, company(one("d", "p", *evaluators)), date(2026, 11, 26))  # d is all of HR
    assert [one.where for one in found if one.code == "nobody_approves"] == (["d"] if refused else [])


@pytest.mark.parametrize(
    ("evaluator", "code"), [("o", "own_evaluator"), ("nobody", "evaluator_missing"), ("z", "evaluator_below")]
)
def test_an_evaluator_who_cannot_be_is_refused_with_the_stage(evaluator: str, code: str) -> None:
    [finding] = company(one("o", "m", "m", evaluator)).findings()
    assert (finding.code, finding.where, finding.message.fields["number"]) == (code, "o", 2)
    assert not company(one("o", "m", "m", evaluator, active=False), one("z", "m")).findings()


@pytest.mark.parametrize(
    "header",
    [
        "一次評価者,二次評価者",
        "1次評価者,2次評価者",
        "１次評価者,第二次評価者",
        "evaluator_1,evaluator 2",
        "First evaluator,Second evaluator",
    ],
)
def test_evaluators_are_read_by_their_headers_in_the_order_of_the_stages(header: str) -> None:
    rows = "p,社長,役員,,,\nm,課長,経理,p,,p\no,社員,経理,m,Ｘ1 ,m"
    file = read_people(f"id,name,department,manager,{header}\n{rows}\n".encode())
    assert not file.findings
    assert [person.evaluators for person in file.employees] == [(), (None, "p"), ("X1", "m")]
    assert "evaluators" in file.fields


def test_a_bad_id_of_an_evaluator_is_told_with_its_column_and_row() -> None:
    file = read_people("id,name,department,manager,二次評価者,一次評価者\no,社員,経理,,a b,m\n".encode())
    [finding] = file.findings
    assert (finding.code, finding.where, finding.message.fields["name"]) == ("bad_cell", "row 2", "evaluator_2")


def test_a_file_without_the_columns_says_nothing_of_evaluators() -> None:
    file = read_people("id,name,department,manager\no,社員,経理,\n".encode())
    assert file.employees[0].evaluators == ()
    assert "evaluators" not in file.fields


def test_who_is_on_leave_on_the_first_day_is_told_before_the_launch() -> None:
    file = read_cycle_file(FILE.format(stages=1, review_stage=1).encode())
    assert isinstance(file, CycleFile)
    away = replace(one("x", "y"), away_from=date(2026, 12, 1), away_until=date(2027, 1, 4))
    back = replace(one("z", "o"), away_from=date(2026, 12, 1), away_until=date(2027, 1, 3))
    [finding] = [
        found for found in check_cycle(file, company(away, back), date(2026, 11, 26)) if found.code == "on_leave"
    ]
    assert finding.concerned == ("x",)


def test_a_launch_that_counts_the_time_at_work_says_whose_date_of_joining_is_missing_or_too_late() -> None:
    text = FILE.format(stages=1, review_stage=1)
    counted = text.replace("[policy]", "[policy]\ntime_at_work = true")
    plain, counting = (read_cycle_file(one.encode()) for one in (text, counted))
    assert isinstance(plain, CycleFile)
    assert isinstance(counting, CycleFile)
    closes = counting.cycle.closes
    in_time, late = (replace(one("x", "y"), joined_on=closes + timedelta(days=days)) for days in (0, 1))

    def codes(file: CycleFile, *changed: Employee) -> list[tuple[str, tuple[str, ...]]]:
        found = check_cycle(file, company(*changed), date(2026, 11, 26))
        return [(each.code, each.concerned) for each in found if each.where == "policy.time_at_work"]

    assert codes(counting) == [("joining_unknown", ())]
    assert codes(counting, in_time) == []
    assert codes(counting, late) == [("joins_after_cycle", ("x",))]
    assert codes(plain, late) == codes(plain) == []
