"""A cycle in which the points of goals count times their weights, from the cycle file to the results."""

import csv
import io
from pathlib import Path

import pytest_asyncio
from python_calamine import CalamineWorkbook

from tests.cli.office import CYCLE, HR, MANAGER, MORI, ONO, Office, goal_file, today

GOAL = f"w4/{ONO}/1"


@pytest_asyncio.fixture(scope="module")
async def weighted(office: Office) -> Office:
    """A goal of 33.3 % with a step of 20 points, half of the measure's 60, and a bonus of 5."""
    file = office.cycle_file("w4", CYCLE + "\n[policy]\nweighted = true\n")
    await office.done("cycle", "start", file, "--as", HR, "--starts", today().isoformat(), "--overlapping")
    await office.done("goal", "submit", GOAL, office.file("w.toml", goal_file(more='weight = "33.3"')), "--as", ONO)
    await office.approve(GOAL, MANAGER)
    await office.done("goal", "step", GOAL, "1", "--as", ONO)
    await office.done("goal", "progress", GOAL, "--value", "8", "--as", ONO)
    await office.done("goal", "review", "call", GOAL, "--as", ONO, "--reason", "早めに")
    await office.done("goal", "review", "self", GOAL, "--as", ONO, "--went-well", "手順が揃った")
    await office.decide(GOAL, "continue", "--as", MANAGER, "--bonus", "5", "--comment", "手本")
    return office


async def test_the_score_shows_its_terms_and_the_weight(weighted: Office) -> None:
    table = await weighted.done("goal", "score", GOAL)
    for part in (
        "20 x 33.3 %",
        "30.00 x 33.3 %",
        "5 x 33.3 %",
        "55.00 points of this revision x 33.3 %",
        "score 18.32",
    ):
        assert part in table
    shown = await weighted.done("goal", "show", GOAL)
    assert "score   18.32 = banked 0 + 33.3 % of (steps 20 + measure 30.00 + bonus 5)" in shown
    document = await weighted.told("goal", "score", GOAL)
    assert (document["score"], document["weight_factor"]) == ("18.32", "0.333")
    assert (await weighted.told("goal", "show", GOAL))["content"]["weight"] == "33.3"


async def test_the_sheet_and_the_results_show_at_what_share_points_count(weighted: Office, tmp_path: Path) -> None:
    await weighted.done("sheet", "results", "w4", tmp_path / "r.csv", "--as", HR)
    (row,) = [
        one for one in csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig"))) if one["goal"] == GOAL
    ]
    assert (row["weight"], row["score"], row["points count at %"]) == ("33.3", "18.32", "33.3")
    await weighted.done("sheet", "results", "w4", tmp_path / "r.xlsx", "--as", HR)
    rows = CalamineWorkbook.from_path(tmp_path / "r.xlsx").get_sheet_by_name("goals").to_python()
    (found,) = [one for one in rows if one[0] == GOAL]
    assert (found[5], found[18]) == (33.3, 33.3)


async def test_a_weight_that_does_not_fit_is_refused(weighted: Office) -> None:
    for wrong in ("33.333", "0", "101"):
        assert "weight" in await weighted.refused("goal", "review", "form", GOAL, "--weight", wrong)
    assert "--weight" in await weighted.refused("goal", "review", "form", GOAL, "--weight", "30%", code=2)
    assert " 12.5 %" in await weighted.done("goal", "review", "form", GOAL, "--weight", "12.50")


async def test_a_cycle_of_the_same_company_without_the_rule_counts_points_as_they_are(weighted: Office) -> None:
    assert (await weighted.told("goal", "score", f"q4/{MORI}/1"))["weight_factor"] == "1"


async def test_a_reset_with_another_weight_keeps_the_points(weighted: Office) -> None:
    await weighted.done("goal", "review", "call", GOAL, "--as", ONO, "--reason", "見直し")
    await weighted.done("goal", "review", "self", GOAL, "--as", ONO, "--went-well", "順調")
    reset = ("--as", MANAGER, "--comment", "対象を絞る", "--weight", "12.5")
    await weighted.decide(GOAL, "unrealistic", *reset)
    document = await weighted.told("goal", "score", GOAL)
    assert (document["score"], document["score_terms"]["banked"], document["weight_factor"]) == (
        "18.32",
        "18.32",
        "0.125",
    )
    assert "revision 1" in await weighted.done("goal", "score", GOAL)
