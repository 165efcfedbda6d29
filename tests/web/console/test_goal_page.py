"""What a goal's page shows beside its content."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from service.goals import GoalReads
from tests.callers import OPERATOR
from tests.service.test_goal_history import lived
from tests.storage.test_ledger import NOW
from web.console.goal_page import chart_of


async def test_the_chart_has_the_reports_that_were_not_taken_back(database: AsyncEngine) -> None:
    goal = await lived(database)
    view = await GoalReads(database).view(OPERATOR, goal.id, NOW)
    chart = chart_of(view, NOW)
    assert chart is not None
    assert [one.report.value for one in chart.points] == [9, 8]
    assert [one.report.at for one in chart.points] == [NOW + timedelta(hours=3), NOW + timedelta(hours=8)]
    lower = sorted(one.y for one in chart.points)  # the target of this measure is below its baseline
    assert chart.y_baseline < lower[0] <= lower[-1] < chart.y_target
