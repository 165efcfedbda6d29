"""The company of `meguri demo` is in the middle of its cycle, whatever the day; and it is set up once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.session import sample_company
from cli.session.sample_company import Opened, set_up
from cli.session.sample_story import Story, read_story
from cli.session.session import Terminal
from domain.values import Locale
from service.connection import connect_temporal
from settings import Settings
from storage.database import open_database
from tests.cli.conftest import bare_office
from tests.cli.office import ROOT, Office

__all__ = ["bare_office"]  # the fixture: servers and a worker, nobody employed yet
pytestmark = pytest.mark.slow

CYCLE = "2026-q4"
LATE = {f"{CYCLE}/{one}/1" for one in ("M0048", "M0050", "M0057", "M0059")}
OF_THE_README = ("M0005", "M0006", "M0015", "M0017", "M0031")
_SECONDS = 30


@pytest_asyncio.fixture(scope="module")
async def opened(bare_office: Office) -> AsyncIterator[Opened]:
    url = bare_office.env["DATABASE_URL"]
    settings, engine = Settings(DATABASE_URL=url, var=bare_office.folder), open_database(url)
    client = await connect_temporal(settings, at=bare_office.env["TEMPORAL_ADDRESS"])
    yield Opened(engine, client, Terminal(settings, Locale.EN, as_json=False))
    await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def company(bare_office: Office, opened: Opened) -> Office:
    """The company, after a demo that was stopped in the middle of its story and one that was not."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sample_company, "read_story", _beginning)
        assert await set_up(opened)
    assert await set_up(opened)
    async with asyncio.timeout(_SECONDS):
        while not all([await _kinds(bare_office, goal, "escalated") for goal in LATE]):  # noqa: ASYNC110 - no sign of it
            await asyncio.sleep(0.2)
    return bare_office


def _beginning(toml: bytes) -> Story:
    """The story, with the first two commands of every other goal."""
    whole = read_story(toml)
    return whole._replace(goals=[{**goal, "acts": goal["acts"][: 2 * (n % 2)]} for n, goal in enumerate(whole.goals)])


async def _goals(office: Office, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.told("goal", "list", "--cycle", CYCLE, "--limit", "200", *more))[
        "goals"
    ]
    return found


async def _ledger(office: Office, goal: str) -> Sequence[dict[str, Any]]:
    entries: Sequence[dict[str, Any]] = (await office.told("audit", "show", goal))["ledger"]
    return entries


async def _kinds(office: Office, goal: str, *kinds: str) -> list[str]:
    return [one["kind"] for one in await _ledger(office, goal) if one["kind"] in kinds]


async def test_everybody_takes_part_and_goals_are_in_every_state(company: Office) -> None:
    goals = await _goals(company)
    assert len(goals) == 120
    assert {one["state"] for one in goals} == {"draft", "pending_approval", "active", "in_review", "closed"}
    assert {one["outcome"] for one in goals if one["state"] == "closed"} == {"achieved", "withdrawn"}
    assert {one["task"]["kind"] for one in goals if one["state"] == "in_review"} == {"self_review", "verdict"}
    stages = {
        (await company.told("goal", "show", one["goal"]))["stage"]
        for one in goals
        if one["state"] == "pending_approval"
    }
    assert stages == {0, 1}


async def test_the_clock_has_reminded_who_is_late_and_asked_their_managers(company: Office) -> None:
    late = {one["goal"]: one for one in await _goals(company) if one["overdue"]}
    assert set(late) == LATE
    for goal, row in late.items():
        assert await _kinds(company, goal, "reminded", "escalated") == ["reminded", "reminded", "escalated"]
        assert len(row["task"]["assignees"]) == 2  # the owner and the next manager


async def test_what_else_is_asked_for_is_ahead_and_so_are_the_first_steps(company: Office) -> None:
    now = datetime.now(UTC)
    rows = [one for one in await _goals(company) if one["goal"] not in LATE and one["due_at"]]
    assert [one for one in rows if datetime.fromisoformat(one["due_at"]) <= now] == []
    one_of_each = {(one["department"], one["state"]): one["goal"] for one in rows}
    for goal in one_of_each.values():
        steps = (await company.told("goal", "show", goal))["content"]["steps"]
        assert all(step["due"] > now.date().isoformat() for step in steps), goal


async def test_goals_were_returned_reset_paused_shared_commented_and_calibrated(company: Office) -> None:
    assert await _kinds(company, f"{CYCLE}/M0058/1", "submitted", "returned") == ["submitted", "returned"]
    assert [one["goal"] for one in await _goals(company) if one["revision"] == 2] == [f"{CYCLE}/M0049/1"]
    assert await _kinds(company, f"{CYCLE}/M0055/1", "paused")
    assert [one["goal"] for one in await _goals(company, "--contributor", "M0054")] == [f"{CYCLE}/M0052/1"]
    assert await _kinds(company, f"{CYCLE}/M0046/1", "commented", "progress_reported") == ["progress_reported"] * 2 + [
        "commented"
    ]
    assert await _kinds(company, f"{CYCLE}/M0054/1", "adjusted")
    assert await _kinds(company, f"{CYCLE}/M0085/1", "continued")


async def test_problems_were_heard_a_manager_is_stood_in_for_and_there_is_an_example(company: Office) -> None:
    problems = (await company.told("hearing", "list", "--cycle", CYCLE))["problems"]
    assert len(problems) == 6
    assert all(one["answer_count"] for one in problems)
    (delegation,) = (await company.told("delegations"))["delegations"]
    assert (delegation["delegator"], delegation["to"]) == ("M0021", "M0022")
    stages = [one for one in await _ledger(company, f"{CYCLE}/M0061/1") if "acting_for" in one]
    assert [(one["kind"], one["actor"], one["acting_for"]) for one in stages] == [("stage_approved", "M0022", "M0021")]
    assert len((await company.told("exemplars"))["exemplars"]) == 1


async def test_the_people_of_the_readme_have_fresh_drafts(company: Office) -> None:
    for one in OF_THE_README:
        goal = await company.told("goal", "show", f"{CYCLE}/{one}/1")
        assert (goal["state"], goal["seq"], goal["task"]["assignees"]) == ("draft", 1, [one])


async def test_the_readme_shows_its_numbers(company: Office) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = readme.partition(f"$ meguri cycle status {CYCLE}\n")[2].partition("```")[0].splitlines()
    printed = [line.rstrip() for line in (await company.done("cycle", "status", CYCLE)).splitlines()]
    assert len(shown) > 10
    assert not [line for line in shown if line != "…" and line not in printed]


async def test_a_second_demo_changes_nothing(
    company: Office, opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await _rows(opened.engine)
    capsys.readouterr()
    assert await set_up(opened)
    assert "left as it is" not in capsys.readouterr().out
    assert await _rows(opened.engine) == before


async def test_a_goal_with_which_somebody_went_on_is_left_to_them(
    company: Office, opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sample_company, "read_story", _with_another_end)
        assert await set_up(opened)
    assert f"left as it is: {CYCLE}/M0087/1: " in capsys.readouterr().out


def _with_another_end(toml: bytes) -> Story:
    whole = read_story(toml)
    withdrawn = next(goal for goal in whole.goals if goal["owner"] == "M0087")
    return whole._replace(goals=[{**withdrawn, "acts": [*withdrawn["acts"], {"do": "recall"}]}])


async def _rows(engine: AsyncEngine) -> Sequence[int]:
    """How many rows the tables have to which everything is appended. What the clock did is left out."""
    async with engine.connect() as connection:
        return (
            await connection.execute(
                text("""
            SELECT (SELECT count(*) FROM goal_event WHERE actor <> '@clock'), (SELECT count(*) FROM journal),
                (SELECT count(*) FROM instruction), (SELECT count(*) FROM participant), (SELECT count(*) FROM delegation),
                (SELECT count(*) FROM problem), (SELECT count(*) FROM person_change)
            """)
            )
        ).one()


def test_the_story_names_its_goals_once() -> None:
    story = read_story((ROOT / "samples" / "story.toml").read_bytes())
    owners = [goal["owner"] for goal in story.goals]
    assert len(owners) == len(set(owners))
    assert not {*owners} & {*OF_THE_README}
