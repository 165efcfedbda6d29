"""From the import of people to the closed cycle, only with commands."""

from decimal import Decimal

from tests.cli.office import HARA, HR, MANAGER, MORI, PEOPLE, PEOPLE_IN_CYCLE, Office, goal_file, today

GOAL = f"path/{MORI}/1"


async def test_a_cycle_goes_from_the_import_to_its_close_by_commands_alone(bare_office: Office) -> None:
    office = bare_office
    people, cycle = office.file("people.csv", PEOPLE), office.cycle_file("path")
    goal, starts = office.file("goal.toml", goal_file()), today().isoformat()
    assert (await office.told("people", "import", people))["imported"]["added"] == PEOPLE_IN_CYCLE

    checked = await office.told("cycle", "check", cycle, "--starts", starts)
    assert (checked["refused"], checked["people_count"], checked["goal_count"]) == (
        False,
        PEOPLE_IN_CYCLE,
        PEOPLE_IN_CYCLE,
    )
    launched = await office.told("cycle", "start", cycle, "--as", HR, "--starts", starts)
    assert launched["participants"] == {"started": PEOPLE_IN_CYCLE}

    await office.done("goal", "revise", GOAL, goal, "--as", MORI)
    submitted = await office.told("goal", "submit", GOAL, "--as", MORI)
    assert (submitted["state"], submitted["task"]["assignees"]) == ("pending_approval", [MANAGER])
    assert (await office.told("goal", "recall", GOAL, "--as", MORI))["state"] == "draft"
    await office.done("goal", "submit", GOAL, "--as", MORI)
    assert (await office.told("goal", "return", GOAL, "--as", MANAGER, "--comment", "数値を"))["state"] == "draft"
    await office.done("goal", "submit", GOAL, goal, "--as", MORI)
    assert (await office.approve(GOAL, MANAGER))["state"] == "active"

    await office.done("goal", "comment", GOAL, "--as", MANAGER, "--text", "応援しています")
    await office.done("goal", "progress", GOAL, "--as", MORI, "--value", "8", "--evidence", "10 月の実績")
    assert (await office.told("goal", "step", GOAL, "1", "--as", MORI))["score"] == "20"
    await office.done("goal", "review", "call", GOAL, "--as", MORI, "--reason", "早めに確認したい")
    await office.done("goal", "review", "self", GOAL, "--as", MORI, "--went-well", "手順が揃った")
    decided = await office.decide(GOAL, "continue", "--as", MANAGER, "--bonus", "5", "--comment", "他部署も助けた")
    assert (decided["state"], Decimal(decided["score"])) == ("active", Decimal(20 + 30 + 5))
    given_up = await office.told("goal", "withdraw", f"path/{HARA}/1", "--as", HARA, "--reason", "異動のため")
    assert (given_up["state"], given_up["task"]) == ("closed", None)

    ended = await office.told("cycle", "close", "path", "--as", HR, "--yes", "--reason", "期末")
    assert (ended["state"], ended["counts"]) == ("done", {"done": 5})
    status = await office.told("cycle", "status", "path")
    assert (status["state"], status["closed_at"] is not None) == ("closed", True)
    assert status["goals_by_department"] == {"経営": {"closed": 1}, "人事部": {"closed": 1}, "経理部": {"closed": 4}}
    outcomes = {one["goal"]: one["outcome"] for one in (await office.told("goal", "list", "--cycle", "path"))["goals"]}
    assert (outcomes[GOAL], outcomes[f"path/{HARA}/1"]) == ("settled", "withdrawn")
    for one in outcomes:
        assert (await office.told("audit", "show", one))["holds"]
    for nobody_waits in (HR, MANAGER, MORI):
        assert (await office.told("inbox", nobody_waits))["waiting"] == []
