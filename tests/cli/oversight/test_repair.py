"""`meguri repair`, as an operator and as HR use it."""

import json

from temporalio.client import Client

from domain.values import CycleId, GoalId
from tests.cli.office import HARA, HR, MORI, Office
from workflows.cycle import cycle_workflow_id
from workflows.goal import goal_workflow_id


async def terminate(office: Office, workflow_id: str) -> None:
    client = await Client.connect(office.env["TEMPORAL_ADDRESS"])
    await client.get_workflow_handle(workflow_id).terminate()


async def test_lost_workflows_are_found_by_the_operator_and_repaired_by_hr(office: Office) -> None:
    goal = f"q4/{HARA}/1"
    assert "0 with faults" in await office.done("repair")
    await terminate(office, goal_workflow_id(GoalId(goal)))
    refused = await office.refused("goal", "comment", goal, "--as", HARA, "--text", "確認")
    assert "no workflow runs for this goal" in refused
    assert "meguri repair" in refused

    looked = await office.type("repair", "--json")
    assert looked.exit_code == 1
    (fault,) = json.loads(looked.stdout)["repairs"]
    assert (fault["goal"], fault["faults"], fault["ledger"], fault["entry"]) == (goal, ["workflow_lost"], 1, None)
    assert "人事担当者が" in (await office.type("repair", "q4", MEGURI_LOCALE="ja")).stdout
    assert "may not" in await office.refused("repair", "--yes", "--as", MORI)

    shown = await office.done("repair", "q4", "--yes", "--as", HR)
    assert "repaired: a workflow was started from the ledger (entry 2)" in shown
    assert "0 with faults" in await office.done("repair")
    assert "repaired" in await office.done("audit", "show", goal)


async def test_the_lost_workflow_of_a_cycle_is_named_and_started_again(office: Office) -> None:
    await terminate(office, cycle_workflow_id(CycleId("q4")))
    looked = await office.type("repair")
    assert looked.exit_code == 1
    assert "the workflow of cycle q4 does not run" in looked.stdout
    assert "the workflow of cycle q4 was started" in await office.done("repair", "--yes", "--as", HR)
    assert "does not run" not in await office.done("repair")
