"""The alarms of a goal to which nobody gives a command, over a public holiday of Japan, on a time-skipping server."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.goal import commands
from domain.goal.commands import SYSTEM
from domain.goal.goal import Outcome
from domain.lifecycle import State
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.tables import OutboxRow
from tests.acceptance.scene import CHIEF, DIRECTOR, GOAL, HEAD, HR, HR_TOO, OWNER, TOKYO, Company, Witness
from tests.acceptance.skipped_time import (
    Season,
    company_in_skipped_time,
    cycle_around,
    launch_for,
    season,
    sleep_until,
)
from tests.servers import now_of
from workflows.goal import GoalResult

pytestmark = pytest.mark.slow


class RungAlarm(NamedTuple):
    """An alarm: its day in Tokyo, and who became an assignee."""

    kind: str
    day: date
    joined: tuple[str, ...] = ()


async def what_time_did(company: Company) -> list[RungAlarm]:
    rang = []
    async with read_transaction(company.engine) as connection:
        ledger = await read_ledger(connection, GOAL)
    for line in ledger:
        if line.event["actor"] != SYSTEM:
            continue
        at = line.event["at"].astimezone(TOKYO)
        assert time(9) <= at.time() < time(9, 16), "alarms ring at the opening hour and up to a quarter past"
        assert not line.event["body"].get("late", False)
        rang.append(RungAlarm(line.kind, at.date(), tuple(line.event["body"].get("joined", ()))))
    return rang


async def told(company: Company) -> list[tuple[str, str]]:
    """The notices in the order in which they arose, as pairs of recipient and kind."""
    query = select(OutboxRow.kind, OutboxRow.recipient_id).order_by(OutboxRow.id)
    async with company.engine.connect() as connection:
        return [(row.kind, row.recipient_id) for row in await connection.execute(query)]


def assert_holiday_moves_the_ladder(around: Season) -> None:
    """The holiday is a weekday just after the due date: if it were ignored, every rung would be on another day."""
    assert around.holiday in around.off
    assert around.due < around.holiday < around.after_due(1)
    assert around.after_due(8) < around.later_holiday < around.end


async def test_a_goal_that_nobody_touches_climbs_to_hr_and_lapses_each_on_its_business_day_around_a_holiday(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    around = season(await now_of(time_skipping))
    assert_holiday_moves_the_ladder(around)
    async with company_in_skipped_time(database, time_skipping) as company:
        await launch_for(company, cycle_around(around), around.off, OWNER)
        await sleep_until(time_skipping, around.due, 20)
        witness = Witness(company, GOAL)
        assert (await witness.look()).entries == ("created", "reminded")
        await sleep_until(time_skipping, around.after_due(1) - timedelta(days=1), 23)
        assert (await witness.look()).entries == (), "nothing rings on a holiday"
        await sleep_until(time_skipping, around.end, 12)
        seen = await witness.look()
        assert (seen.goal.state, seen.goal.outcome, seen.score) == (State.CLOSED, Outcome.LAPSED, Decimal(0))
        assert await what_time_did(company) == [
            RungAlarm("reminded", around.day_before),
            RungAlarm("reminded", around.after_due(1)),
            RungAlarm("escalated", around.after_due(3), (CHIEF,)),
            RungAlarm("escalated", around.after_due(5), (HEAD,)),
            RungAlarm("escalated", around.after_due(8), (HR, HR_TOO)),
            RungAlarm("lapsed", around.end),
        ]
        assert await told(company) == [
            ("draft_opened", OWNER),
            ("draft_reminder", OWNER),
            ("draft_reminder", OWNER),
            ("escalation_told", OWNER), ("escalated", CHIEF),
            ("escalation_told", OWNER), ("escalation_told", CHIEF), ("escalated", HEAD),
            ("escalation_told", OWNER), ("escalation_told", CHIEF), ("escalation_told", HEAD),
            ("escalated", HR), ("escalated", HR_TOO),
            ("goal_lapsed", OWNER),
        ]  # fmt: skip
        result = await company.workflow(GOAL).result()
        assert isinstance(result, GoalResult)
        assert (result.outcome, result.head) == (Outcome.LAPSED, seen.goal.head)


async def test_an_approval_that_nobody_gives_climbs_the_line_above_the_approver_to_hr_and_lapses(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    around = season(await now_of(time_skipping))
    assert_holiday_moves_the_ladder(around)
    async with company_in_skipped_time(database, time_skipping) as company:
        await launch_for(company, cycle_around(around), around.off, OWNER)
        await company.give(GOAL, commands.Submit(actor=OWNER))
        await sleep_until(time_skipping, around.after_due(8), 12)
        witness = Witness(company, GOAL)
        seen = await witness.look()
        assert seen.goal.state is State.PENDING_APPROVAL
        assert seen.goal.task is not None
        assert seen.goal.task.assignees == (CHIEF, HEAD, DIRECTOR, HR, HR_TOO), "nobody is ever removed"
        await sleep_until(time_skipping, around.end, 12)
        assert (await witness.look()).goal.outcome is Outcome.LAPSED
        assert await what_time_did(company) == [
            RungAlarm("reminded", around.day_before),
            RungAlarm("reminded", around.after_due(1)),
            RungAlarm("escalated", around.after_due(3), (HEAD,)),
            RungAlarm("escalated", around.after_due(5), (DIRECTOR,)),
            RungAlarm("escalated", around.after_due(8), (HR, HR_TOO)),
            RungAlarm("lapsed", around.end),
        ]
        assert [one for one in await told(company) if one[0] == "approval_reminder"] == [
            ("approval_reminder", CHIEF)
        ] * 2


async def test_a_higher_manager_who_joined_by_escalation_signs_once_for_all_stages_up_to_their_own(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    around = season(await now_of(time_skipping))
    async with company_in_skipped_time(database, time_skipping) as company:
        await launch_for(company, cycle_around(around), around.off, OWNER)
        seq = (await company.give(GOAL, commands.Submit(actor=OWNER))).seq
        await sleep_until(time_skipping, around.after_due(3), 12)
        await company.give(
            GOAL, commands.Approve(actor=HEAD, expected_seq=seq)
        )  # reminders and escalations do not count as changes that the approver must have seen
        seen = await Witness(company, GOAL).look()
        assert (seen.goal.state, seen.goal.stage) == (State.ACTIVE, 2), "the head need not sign the second stage again"
        assert ("handled", CHIEF) in await told(company)
