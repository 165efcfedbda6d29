"""Additional posts (兼務) from a people file to goals: drafts, who is asked, the end of a post, and goals begun for a post."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.goal.commands import Approve, Submit
from domain.goal.goal import Goal, Outcome
from domain.instructions.instructions import Close
from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.beginning import Beginnings, BeginningSource
from service.people import People
from service.reorganisation import Reorganisation
from service.sheets import Sheets
from tests.callers import by
from tests.service.steered import HARA, HR, MANAGER, MORI, SALES, TOP, Steered, cycle_file, today

pytestmark = pytest.mark.slow

HEADER = "社員番号,氏名,部署,上長,兼務区分,従事割合"
MAIN = f"{MORI},森 香織,経理部,{MANAGER},本務,70"
POST = f"{MORI},,営業部,{SALES},兼務,30"
DRAFTS = """
[[drafts]]
department = "営業部"
theme = "営業事務の効率化"
challenge = "見積書の作成に時間がかかり、回答が遅れている"
measure = { kind = "numeric", name = "平均日数", unit = "日", direction = "down", baseline = 6, target = 4 }
steps = [
    { title = "作業の流れを書き出す", due = 2026-12-11 },
    { title = "ひな形を三つ作る", due = 2027-01-22 },
]
"""


async def apply(company: Steered, *rows: str) -> dict[str, int]:
    """Applies a file with these rows; returns the effects that the preview named, over all cycles."""
    data = "\n".join([HEADER, *rows]).encode()
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(by(HR), data)
    assert compared.difference, compared.findings
    given = await reorganisation.apply(by(HR), company.client, compared, "兼務の発令")
    await company.done(given)
    assert {one.result for one in await company.instructions.results(given)} <= {"done"}
    again = await reorganisation.compare(by(HR), data)
    assert again.is_empty, (again.difference, again.effects)
    return {name: sum(getattr(one, name) for one in compared.effects) for name in ("closed", "relined")}


async def goal(company: Steered, cycle: CycleId, number: int, owner: EmployeeId = MORI) -> Goal:
    return await company.goals.require(GoalId(f"{cycle}/{owner}/{number}"))


async def test_goals_of_a_post_ask_its_manager_and_end_with_it(company: Steered) -> None:
    await company.launch("before")  # only HR of a running cycle applies a file
    await apply(company, MAIN, POST)
    cycle = await company.launch("posts", more=DRAFTS)
    main, second = await goal(company, cycle, 1), await goal(company, cycle, 2)
    assert (main.department, main.additional, main.line) == ("経理部", False, (MANAGER, TOP))
    assert (second.department, second.additional, second.line) == ("営業部", True, (SALES, TOP))
    assert (main.content.theme, second.content.theme) == ("月次決算の早期化", "営業事務の効率化")

    seq = (await company.goals.give(second.id, Submit(actor=MORI))).seq
    with pytest.raises(Refusal) as refused:
        await company.goals.give(second.id, Approve(actor=MANAGER, expected_seq=seq))
    assert refused.value.code is Code.NOT_ALLOWED
    await company.goals.give(second.id, Approve(actor=SALES, expected_seq=seq))

    [sheet] = [one async for one in Sheets(company.engine).sheets_of(by(HR), cycle, person=MORI)]
    assert sheet.person.posts == ("営業部",)
    page = await People(company.engine).person(by(HR), MORI)
    assert [(post.department, post.share) for post in page.employee.posts] == [("営業部", 30)]
    members = await People(company.engine).department(by(HR), "営業部")
    assert MORI in {one.id for one in members.people}

    ended = await apply(company, MAIN.replace(",70", ","))
    assert ended["closed"] >= 1
    assert (await goal(company, cycle, 1)).state is State.DRAFT
    settled = await goal(company, cycle, 2)
    assert (settled.state, settled.outcome) == (State.CLOSED, Outcome.SETTLED)


async def test_a_goal_is_begun_for_a_post_and_follows_another_manager_of_it(company: Steered) -> None:
    cycle = await company.launch("posts-begun")
    await apply(company, MAIN, POST)
    begin = Beginnings(company.engine, company.client).begin
    begun = await begin(by(HR), cycle, BeginningSource(), owner=MORI, post="営業部")
    found = await company.goals.require(begun.goal)
    assert (found.department, found.additional, found.line[0]) == ("営業部", True, SALES)
    with pytest.raises(Refusal) as refused:
        await begin(by(HR), cycle, BeginningSource(), owner=MORI, post="人事部")
    assert refused.value.code is Code.NO_SUCH_POST

    relined = await apply(company, MAIN, POST.replace(SALES, HR))
    assert relined["relined"] >= 1
    assert (await company.goals.require(begun.goal)).line[0] == HR

    # The posts change places: each goal stays with its department.
    await apply(company, f"{MORI},森 香織,営業部,{SALES},本務,70", f"{MORI},,経理部,{MANAGER},兼務,30")
    begun_now, main_now = await company.goals.require(begun.goal), await goal(company, cycle, 1)
    assert (begun_now.department, begun_now.additional, begun_now.line[0]) == ("営業部", False, SALES)
    assert (main_now.department, main_now.additional, main_now.line[0]) == ("経理部", True, MANAGER)
    await apply(company, MAIN.replace(",70", ","))


async def test_a_launch_carries_goals_over_in_their_posts_and_the_other_posts_get_their_drafts(
    company: Steered,
) -> None:
    both = [f"{HARA},原田 修,経理部,{MANAGER},本務,70", f"{HARA},,営業部,{SALES},兼務,30"]
    await company.launch("posts-now")  # only HR of a running cycle applies a file
    await apply(company, MAIN, POST, *both)
    first = await company.launch("posts-first", more=DRAFTS)
    for owner, number, approver in ((MORI, 2, SALES), (HARA, 1, MANAGER)):
        at_work = await goal(company, first, number, owner)
        await company.goals.give(at_work.id, Submit(actor=owner))
        await company.goals.give(at_work.id, Approve(actor=approver, expected_seq=2))
    await company.carried_out(Close(reason="終了"), first)
    await company.until(first, "closed")

    naming = f'reviews = []\ncarry_over = "{first}"'
    file = (cycle_file("posts-next") + DRAFTS).replace("reviews = []", naming)
    found = await company.cycles.check(file.encode(), today(), starts=today())
    assert found.goals == 7  # two of each of the two, one of each other
    await company.cycles.launch(found, HR, datetime.now(UTC))
    cycle = CycleId("posts-next")
    await company.until(cycle, "open")
    assert len(await company.goals.find_all(cycle=cycle)) == found.goals
    slots = [slot for _, slot in (await company.participants(cycle)).values()]
    assert slots == [0, 2, 4, 5, 6]
    of_post, main = await goal(company, cycle, 1), await goal(company, cycle, 2)
    assert (of_post.carried_from, of_post.department, of_post.additional, of_post.line[0]) == (
        f"{first}/{MORI}/2", "営業部", True, SALES,
    )  # fmt: skip
    assert (main.carried_from, main.department, main.additional) == (None, "経理部", False)
    assert main.content.theme == "月次決算の早期化"
    main, of_post = await goal(company, cycle, 1, HARA), await goal(company, cycle, 2, HARA)
    assert (main.carried_from, main.additional) == (f"{first}/{HARA}/1", False)
    assert (of_post.carried_from, of_post.department, of_post.additional) == (None, "営業部", True)
    assert of_post.content.theme == "営業事務の効率化"
    for one in (main, of_post):
        assert (await company.goals.prove(one.id)).holds


async def test_a_goal_that_is_carried_over_by_command_goes_on_in_its_post(company: Steered) -> None:
    await company.launch("posts-again")
    await apply(company, MAIN, POST)
    first, second = await company.launch("posts-earlier", more=DRAFTS), await company.launch("posts-later")
    source = await goal(company, first, 2)
    await company.goals.give(source.id, Submit(actor=MORI))
    await company.goals.give(source.id, Approve(actor=SALES, expected_seq=2))
    await company.carried_out(Close(reason="終了"), first)
    begin = Beginnings(company.engine, company.client).begin
    given: dict[str, Any] = {"owner": MORI, "command_id": "carried"}
    begun = await begin(by(HR), second, BeginningSource(carried_from=source.id), **given)
    found = await company.goals.require(begun.goal)
    assert (found.department, found.additional, found.line[0]) == ("営業部", True, SALES)
    await apply(company, MAIN.replace(",70", ","))  # the post ends before the command comes again
    assert (await begin(by(HR), second, BeginningSource(carried_from=source.id), **given)).goal == begun.goal
