"""What a launch writes for its participants; PostgreSQL only, no workflow is started."""

from datetime import UTC, date, datetime
from unittest.mock import Mock

from sqlalchemy import event, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities import reorganisation
from activities.launch import LaunchActivities
from domain.cycle.file import CycleFile, read_cycle_file
from domain.goal.goal import Goal
from domain.instructions.instructions import Sync
from domain.values import CycleId, EmployeeId
from domain.writing.catalog import find
from storage.goals import load_aggregates
from storage.tables import CycleRow, GoalRow, ParticipantRow
from tests.activities.mailroom import CYCLE, employ
from workflows.cycle import ParticipantRange

FILE = f"""
[cycle]
id = "{CYCLE}"
name = "Q4"
starts = 2026-10-01
ends = 2026-12-25
closes = 2026-12-28
reviews = [2026-11-30]
hr = ["M2"]
[[drafts]]
catalog = "accounting/closing-days"
"""
PARTICIPANTS = ("E1", "M1")


async def written(database: AsyncEngine) -> CycleFile:
    """A cycle of two people that is to be launched; M1 reads Japanese, E1 English."""
    file = read_cycle_file(FILE.encode())
    assert isinstance(file, CycleFile)
    await employ(database)
    policy = file.policy_with(())
    cycle = {
        "id": CYCLE, "name": "Q4", "state": "launching", "file": file.model_dump(mode="json"),
        "policy": policy.model_dump(mode="json"), "launched_by": "M2", "launched_at": datetime(2026, 9, 30, tzinfo=UTC),
    }  # fmt: skip
    participants = [{"cycle_id": CYCLE, "employee_id": one, "department": "経理部"} for one in PARTICIPANTS]
    async with database.begin() as connection:
        await connection.execute(insert(CycleRow), cycle)
        await connection.execute(insert(ParticipantRow), participants)
    return file


async def test_each_owner_gets_their_first_draft_in_their_own_language(database: AsyncEngine) -> None:
    file = await written(database)
    launch = LaunchActivities(database, Mock())
    piece = ParticipantRange(cycle=CycleId(CYCLE), launched_by=EmployeeId("M2"))
    assert (await ActivityEnvironment().run(launch.write_goals, piece)).people == len(PARTICIPANTS)
    async with database.connect() as connection:
        rows = (await connection.execute(select(GoalRow.owner_id, GoalRow.aggregate))).all()
    entry = find("accounting/closing-days")
    themes = {row.owner_id: row.aggregate["content"]["theme"] for row in rows}
    assert themes == {"M1": entry.theme.ja, "E1": entry.theme.en}
    assert date.fromisoformat(rows[0].aggregate["content"]["steps"][0]["due"]) > file.cycle.starts


async def test_neither_a_batch_of_a_launch_nor_a_page_of_a_reorganisation_reads_the_whole_directory(
    database: AsyncEngine,
) -> None:
    await written(database)
    statements: list[str] = []
    event.listen(database.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    piece = ParticipantRange(cycle=CycleId(CYCLE), launched_by=EmployeeId("M2"))
    await ActivityEnvironment().run(LaunchActivities(database, Mock()).write_goals, piece)
    async with database.connect() as connection:
        goals = [
            Goal.model_validate(one) for one in await load_aggregates(connection, cycle=CYCLE, owners=PARTICIPANTS)
        ]
    await reorganisation.commands(database, Sync(reason="組織変更"), goals, EmployeeId("M2"), datetime.now(UTC))
    about_people = [one for one in statements if "employee" in one]
    assert len(about_people) > 1
    assert [one for one in about_people if "WHERE" not in one] == []
