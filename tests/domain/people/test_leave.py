"""People on leave: who is asked instead of them, and what is wrong with a file of leaves."""

from datetime import date

import pytest

from domain.cycle.evaluators import EvaluatorRules, evaluators_of
from domain.people.leave import Leave
from domain.people.listed import as_listed
from domain.people.organisation import Employee, Organisation
from domain.people.people_file import read_people
from domain.values import EmployeeId, Locale
from texts.findings import finding_text

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


def _leave(first: date | None, last: date | None = None) -> Leave:
    return Leave(first=first, last=last)


def _day(month: int, day: int) -> date:
    return date(2027, month, day)


BIRTH, CHILD = _leave(_day(2, 1), _day(3, 31)), _leave(_day(5, 1), _day(12, 31))  # 産休, 育休


@pytest.mark.parametrize(
    ("day", "is_away"),
    [(_day(1, 31), False), (_day(2, 1), True), (_day(3, 31), True), (_day(4, 1), False), (_day(4, 30), False),
     (_day(5, 1), True), (_day(12, 31), True), (date(2028, 1, 1), False)],
)  # fmt: skip
def test_each_of_two_leaves_has_its_own_days(day: date, is_away: bool) -> None:
    away = one(BOSS, HEAD, away_from=BIRTH.first, away_until=BIRTH.last, further_leaves=(CHILD,), deputy_id=OTHER)
    assert company(away, today=day).active_line(OWNER) == ((OTHER if is_away else BOSS), HEAD, TOP)


@pytest.mark.parametrize(
    ("first", "further", "codes"),
    [
        (BIRTH, (CHILD,), []),
        (CHILD, (BIRTH,), []),  # in any order
        (BIRTH, (_leave(_day(4, 1)),), []),  # adjoining
        (BIRTH, (_leave(_day(3, 31), _day(4, 2)),), ["leaves_overlap"]),
        (_leave(_day(2, 1)), (CHILD,), ["leaves_overlap"]),  # the first has no end
        (BIRTH, (BIRTH,), ["leaves_overlap"]),
        (BIRTH, (CHILD, _leave(_day(12, 31), _day(12, 31))), ["leaves_overlap"]),
        (BIRTH, (_leave(_day(6, 1), _day(5, 1)), CHILD), ["leave_out_of_order"]),
        (BIRTH, (_leave(None, _day(5, 1)),), ["leave_out_of_order"]),
    ],
)
def test_leaves_that_share_a_day_are_refused(first: Leave, further: tuple[Leave, ...], codes: list[str]) -> None:
    person = one(OWNER, BOSS, away_from=first.first, away_until=first.last, further_leaves=further)
    assert [found.code for found in company(person).findings()] == codes
    for found in company(person).findings():
        for locale in Locale:
            assert OWNER in finding_text(found, locale)


@pytest.mark.parametrize(
    "header",
    [
        "休業開始日,休業終了日,休業開始日2,休業終了日2,休業開始日3,休業終了日3",
        "休職開始日1,休職終了日1,休職開始日２,休職終了日２,休職開始日③,休職終了日③",
        "away_from,away_until,away_from_2,away_until_2,Leave start 3,Leave end 3",
    ],
)
def test_further_leaves_are_read_by_their_numbered_headers(header: str) -> None:
    rows = "o,社員,経理,,2027/2/1,2027/3/31,,,2027/5/1,令和9年12月31日\nx,後任,経理,o,,,,,,"
    file = read_people(f"id,name,department,manager,{header}\n{rows}\n".encode())
    assert not file.findings
    assert [employee.every_leave for employee in file.employees] == [(BIRTH, CHILD), ()]
    assert "further_leaves" in file.fields


def test_a_wrong_day_of_a_further_leave_is_told_with_its_column() -> None:
    header = "id,name,department,manager,休業開始日2,休業終了日2,休業開始日4,休業終了日4"
    file = read_people(f"{header}\no,社員,経理,,,,2027/5/1,来月\n".encode())
    [finding] = file.findings
    assert (finding.code, finding.where, finding.message.fields["name"]) == ("bad_cell", "row 2", "away_until_4")


def test_a_file_without_columns_for_further_leaves_keeps_those_of_the_directory() -> None:
    known = {OWNER: one(OWNER, None, away_from=BIRTH.first, away_until=BIRTH.last, further_leaves=(CHILD,))}
    old = "id,name,department,manager,休業開始日,休業終了日"

    def listed(row: str, header: str = old) -> tuple[Leave, ...]:
        return as_listed(read_people(f"{header}\n{row}\n".encode()), known, TODAY)[0].every_leave

    assert listed("o,社員,経理,,2027/2/1,2027/3/31") == (BIRTH, CHILD)
    assert listed("o,社員,経理,,,") == (CHILD,)
    assert listed("o,社員,経理,,2027/5/1,2027/12/31") == (CHILD,), "the second one became the first"
    assert listed("o,社員,経理,,2027/2/1,2027/3/31,", old + ",休業開始日2") == (BIRTH,)
    assert listed("o,社員,経理,", "id,name,department,manager") == (BIRTH, CHILD)


@pytest.mark.parametrize("header", ["入社日", "採用年月日", "joined on", "hire date"])
def test_the_date_of_joining_is_read_and_lies_before_the_last_day(header: str) -> None:
    file = read_people(f"id,name,department,manager,{header}\no,社員,経理,,令和8年10月1日\n".encode())
    assert [employee.joined_on for employee in file.employees] == [date(2026, 10, 1)]
    assert not company(one(OWNER, BOSS, joined_on=TODAY, leaves=TODAY)).findings()
    [finding] = company(one(OWNER, BOSS, joined_on=_day(1, 2), leaves=_day(1, 1))).findings()
    assert (finding.code, finding.where) == ("joined_after_leaving", "o")
