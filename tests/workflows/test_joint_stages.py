"""Two managers who must both agree, on a clock that skips: one is on leave with a deputy, the other is late, and both sign."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.goal import commands
from domain.goal.goal import Task
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.reorganisation import SyncContext, sync_command_for
from domain.lifecycle import State
from domain.people.organisation import Organisation
from domain.policy.policy import StageRule
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.sync_effects import effects_on
from storage.database import read_transaction
from storage.people import load_organisation
from tests.acceptance.scene import CHIEF, DIRECTOR, GOAL, HEAD, HR, OWNER, TOKYO, Company, Witness
from tests.acceptance.skipped_time import company_in_skipped_time, cycle_around, launch_for, season, sleep_until
from tests.servers import now_of

DEPUTY = EmployeeId("M0012")  # of another line


async def told_of(company: Company, person: EmployeeId, now: datetime, changed: Mapping[str, Any]) -> list[str]:
    """Gives the goal the command of a people file with this change of one person; returns the effects as a preview says them."""
    async with read_transaction(company.engine) as connection:
        people = (await load_organisation(connection)).employees
    today = now.astimezone(TOKYO).date()
    after = Organisation({**people, person: replace(people[person], **changed)}.values(), today)
    goal = await company.goals.require(GOAL)
    command = sync_command_for(goal, Sync(reason="休職"), HR, SyncContext(after, (), today))
    assert not isinstance(command, Skipped)
    effects = effects_on(goal, command, now)
    await company.give(GOAL, command)
    return effects


async def task(company: Company) -> Task:
    found = (await company.goals.require(GOAL)).task
    assert found is not None
    return found


async def asked(company: Company) -> list[tuple[EmployeeId, ...]]:
    return [part.assignees for part in (await task(company)).parts]


async def test_two_managers_agree_one_by_the_deputy_and_one_late(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with company_in_skipped_time(database, time_skipping) as company:
        around = season(await now_of(time_skipping))
        file = cycle_around(around)
        rules = {"approval_stages": 1, "stages": (StageRule(all=("line", "line 2")),)}
        file = file.model_copy(update={"policy": file.policy.model_copy(update=rules)})
        await launch_for(company, file, around.off, OWNER)
        witness = Witness(company, GOAL)
        seq = (await company.give(GOAL, commands.Submit(actor=OWNER))).seq
        assert await asked(company) == [(CHIEF,), (HEAD,)]
        seen = await witness.look()
        assert {("approval_requested", CHIEF), ("approval_requested", HEAD)} <= seen.told

        away = {"away_from": around.begins, "deputy_id": DEPUTY}
        effects = await told_of(company, HEAD, await now_of(time_skipping), away)
        assert (effects.count("relined"), effects.count("readdressed")) == (1, 1)
        assert await asked(company) == [(CHIEF,), (DEPUTY,)]
        assert {("approval_requested", DEPUTY)} == {one for one in (await witness.look()).told if one[1] != OWNER}

        with_deputy = await company.give(GOAL, commands.Approve(actor=DEPUTY, expected_seq=seq))
        assert (await task(company)).assignees == (CHIEF,)
        for again, code in ((DEPUTY, Code.ALREADY_SIGNED), (HEAD, Code.NOT_ALLOWED), (OWNER, Code.SELF_APPROVAL)):
            with pytest.raises(Refusal) as refused:
                await company.give(GOAL, commands.Approve(actor=again, expected_seq=with_deputy.seq))
            assert refused.value.code is code
        assert ("stage_approved", OWNER) in (await witness.look()).told

        await sleep_until(time_skipping, around.after_due(3), 12)
        assert await asked(company) == [(CHIEF, DIRECTOR), ()], "only above whom the goal waits for"
        seen = await witness.look()
        assert seen.entries == ("reminded", "reminded", "escalated")
        reminded = {("approval_reminder", CHIEF), ("escalation_told", CHIEF), ("escalated", DIRECTOR)}
        assert seen.told == reminded

        signed = await company.give(GOAL, commands.Approve(actor=CHIEF, expected_seq=with_deputy.seq))
        assert signed.state is State.ACTIVE
        seen = await witness.look()
        assert {("approved", OWNER), ("handled", DIRECTOR)} <= seen.told
        assert (await company.goals.prove(GOAL)).holds
