"""People on leave: who is asked instead of them, and what is wrong with a file of leaves."""

from datetime import date

import pytest

from domain.cycle.evaluators import EvaluatorRules, evaluators_of
from domain.people.organisation import Employee, Organisation
from domain.people.people_file import read_people
from domain.values import EmployeeId

TODAY = date(2026, 11, 27)
TOP, HEAD, BOSS, OWNER, OTHER, BELOW = (EmployeeId(one) for one in "pdmoxz")


def one(person: EmployeeId, manager: EmployeeId | None, **fields: object) -> Employee:
    return Employee(id=person, name=person, department="経理", manager_id=manager, **fields)  # type: ignore[arg-type]


def company(*changed: Employee, today: date | None = TODAY) -> Organisation:
    """O reports to m, d and p; x to p; z to o."""
    people = (one(TOP, None), one(HEAD, TOP), one(BOSS, HEAD), one(OWNER, BOSS), one(OTHER, TOP), one(BELOW, OWNER))
    return Organisation({employee.id: employee for employee in (*people, *changed)}.values(), today)


@pytest.mark.parametrize(
    ("first", "last", "is_away"),
    [
        (TODAY, TODAY, True),
        (TODAY, None, True),
        (date(2026, 11, 1), date(2026, 11, 26), False),
        (date(2026, 11, 28), None, False),
        (None, None, False),
    ],
)
def test_who_is_on_leave_today(first: date | None, last: date | None, is_away: bool) -> None:
    away = one(BOSS, HEAD, away_from=first, away_until=last)
    assert company(away).is_away(BOSS) is is_away
    assert company(away).active_line(OWNER) == ((HEAD, TOP) if is_away else (BOSS, HEAD, TOP))
    assert not company(away, today=None).is_away(BOSS)


@pytest.mark.parametrize(
    ("deputy", "others", "line"),
    [
        (OTHER, (), (OTHER, HEAD, TOP)),
        (HEAD, (), (HEAD, TOP)),  # is above anyway
        (BELOW, (), (HEAD, TOP)),  # reports to the owner
        (OWNER, (), (HEAD, TOP)),  # is the owner
        (OTHER, (one(OTHER, TOP, active=False),), (HEAD, TOP)),
        (OTHER, (one(OTHER, TOP, away_from=TODAY),), (HEAD, TOP)),
    ],
)
def test_a_deputy_is_asked_instead_or_the_managers_above(
    deputy: EmployeeId, others: tuple[Employee, ...], line: tuple[EmployeeId, ...]
) -> None:
    assert company(one(BOSS, HEAD, away_from=TODAY, deputy_id=deputy), *others).active_line(OWNER) == line


def test_an_evaluator_on_leave_has_a_deputy_too() -> None:
    organisation = company(one(OWNER, BOSS, evaluators=(OTHER,)), one(OTHER, TOP, away_from=TODAY, deputy_id=HEAD))
    assert evaluators_of(OWNER, organisation, EvaluatorRules()).stages == ((HEAD, TOP),)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"away_from": TODAY, "away_until": date(2026, 11, 26)}, "leave_out_of_order"),
        ({"away_until": TODAY}, "leave_out_of_order"),
        ({"away_from": TODAY, "deputy_id": OWNER}, "own_deputy"),
        ({"away_from": TODAY, "deputy_id": "nobody"}, "deputy_missing"),
    ],
)
def test_a_leave_that_cannot_be_is_refused(fields: dict[str, object], code: str) -> None:
    [finding] = company(one(OWNER, BOSS, **fields)).findings()
    assert (finding.code, finding.where) == (code, "o")


@pytest.mark.parametrize(
    "header", ["休職開始日,休職終了日,代理者", "休業開始日,休業終了日,代行者", "away_from,away until,deputy"]
)
def test_leaves_are_read_by_their_headers(header: str) -> None:
    rows = "o,社員,経理,,2026/12/1,令和9年3月31日,x\nx,代理,経理,o,,,"
    file = read_people(f"id,name,department,manager,{header}\n{rows}\n".encode())
    assert not file.findings
    assert [(p.away_from, p.away_until, p.deputy_id) for p in file.employees] == [
        (date(2026, 12, 1), date(2027, 3, 31), "x"), (None, None, None)
    ]  # fmt: skip


def test_a_day_that_is_none_is_told_with_its_column() -> None:
    file = read_people("id,name,department,manager,休職開始日\no,社員,経理,,来月\n".encode())
    [finding] = file.findings
    assert (finding.code, finding.where, finding.message.fields["name"]) == ("bad_cell", "row 2", "away_from")
