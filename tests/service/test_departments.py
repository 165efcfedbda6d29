"""Departments as records: renamed, merged and put below each other, while goals are open and after they closed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from cli.session.callers import operator
from domain.goal.commands import Approve, Submit
from domain.instructions.instructions import Add, Close, Extend, Pause
from domain.journal import Log
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.cycle_documents import CycleStatus
from service.cycles import CycleReads
from service.departments import DepartmentRecords
from service.goal_documents import GoalFilter
from service.goals import GoalReads
from service.hearing import Hearing
from service.people import People
from service.reorganisation import Compared, Reorganisation
from service.results import Grouping, Results
from service.sheets import Sheets
from storage import journal
from storage.database import open_database, read_transaction
from storage.departments import apply_change
from tests.callers import OPERATOR, by
from tests.servers import Postgres, running_temporal
from tests.service.steered import (
    ACCOUNTING,
    HARA,
    HR,
    MANAGER,
    MORI,
    ONO,
    SALES,
    TOP,
    Steered,
    cycle_file,
    goal_of,
    in_days,
    of,
    steered,
    today,
)  # fmt: skip

pytestmark = pytest.mark.slow

NEW = "経理財務部"
HEADER = "社員番号,氏名,部署,上長"
SETTLES = "\n[policy]\nmoves_settle = true\n"


@pytest_asyncio.fixture
async def company(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Steered]:
    """A company for each test: the departments are what it changes."""
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with steered(engine, url, environment.client, tmp_path) as company:
            yield company
        await engine.dispose()


def people_file(department: str, *, sales: str = "営業部") -> bytes:
    rows = [
        f"{MANAGER},清水 幸恵,{department},{TOP}", f"{MORI},森 香織,{department},{MANAGER}",
        f"{HARA},原田 修,{department},{MANAGER}", f"{ONO},大野 あかり,{department},{MANAGER}",
        f"{SALES},岡 一郎,{sales},{TOP}",
    ]  # fmt: skip
    return "\n".join([HEADER, *rows]).encode()


async def apply(company: Steered, compared: Compared) -> list[str]:
    """Applies what was compared; the goals with their results."""
    assert compared.difference, compared.findings
    given = await Reorganisation(company.engine).apply(operator(HR), company.client, compared, "組織変更")
    await company.done(given)
    return [f"{one.goal_id} {one.result}" for one in await company.instructions.results(given)]


async def import_departments(company: Steered, *rows: str) -> Compared:
    data = "\n".join(["部署ID,部署名,上位部署,部門長", *rows]).encode()
    compared = await DepartmentRecords(company.engine).compare(operator(HR), data)
    await apply(company, compared)
    assert (await DepartmentRecords(company.engine).compare(operator(HR), data)).is_empty
    return compared


async def departments_of_goals(company: Steered, department: str, cycle: CycleId) -> dict[str, str]:
    found = await GoalReads(company.engine).list_goals(OPERATOR, GoalFilter(cycle=cycle, department=department))
    return {one.owner: one.department for one in found.goals}


async def status(company: Steered, cycle: CycleId) -> CycleStatus:
    return await CycleReads(company.engine).status(OPERATOR, cycle, datetime.now(UTC))


async def test_the_directory_makes_a_record_of_every_new_name(company: Steered) -> None:
    await apply(
        company, await Reorganisation(company.engine).compare(operator(HR), people_file(ACCOUNTING, sales="販売部"))
    )
    found = await DepartmentRecords(company.engine).tree(OPERATOR)
    assert {one.department: (one.department_id, one.active) for one in found.departments} == {
        "人事部": ("人事部", 2), "営業部": ("営業部", 0), "経営": ("経営", 1), ACCOUNTING: (ACCOUNTING, 4), "販売部": ("販売部", 1),
    }  # fmt: skip


async def activate(company: Steered, cycle: CycleId, owner: EmployeeId) -> None:
    seq = (await company.goals.give(goal_of(cycle, owner), Submit(actor=owner))).seq
    await company.goals.give(goal_of(cycle, owner), Approve(actor=MANAGER, expected_seq=seq))


async def test_a_renaming_settles_nothing_and_goals_are_found_by_both_names(company: Steered) -> None:
    cycle = await company.launch("renamed", more=SETTLES)
    await activate(company, cycle, MORI)
    moved = await Reorganisation(company.engine).compare(operator(HR), people_file(NEW))
    assert moved.difference is not None
    assert len(moved.difference.moved) == 4
    assert [one.code for one in moved.findings] == ["renaming_suggested"]
    assert sum(one.settled for one in moved.effects) == 1

    compared = await Reorganisation(company.engine).compare(operator(HR), people_file(NEW), renamed={ACCOUNTING: NEW})
    assert compared.difference is not None
    assert (compared.difference.moved, compared.findings) == ((), ())
    assert [(one.kind, one.before, one.after) for one in compared.departments] == [("renamed", ACCOUNTING, NEW)]
    done = await apply(company, compared)
    assert (sum(one.relined for one in compared.effects), len(done)) == (4, 4)
    assert sum(one.settled for one in compared.effects) == 0
    goal = await company.goal(cycle, MORI)
    assert (goal.state, goal.revision, goal.department) == ("active", 1, NEW)
    assert (await company.entries(cycle, MORI))[-1] == ("line_changed", HR, "組織変更")

    for name in (ACCOUNTING, NEW):
        assert await departments_of_goals(company, name, cycle) == dict.fromkeys((MORI, HARA, ONO, MANAGER), NEW)
    assert set((await status(company, cycle)).goals) == {NEW, "営業部"}
    again = await Reorganisation(company.engine).compare(operator(HR), people_file(NEW))
    assert again.is_empty, (again.difference, again.effects, again.findings)
    old_file = await Reorganisation(company.engine).compare(operator(HR), people_file(ACCOUNTING))
    assert old_file.is_empty, "a file that still has the old name moves nobody back"
    assert [(one.code, one.where) for one in old_file.findings] == [("former_department_name", ACCOUNTING)]


async def test_a_merged_department_is_a_former_name_and_its_people_did_not_move(company: Steered) -> None:
    cycle = await company.launch("merged")
    await company.carried_out(Close(reason="終了", selection=of(SALES)), cycle)
    compared = await Reorganisation(company.engine).compare(
        operator(HR), people_file(ACCOUNTING, sales=ACCOUNTING), renamed={"営業部": ACCOUNTING}
    )
    assert [one.kind for one in compared.departments] == ["merged"]
    await apply(company, compared)
    async with company.engine.begin() as connection:  # as when the activity is tried again
        assert compared.difference is not None
        await apply_change(connection, compared.difference.departments, HR)
        entries = await journal.entries_of(connection, Log.DIRECTORY)
    assert [one.kind for one in entries].count("departments_changed") == 1
    assert set(await departments_of_goals(company, "営業部", cycle)) == {MORI, HARA, ONO, MANAGER, SALES}
    records = {
        one.department: one.former_names for one in (await DepartmentRecords(company.engine).tree(OPERATOR)).departments
    }
    assert records[ACCOUNTING] == ("営業部",)
    assert set((await status(company, cycle)).goals) == {ACCOUNTING}, "a closed goal is counted under the present name"
    assert "営業部" not in records


async def test_every_door_finds_a_renamed_department_and_the_departments_below(company: Steered) -> None:
    cycle = await company.launch("doors")
    heard = Hearing(company.engine)
    await heard.add(by(MORI), cycle=cycle, text="請求書が遅い")
    compared = await import_departments(
        company, "D1,管理本部,,E1", f"D2,{ACCOUNTING},D1,{MANAGER}", "D3,営業部,,", "D4,人事部,管理本部,"
    )
    assert {one.kind for one in compared.departments} == {"added", "id", "parent", "head"}
    compared = await import_departments(company, f"D2,{NEW},D1,{MANAGER}")
    assert [one.kind for one in compared.departments] == ["renamed"]
    four = {MORI, HARA, ONO, MANAGER}
    for name in (ACCOUNTING, NEW, "管理本部"):
        assert set(await departments_of_goals(company, name, cycle)) == four
        people = await People(company.engine).department(OPERATOR, name)
        assert four <= {one.id for one in people.people}
        scores, _ = await Results(company.engine).scores(by(HR), cycle, name)
        assert {one.person for one in scores.people} == four
        spread, _ = await Results(company.engine).distribution(by(HR), cycle, Grouping.DEPARTMENT, name)
        assert [one.name for one in spread.spreads] == [NEW]
        sheets = [one.person.id async for one in Sheets(company.engine).sheets_of(by(HR), cycle, department=name)]
        assert set(sheets) == four
        assert len((await heard.list_problems(OPERATOR, cycle, department=name)).problems) == 1
    assert await departments_of_goals(company, "人事部", cycle) == {}
    assert (await People(company.engine).department(OPERATOR, ACCOUNTING)).department == NEW
    await heard.add(by(HARA), cycle=cycle, text="二重入力がある", department=ACCOUNTING)
    assert {one.department for one in (await heard.list_problems(OPERATOR, cycle)).problems} == {ACCOUNTING, NEW}

    paused = await company.carried_out(Pause(reason="監査", selection=of(departments=[ACCOUNTING])), cycle)
    assert paused == dict.fromkeys(sorted(four), "done")
    extended = Extend(reason="監査", task=None, due=in_days(60), selection=of(departments=["管理本部"]))
    assert set(await company.carried_out(extended, cycle)) == four
    rows = [
        (one.department, one.depth, one.with_below, sum(one.counts.values()))
        for one in (await status(company, cycle)).departments
    ]
    assert rows == [("営業部", 0, False, 1), ("管理本部", 0, True, 4), (NEW, 1, False, 4)]


async def test_a_cycle_file_with_the_old_name_gives_the_drafts_of_the_new_one(company: Steered) -> None:
    await import_departments(company, "D1,管理本部,,", f"D2,{ACCOUNTING},D1,")
    await import_departments(company, f"D2,{NEW},D1,")
    file = cycle_file("old").replace("hr = ", 'departments = ["管理本部"]\nhr = ')
    checked = await company.cycles.check(file.encode(), today(), starts=today())
    assert [one.code for one in checked.findings if one.code.startswith("department")] == ["department_renamed"]
    assert checked.people == 4
    await company.cycles.launch(checked, HR, datetime.now(UTC))
    await company.until(CycleId("old"), "open")
    goal = await company.goal(CycleId("old"), MORI)
    assert (goal.department, goal.content.theme) == (NEW, "月次決算の早期化")
    added = await company.carried_out(Add(reason="追加", selection=of(departments=["営業部"])), CycleId("old"))
    assert added == {SALES: "done"}


async def test_a_closed_goal_keeps_the_name_of_then(company: Steered) -> None:
    cycle = await company.launch("closed")
    await company.carried_out(Close(reason="終了"), cycle)
    await company.until(cycle, "closed")
    await apply(
        company, await Reorganisation(company.engine).compare(operator(HR), people_file(NEW), renamed={ACCOUNTING: NEW})
    )
    assert set((await departments_of_goals(company, NEW, cycle)).values()) == {ACCOUNTING}
    assert set((await status(company, cycle)).goals) == {ACCOUNTING, "営業部"}
    spread, _ = await Results(company.engine).distribution(by(HR), cycle, Grouping.DEPARTMENT)
    assert {one.name for one in spread.spreads} == {ACCOUNTING, "営業部"}


async def test_the_journal_has_the_change_with_its_actor_and_names_have_their_time(company: Steered) -> None:
    await import_departments(company, f"D2,{ACCOUNTING},,")
    await import_departments(company, f"D2,{NEW},,{MANAGER}")
    async with read_transaction(company.engine) as connection:
        entries = [
            one for one in await journal.entries_of(connection, Log.DIRECTORY) if one.kind == "departments_changed"
        ]
        assert await journal.first_break(connection, Log.DIRECTORY) is None
        names = (
            await connection.execute(
                text("SELECT name, until IS NULL FROM department_name WHERE department_id = 'D2' ORDER BY since")
            )
        ).all()
    assert [one.actor for one in entries] == [HR, HR]
    assert entries[1].body["departments"] == [{"id": "D2", "name": NEW, "head_id": MANAGER, "former": [ACCOUNTING]}]
    assert [tuple(one) for one in names] == [(ACCOUNTING, False), (NEW, True)]


async def test_a_comparison_made_before_another_change_of_departments_is_refused(company: Steered) -> None:
    stale = await DepartmentRecords(company.engine).compare(operator(HR), "id,name\nD2,経理部".encode())
    await import_departments(company, "D3,営業部,,")
    with pytest.raises(Refusal) as refused:
        await apply(company, stale)
    assert refused.value.code is Code.DIRECTORY_CHANGED


async def test_a_file_with_errors_changes_nothing(company: Steered) -> None:
    before = await DepartmentRecords(company.engine).tree(OPERATOR)
    data = f"id,name,parent,head\nD2,{ACCOUNTING},D9,E98".encode()
    found = await DepartmentRecords(company.engine).compare(operator(HR), data)
    assert (found.difference, [one.code for one in found.findings]) == (
        None,
        ["department_parent_unknown", "head_unknown"],
    )
    assert await DepartmentRecords(company.engine).tree(OPERATOR) == before


async def test_only_hr_of_every_open_cycle_may_change_departments(company: Steered) -> None:
    await company.launch("hr")
    with pytest.raises(Refusal):
        await DepartmentRecords(company.engine).compare(operator(MORI), "id,name\nD2,経理部".encode())


async def assignees(company: Steered, cycle: CycleId) -> tuple[EmployeeId, ...]:
    task = (await company.goal(cycle, MORI)).task
    assert task is not None
    return task.assignees


async def test_the_head_of_the_department_signs_by_rule_and_the_next_head_takes_over(company: Steered) -> None:
    await import_departments(company, f"D1,管理本部,,{TOP}", f"D2,{ACCOUNTING},D1,{SALES}")
    cycle = await company.launch("heads", more="\n[policy]\nstages = [{ head = true }]\n")
    await company.goals.give(goal_of(cycle, MORI), Submit(actor=MORI))
    assert await assignees(company, cycle) == (SALES,)
    compared = await import_departments(company, f"D2,{NEW},D1,{HARA}")
    assert sum(one.readdressed for one in compared.effects) == 1
    assert await assignees(company, cycle) == (HARA,)
    assert (await company.goal(cycle, HARA)).stages[0][0] == TOP, "the head is signed for by the head above"
    assert (await company.goal(cycle, MANAGER)).department == NEW
    compared = await import_departments(company, f"D2,{NEW},D1,")
    assert await assignees(company, cycle) == (TOP,)
