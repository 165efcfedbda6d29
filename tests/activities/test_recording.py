"""Recording over a row that somebody altered is an alarm; over a row in the form of an earlier release it is not."""

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.recording import RecordingActivities
from domain.goal import commands
from domain.goal.goal import Goal
from domain.refusals import Code
from storage.ledger import open_ledger
from tests.domain.builders import OWNER, fresh_id
from tests.storage.test_ledger import comment, entries, goal_row, notices, recorded, stored
from workflows.recording import Recorded


async def record(engine: AsyncEngine, goal: Goal, command: commands.Command) -> tuple[Goal, Recorded | None]:
    after, recording = recorded(goal, command)
    async with open_ledger(engine) as ledger:
        return after, await RecordingActivities(ledger).record(recording)


async def alter(engine: AsyncEngine, change: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE goal SET {change}"))  # noqa: S608 - the test's own words


@pytest.mark.parametrize(
    "change",
    [
        "aggregate = jsonb_set(aggregate, '{content,theme}', '\"別のテーマ\"')",
        "aggregate = jsonb_set(aggregate, '{content,steps}', '[]')",
        "aggregate = aggregate || '{\"bonus\": 20}'",
        'aggregate = aggregate || \'{"revision": "?"}\'',
        "state = 'active'",
        "assignees = '{e999}'",
        "department = '人事'",
        "outcome = 'achieved'",
    ],
)
async def test_a_row_that_somebody_altered_is_not_written_over_and_raises_an_alarm(
    database: AsyncEngine, change: str
) -> None:
    goal = await stored(database)
    await alter(database, change)
    before = (await entries(database), await goal_row(database), await notices(database))
    with structlog.testing.capture_logs() as logs:
        _, answer = await record(database, goal, commands.Submit(id=fresh_id(), actor=OWNER))
    assert answer is not None
    assert answer.refused is not None
    assert (answer.refused.code, answer.refused.fields) == (Code.LEDGER_DIFFERS, {"seq": goal.seq})
    assert [(one["event"], one["log_level"]) for one in logs] == [("goal_row_differs", "error")]
    assert (await entries(database), await goal_row(database), await notices(database)) == before


async def test_a_row_without_the_fields_of_a_later_release_is_the_same_goal(database: AsyncEngine) -> None:
    goal = await stored(database)
    await alter(database, "aggregate = aggregate - '{earlier,reviewed_steps,signed,exemplar}'::text[]")
    after, answer = await record(database, goal, comment(OWNER, "準備中"))
    assert answer is None
    _, answer = await record(database, after, commands.Submit(id=fresh_id(), actor=OWNER))
    assert answer is None
    assert len(await entries(database)) == 3
