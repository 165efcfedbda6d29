"""A real organisation of 290 people changes during its cycle: `people sync`, with a worker that is killed.

Two managers swap their people, ten people leave, ten join. Open tasks get the right assignees, and nobody sees goals of others.
"""

import csv
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from domain.goal.commands import Submit
from domain.lifecycle import State
from domain.people.organisation import Organisation
from domain.values import CycleId, EmployeeId, GoalId
from service.people import People
from service.reorganisation import Reorganisation
from storage.database import read_transaction
from storage.digests import open_tasks
from storage.goals import load_aggregates
from storage.people import load_organisation
from storage.tables import GoalRow, OutboxRow
from tests.acceptance.servers_of_test import KILLABLE_WORKER, Site, site
from tests.callers import OPERATOR, by
from tests.desk import InstructionDesk
from tests.servers import Postgres, running_temporal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (Path(__file__).parents[3] / "shared" / "data" / "adventureworks-org.csv").exists(),
        reason="needs shared/data/adventureworks-org.csv beside the project",
    ),
]

_FILE = Path(__file__).parents[3] / "shared" / "data" / "adventureworks-org.csv"
CYCLE = CycleId("whole-company")
HR = EmployeeId("235")
ONE, OTHER = EmployeeId("16"), EmployeeId("263")  # managers whose people are swapped
LEAVING_LEADER = EmployeeId("7")  # leads others, and leaves
_ASKED_BEFORE_DEATH = 12

Rows = list[dict[str, str]]


def company() -> Rows:
    with _FILE.open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def as_csv(rows: Rows) -> bytes:
    names = list(rows[0])
    return "\n".join([",".join(names), *(",".join(row[name] for name in names) for row in rows)]).encode()


def leavers_of(rows: Rows) -> list[str]:
    """Ten people: one with reports, and nine without."""
    leaders = {row["manager_id"] for row in rows}
    alone = [row["employee_id"] for row in rows if row["employee_id"] not in leaders and int(row["employee_id"]) > 100]
    return [str(LEAVING_LEADER), *alone[:9]]


def changed(rows: Rows) -> Rows:
    """The people file after the changes."""
    swap = {str(ONE): str(OTHER), str(OTHER): str(ONE)}
    left = leavers_of(rows)
    after = [
        {
            **row,
            "manager_id": swap.get(row["manager_id"], row["manager_id"]),
            "active": "no" if row["employee_id"] in left else "yes",
        }
        for row in rows
    ]
    for number in range(9001, 9011):
        after.append(
            {**after[-1], "employee_id": str(number), "login": f"new{number}", "manager_id": "26", "active": "yes"}
        )
    return after


def _cycle_file(today: datetime) -> bytes:
    year = today.year
    return f"""
[cycle]
id = "{CYCLE}"
name = "全社"
starts = {today:%Y-%m-%d}
ends = {year + 1}-03-12
closes = {year + 1}-03-26
reviews = []
hr = ["{HR}", "236"]

[[drafts]]
theme = "月次決算の早期化"
challenge = "請求書の回収が月初に集中し、月次決算の確定が遅れている"
measure = {{ kind = "numeric", name = "平均日数", unit = "日", direction = "down", baseline = 10, target = 7 }}
steps = [
    {{ title = "遅れの原因を三つ挙げる", due = {year + 1}-02-11 }},
    {{ title = "電子受領を五社で始める", due = {year + 1}-03-10 }},
]
""".encode()


@pytest_asyncio.fixture
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("workers")) as here:
            yield here


async def launch_for_everybody(here: Site) -> None:
    imported = await People(here.engine).import_file(OPERATOR, as_csv(company()), {"name": "login"})
    assert imported.imported, imported.findings
    now = datetime.now(UTC)
    checked = await here.cycles.check(_cycle_file(now), now.date())
    assert checked.people == 290, checked.findings
    await here.cycles.launch(checked, HR, now)
    await here.until_count("participant", "result = 'started'", 290)
    await here.until_count("cycle", "state = 'open'", 1)


def goal_of(person: str) -> GoalId:
    return GoalId(f"{CYCLE}/{person}/1")


async def assignees(here: Site) -> dict[str, list[str]]:
    async with here.engine.connect() as connection:
        return {row.id: row.assignees for row in await connection.execute(select(GoalRow.id, GoalRow.assignees))}


async def times(here: Site, kind: str) -> Counter[str]:
    """The numbers of entries of this kind, by goal."""
    async with here.engine.connect() as connection:
        found = await connection.execute(text("SELECT goal_id FROM goal_event WHERE kind = :kind"), {"kind": kind})
        return Counter(row.goal_id for row in found)


def allowed(before: Organisation, after: Organisation, owner: str) -> set[str]:
    """The people who may see a goal or get its tasks: its owner, the managers before and after, HR."""
    found = {owner, HR, "236"}
    for organisation in (before, after):
        if EmployeeId(owner) in organisation.employees:
            found |= set(organisation.manager_line(EmployeeId(owner)))
    return found


async def nobody_sees_what_is_not_theirs(here: Site, before: Organisation, after: Organisation) -> None:
    people = [str(one) for one in after.employees]
    async with read_transaction(here.engine) as connection:
        tasks = await open_tasks(connection, people, datetime.now(UTC).date())
    for task in tasks:
        assert task.reader in allowed(before, after, task.owner_id), task
        assert after.employees[EmployeeId(task.reader)].active, f"{task.goal_id} waits on somebody who left"
    async with here.engine.connect() as connection:
        told = await connection.execute(select(OutboxRow.goal_id, OutboxRow.recipient_id).distinct())
        for goal, recipient in told:
            assert recipient in allowed(before, after, goal.split("/")[1]), f"{recipient} was told of {goal}"


async def submit(here: Site, people: Sequence[str]) -> None:
    for person in people:
        await here.give(goal_of(person), Submit(actor=EmployeeId(person)), f"submit-{person}")


async def test_a_changed_organisation_reaches_every_goal_once_though_its_worker_is_killed(here: Site) -> None:
    rows = company()
    left, after_rows = leavers_of(rows), changed(rows)
    of_one = [row["employee_id"] for row in rows if row["manager_id"] == ONE]
    of_other = [row["employee_id"] for row in rows if row["manager_id"] == OTHER]
    of_leader = [row["employee_id"] for row in rows if row["manager_id"] == LEAVING_LEADER]
    assert min(len(of_one), len(of_other), len(of_leader)) > 0
    reorganisation, instructions = Reorganisation(here.engine), InstructionDesk(here.engine, here.client)
    async with here.worker_at_work("--role", "goals"):
        async with here.worker("bulk", "asked", str(_ASKED_BEFORE_DEATH), program=KILLABLE_WORKER) as mortal:
            await launch_for_everybody(here)
            await submit(here, [*of_one, *of_other, *of_leader])
            async with read_transaction(here.engine) as connection:
                before = await load_organisation(connection)
            compared = await reorganisation.compare(by(HR), as_csv(after_rows), {"name": "login"})
            assert compared.difference, compared.findings
            difference = compared.difference
            assert sorted(difference.left) == sorted(left)
            assert len(difference.joined) == 10
            assert {one.employee for one in difference.managers} == {*of_one, *of_other, *of_leader}
            [effect] = compared.effects
            assert (effect.closed, effect.drafts) == (10, 10)
            assert effect.readdressed == len(of_one) + len(of_other) + len(of_leader)
            identity = await reorganisation.apply(by(HR), here.client, compared, "組織変更")
            assert await mortal.ended() == -signal.SIGKILL
        done = (await instructions.progress(identity)).by_result
        assert done["waiting"] > 0, "it was cut off in the middle"

        started = time.monotonic()
        async with here.worker_at_work("--role", "bulk"):
            await here.until_count("instruction", "state = 'done'", 1)
            print(f"resumed and done after {time.monotonic() - started:.1f} s")
            await here.until_count("participant", "result = 'started'", 300)
        async with read_transaction(here.engine) as connection:
            after = await load_organisation(connection)
        await every_goal_followed(here, after, of_one, of_other, of_leader)
        await nobody_sees_what_is_not_theirs(here, before, after)
        for goal in (goal_of(of_one[0]), goal_of(left[0]), goal_of("9001")):
            assert (await here.goals.prove(goal)).holds
        again = await reorganisation.compare(by(HR), as_csv(after_rows), {"name": "login"})
        assert again.difference is not None
        assert again.difference.is_empty, "the same file again changes nothing"


async def every_goal_followed(
    here: Site, after: Organisation, of_one: list[str], of_other: list[str], of_leader: list[str]
) -> None:
    waits = await assignees(here)
    assert {tuple(waits[goal_of(one)]) for one in of_one} == {(OTHER,)}
    assert {tuple(waits[goal_of(one)]) for one in of_other} == {(ONE,)}
    heir = after.employees[LEAVING_LEADER].manager_id
    assert {tuple(waits[goal_of(one)]) for one in of_leader} == {(heir,)}, "a leaver's approvals go to their manager"
    changes, closings = await times(here, "line_changed"), await times(here, "closed")
    assert set(changes.values()) == set(closings.values()) == {1}, "no goal heard of it twice"
    assert set(closings) == {goal_of(one) for one in leavers_of(company())}
    ids = [goal_of(str(number)) for number in range(9001, 9011)]
    async with read_transaction(here.engine) as connection:
        assert len(await load_aggregates(connection, ids=ids)) == 10, "who joined has a draft"
    entries = (await here.goals.prove(goal_of(of_one[0]))).lines
    last = entries[-1].event
    assert (last["body"]["before"], last["body"]["assignees"]) == ([ONE], [OTHER]), (
        "the old assignee stays in the ledger"
    )
    for goal in ids:
        view = await here.give(goal, Submit(actor=EmployeeId(goal.split("/")[1])), "first")
        assert view.state is State.PENDING_APPROVAL
