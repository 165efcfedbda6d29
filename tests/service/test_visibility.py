"""Lists and pages have the same permissions: a list contains exactly the goals whose page the caller may see."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ColumnElement, delete, insert, null, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cli.session.callers import operator
from domain.access import Caller, Relation
from domain.goal.goal import Delegation, Goal
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.goal_documents import GoalFilter
from service.goals import GoalReads
from service.inbox import Inbox
from service.relations import visible_goals
from service.sheets import Sheets
from storage.database import read_transaction
from storage.tables import CycleRow, EmployeeRow, GoalRow
from storage.visibility import visible
from tests.callers import OPERATOR, by
from tests.domain.builders import POLICY, content, draft, pending
from workflows.recording import row_of

CYCLE = CycleId("2026-q4")
OWNER, COLLEAGUE, MANAGER, DIRECTOR = (EmployeeId(one) for one in ("o1", "o2", "m1", "d1"))
EVALUATOR, ABOVE, STANDS_IN, CONTRIBUTOR = (EmployeeId(one) for one in ("e1", "e2", "e3", "c1"))
DELEGATE, LATE, HR, OWN_HR, STRANGER, LEFT = (EmployeeId(one) for one in ("y1", "y2", "h1", "h9", "x1", "z1"))
PART_HR = EmployeeId("h5")
SIGNER, ABOVE_SIGNER = EmployeeId("s1"), EmployeeId("s2")
FOR_OWN, NOT_FOR_OWN = EmployeeId("y3"), EmployeeId("y4")
AHEAD, BEHIND = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # 25 hours apart: their calendar days always differ
RULES = POLICY.model_copy(
    update={
        "hr": (HR,),
        "sites": {
            site: POLICY.calendar.model_copy(update={"timezone": zone}) for site, zone in (("a", AHEAD), ("b", BEHIND))
        },
    }
)


def day_in(zone: str) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(zone)).date()


def lent(by_whom: EmployeeId, to: EmployeeId, on: date) -> tuple[Delegation, ...]:
    return (Delegation(delegator=by_whom, to=to, first=on, last=on),)


def goals() -> dict[str, Goal]:
    """One goal per possible relation."""
    own_rules = RULES.model_copy(update={"hr": (OWN_HR,)})
    today = day_in("Asia/Tokyo")

    def goal(name: str, policy: Policy = RULES, **first: Any) -> Goal:
        return draft(policy=policy, goal_id=GoalId(f"{CYCLE}/{name}/1"), **first)

    return {
        "draft": goal("draft", owner=OWNER, line=(MANAGER, DIRECTOR)),
        "waiting": pending(policy=RULES, goal_id=GoalId(f"{CYCLE}/waiting/1"), owner=OWNER, line=(MANAGER,)),
        "alone": goal("alone", owner=COLLEAGUE, line=()),
        "shared": with_step_of_contributor(
            goal(
                "shared", owner=COLLEAGUE, line=(), content=content(contributors=[{"person": CONTRIBUTOR, "share": 30}]),
                delegations=(
                    *lent(CONTRIBUTOR, NOT_FOR_OWN, today),
                    *(one.model_copy(update={"own_goals": True}) for one in lent(CONTRIBUTOR, FOR_OWN, today)),
                ),
            )
        ),
        "own rules": goal("rules", own_rules, owner=COLLEAGUE, line=(LEFT,)),
        "evaluated": goal(
            "evaluated", owner=COLLEAGUE, line=(LEFT,), stages=((EVALUATOR,), (ABOVE,)), reviewers=(ABOVE,),
            delegations=lent(EVALUATOR, STANDS_IN, today),
        ),
        "of several": goal("several", owner=COLLEAGUE, line=(LEFT,), joint=(((LEFT,), (SIGNER, ABOVE_SIGNER)),)),
        "of a part": goal("part", owner=COLLEAGUE, line=(LEFT,), part_hr=(PART_HR,)),
        "lent": goal("lent", owner=COLLEAGUE, line=(DIRECTOR,), delegations=lent(DIRECTOR, DELEGATE, today)),
        "lent before": goal("before", owner=COLLEAGUE, line=(), delegations=lent(DIRECTOR, DELEGATE, today)),
        "lent ahead": goal(
            "ahead", owner=COLLEAGUE, line=(DIRECTOR,), sites={COLLEAGUE: "a"},
            delegations=lent(DIRECTOR, LATE, day_in(BEHIND)),
        ),
        "lent behind": goal(
            "behind", owner=COLLEAGUE, line=(DIRECTOR,), sites={COLLEAGUE: "b"},
            delegations=lent(DIRECTOR, LATE, day_in(BEHIND)),
        ),
    }  # fmt: skip


def with_step_of_contributor(goal: Goal) -> Goal:
    assert goal.task is not None
    return goal.model_copy(update={"task": goal.task.model_copy(update={"assignees": (COLLEAGUE, CONTRIBUTOR)})})


def assigned_outside_the_line(goal: Goal) -> Goal:
    """A goal whose task HR reassigned to somebody who is not a manager of the owner."""
    assert goal.task is not None
    return goal.model_copy(update={"task": goal.task.model_copy(update={"assignees": (STRANGER,)})})


@pytest.fixture
async def company(database: AsyncEngine) -> dict[GoalId, str]:
    """The goals in the database, by the names that this test gives them."""
    made = goals()
    made["reassigned"] = assigned_outside_the_line(
        pending(policy=RULES, goal_id=GoalId(f"{CYCLE}/reassigned/1"), owner=COLLEAGUE, line=(DIRECTOR,))
    )
    people = (
        CONTRIBUTOR,
        FOR_OWN,
        NOT_FOR_OWN,
        EVALUATOR,
        ABOVE,
        STANDS_IN,
        OWNER,
        COLLEAGUE,
        MANAGER,
        DIRECTOR,
        DELEGATE,
        LATE,
        HR,
        OWN_HR,
        PART_HR,
        SIGNER,
        ABOVE_SIGNER,
        STRANGER,
        LEFT,
    )
    employees = [{"id": one, "name": one, "department": "経理", "active": one != LEFT} for one in people]
    cycle = {
        "id": CYCLE, "name": CYCLE, "file": {}, "policy": RULES.model_dump(mode="json"), "state": "open",
        "launched_by": HR, "launched_at": datetime.now(UTC),
    }  # fmt: skip
    async with database.begin() as connection:
        await connection.execute(insert(EmployeeRow), employees)
        await connection.execute(insert(CycleRow).values(cycle))
        for goal in made.values():
            await connection.execute(insert(GoalRow).values(_row(goal)))
    return {goal.id: name for name, goal in made.items()}


def _row(goal: Goal) -> dict[str, object]:
    own = goal.policy.model_dump(mode="json") if goal.policy.hr != RULES.hr else null()
    return {
        **row_of(goal),
        "id": goal.id, "cycle_id": CYCLE, "owner_id": goal.owner, "updated_at": datetime.now(UTC), "policy": own,
        "aggregate": goal.model_dump(mode="json", exclude={"policy"}, exclude_none=True),
    }  # fmt: skip


_ALL = {
    "shared",
    "draft",
    "waiting",
    "alone",
    "own rules",
    "lent",
    "lent before",
    "lent ahead",
    "lent behind",
    "reassigned",
    "evaluated",
    "of several",
    "of a part",
}


@pytest.mark.parametrize(
    ("caller", "sees"),
    [
        pytest.param(by(OWNER), {"draft", "waiting"}, id="owner"),
        pytest.param(by(MANAGER), {"draft", "waiting"}, id="manager"),
        pytest.param(by(DIRECTOR), {"draft", "lent", "lent ahead", "lent behind", "reassigned"}, id="a manager above"),
        pytest.param(by(DELEGATE), {"lent"}, id="delegate of a manager"),
        pytest.param(by(LATE), {"lent behind"}, id="delegate of a day that has come at one site only"),
        pytest.param(by(STRANGER), {"reassigned"}, id="assignee outside the line"),
        pytest.param(by(EVALUATOR), {"evaluated"}, id="evaluator"),
        pytest.param(by(CONTRIBUTOR), {"shared"}, id="contributor"),
        pytest.param(by(FOR_OWN), {"shared"}, id="delegate of a contributor"),
        pytest.param(by(NOT_FOR_OWN), set(), id="delegate of a contributor, not for their own goals"),
        pytest.param(by(ABOVE), {"evaluated"}, id="evaluator of another stage"),
        pytest.param(by(STANDS_IN), {"evaluated"}, id="delegate of an evaluator"),
        pytest.param(by(HR), _ALL - {"own rules"}, id="HR"),
        pytest.param(by(OWN_HR), {"own rules"}, id="HR of one goal's own rules"),
        pytest.param(by(PART_HR), {"of a part"}, id="HR of a part of the company"),
        pytest.param(by(SIGNER), {"of several"}, id="one of several who must agree"),
        pytest.param(by(ABOVE_SIGNER), {"of several"}, id="a manager above one of several"),
        pytest.param(by(LEFT), set(), id="a manager who left"),
        pytest.param(by("nobody"), set(), id="somebody unknown"),
        pytest.param(OPERATOR, _ALL, id="operator"),
        pytest.param(operator(LEFT), _ALL, id="operator with a name"),
    ],
)
async def test_a_list_holds_exactly_the_goals_whose_page_the_caller_may_see(
    database: AsyncEngine, company: dict[GoalId, str], caller: Caller, sees: set[str]
) -> None:
    reads = GoalReads(database)
    listed = {company[one.goal] for one in (await reads.list_goals(caller, GoalFilter(cycle=CYCLE))).goals}
    shown = {name for goal, name in company.items() if await _is_shown(reads, caller, goal)}
    assert listed == shown == sees


async def test_a_person_lists_the_goals_to_which_they_contribute(
    database: AsyncEngine, company: dict[GoalId, str]
) -> None:
    wanted = GoalFilter(cycle=CYCLE, contributor=CONTRIBUTOR)
    for caller in (by(CONTRIBUTOR), by(HR)):
        (line,) = (await GoalReads(database).list_goals(caller, wanted)).goals
        assert (company[line.goal], line.shared_with) == ("shared", (CONTRIBUTOR,))
    assert (await GoalReads(database).list_goals(by(EVALUATOR), wanted)).goals == ()
    with pytest.raises(Refusal) as caught:
        await GoalReads(database).list_goals(by(HR), GoalFilter(contributor="nobody"))
    assert caught.value.code is Code.UNKNOWN_EMPLOYEE


async def _is_shown(reads: GoalReads, caller: Caller, goal: GoalId) -> bool:
    try:
        page = await reads.look(caller, goal)
    except Refusal as refusal:
        if refusal.code is not Code.NOT_ALLOWED:
            raise
        return False
    return page.goal.id == goal


async def test_pages_of_a_list_are_those_of_the_visible_goals(
    database: AsyncEngine, company: dict[GoalId, str]
) -> None:
    reads, after, found = GoalReads(database), "", list[str]()
    while True:
        page = await reads.list_goals(by(HR), GoalFilter(limit=3, after=after))
        found += [company[one.goal] for one in page.goals]
        if page.next is None:
            break
        after = page.next
    assert len(found) == len(set(found))
    assert set(found) == _ALL - {"own rules"}


async def test_hr_of_another_cycle_sees_no_goal_of_this_one(database: AsyncEngine, company: dict[GoalId, str]) -> None:
    other = {
        "id": "2027-q1", "name": "2027-q1", "file": {}, "state": "open", "launched_by": STRANGER, "launched_at": datetime.now(UTC),
        "policy": RULES.model_copy(update={"hr": (STRANGER,)}).model_dump(mode="json"),
    }  # fmt: skip
    reassigned = {one for one, name in company.items() if name == "reassigned"}  # is theirs, whatever else they are
    async with database.begin() as connection:
        await connection.execute(insert(CycleRow).values(other))
    try:
        for wanted in (GoalFilter(cycle=CYCLE), GoalFilter()):
            assert {
                one.goal for one in (await GoalReads(database).list_goals(by(STRANGER), wanted)).goals
            } == reassigned
        table = Sheets(database).goals_for_table(by(STRANGER), CYCLE)
        assert {one.id async for page in table for one in page} == reassigned
    finally:
        async with database.begin() as connection:
            await connection.execute(delete(CycleRow).where(CycleRow.id == other["id"]))


async def test_a_table_of_goals_holds_what_a_list_holds(database: AsyncEngine, company: dict[GoalId, str]) -> None:
    for caller in (by(MANAGER), by(DELEGATE), by(HR), by("nobody")):
        listed = (await GoalReads(database).list_goals(caller, GoalFilter(cycle=CYCLE))).goals
        table = Sheets(database).goals_for_table(caller, CYCLE)
        assert [goal.id async for page in table for goal in page] == [one.goal for one in listed]


async def test_every_relation_to_a_goal_has_its_condition(database: AsyncEngine) -> None:
    of_the_company = {Relation.OPERATOR, Relation.COLLEAGUE, Relation.SETTING_UP, Relation.ADMINISTRATOR}
    of_the_company |= {Relation.SYSTEM, Relation.AUDITOR, Relation.PROGRAM}
    async with read_transaction(database) as connection:
        for relation in set(Relation) - of_the_company:
            condition = await _condition(connection, relation)
            assert "goal" in str(condition)
        with pytest.raises(KeyError):
            await _condition(connection, Relation.OPERATOR)


async def _condition(connection: AsyncConnection, relation: Relation) -> ColumnElement[bool]:
    return await visible(connection, everything=False, person=OWNER, relations={relation}, now=datetime.now(UTC))


async def test_a_list_of_what_one_person_may_see_looks_at_no_other_goal(
    database: AsyncEngine, company: dict[GoalId, str]
) -> None:
    async with read_transaction(database) as connection:
        for scan in ("seqscan", "indexscan"):  # of a few rows, every scan is as good as another
            await connection.execute(text(f"SET LOCAL enable_{scan} = off"))
        condition = await visible_goals(connection, by(OWNER))
        query = select(GoalRow.id).where(condition).order_by(GoalRow.id).limit(100)
        compiled = query.compile(
            dialect=postgresql.dialect(),  # type: ignore[no-untyped-call] # SQLAlchemy's own
            compile_kwargs={"literal_binds": True},
        )
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {compiled}".replace(":", "\\:")))).scalars())
    for index in ("goal_by_line", "goal_by_assignee", "goal_by_delegates", "goal_by_own_hr", "goal_by_owner"):
        assert index in plan, plan
    assert "Seq Scan" not in plan


async def test_an_inbox_is_for_the_person_and_for_the_operator(
    database: AsyncEngine, company: dict[GoalId, str]
) -> None:
    inbox, now = Inbox(database), datetime.now(UTC)
    own, managers = await inbox.read(by(OWNER), OWNER, now), await inbox.read(OPERATOR, MANAGER, now)
    assert {company[GoalId(one.goal.goal)] for one in own.items} == {"draft"}
    assert {company[GoalId(one.goal.goal)] for one in managers.items} == {"waiting"}
    for other in (by(HR), by(MANAGER)):
        with pytest.raises(Refusal) as refused:
            await inbox.read(other, OWNER, now)
        assert refused.value.code is Code.NOT_ALLOWED
