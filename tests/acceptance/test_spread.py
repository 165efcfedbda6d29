"""A launch in which all deadlines are on one day: the start delays of the goals are spread evenly over the minutes."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from domain.goal.alarms import next_alarm
from domain.goal.goal import Goal
from storage.database import read_transaction
from storage.goals import load_aggregates, open_goals
from tests.acceptance.scene import CYCLE, TOKYO, Company
from tests.as_of.shift import offset

pytestmark = pytest.mark.slow

_TOLERANCE = 3  # in an evenly spread sequence, each minute differs from its share by less than this


def minute(moment: datetime) -> datetime:
    return moment.astimezone(TOKYO).replace(second=0, microsecond=0)


async def _wakes(company: Company, goals: int) -> list[datetime]:
    """When Temporal wakes each of the goals, as soon as its lists hold them all: they follow the starts after a moment."""
    query = f"MeguriCycle = '{CYCLE}' AND ExecutionStatus = 'Running'"
    async with asyncio.timeout(30):
        while True:
            found = [one.execution_time async for one in company.client.list_workflows(query)]
            if len(found) >= goals:
                assert len(found) == goals
                return [moment + offset() for moment in found if moment]
            await asyncio.sleep(0.2)


async def test_no_minute_gets_more_than_the_policys_share_of_a_launchs_alarms(company: Company) -> None:
    async with read_transaction(company.engine) as connection:
        ids = await open_goals(connection, CYCLE, "", 1000)
        goals = [Goal.model_validate(one) for one in await load_aggregates(connection, ids=ids)]
    alarms = [alarm for goal in goals if (alarm := next_alarm(goal))]
    assert (len(goals), sum(goal.is_paused for goal in goals)) == (120, 1)  # one of the company is on leave
    assert len({alarm.day for alarm in alarms}) == 1, "all of them ring on one day"
    most = 120 / goals[0].policy.spread_minutes + _TOLERANCE
    assert max(Counter(minute(alarm.at) for alarm in alarms).values()) <= most

    first = min(alarm.at for alarm in alarms) - timedelta(minutes=1)
    wakes = [
        moment for moment in await _wakes(company, 120) if moment > first
    ]  # the goal that is paused wakes for nothing
    assert max(Counter(minute(moment) for moment in wakes).values()) <= most
    assert {minute(moment) for moment in wakes} == {minute(alarm.at) for alarm in alarms}
