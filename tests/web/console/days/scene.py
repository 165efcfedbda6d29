"""What the walks of a day share: the company with what other people do meanwhile, and what a page says when something was done."""

from dataclasses import dataclass

from playwright.async_api import expect

from domain.goal.commands import Approve, CallReview, Command, CompleteStep, ReportProgress, SubmitSelfReview
from domain.goal.goal import Goal
from domain.values import CycleId, EmployeeId
from tests.service.steered import Steered, goal_of
from tests.web.console.ways import Way
from web.console.forms import fresh_id

CYCLE = "2026年度 第4四半期"  # the name of each
DRAFT = "月次決算の早期化"  # the theme that HR prepared for accounting


@dataclass(frozen=True)
class Scene:
    """The company of a walk. `number`: of the walk, from 0; no two of one module have the same."""

    company: Steered
    number: int

    async def does(self, cycle: CycleId, owner: EmployeeId, *acts: Command) -> Goal:
        for one in acts:
            await self.company.goals.give(goal_of(cycle, owner), one, fresh_id())
        return await self.company.goal(cycle, owner)

    async def works_until_review(self, cycle: CycleId, owner: EmployeeId, approver: EmployeeId | None = None) -> Goal:
        """The owner's goal is approved, has a step, a report, and a review with a self-review. README's numbers."""
        goal = await self.company.goal(cycle, owner)
        if approver:
            goal = await self.does(cycle, owner, Approve(actor=approver, expected_seq=goal.seq))
        return await self.does(
            cycle,
            owner,
            CompleteStep(actor=owner, step=0),
            ReportProgress(actor=owner, value="8"),
            CallReview(actor=owner, reason="早めに相談したい"),
            SubmitSelfReview(actor=owner, went_well="手順を分けた"),
        )


async def is_recorded(way: Way, event: str) -> None:
    """The page says what was recorded: of the ledger, not of the press."""
    said = way.text("console.done.recorded", what=way.word("event", event), seq="\0").partition("\0")[0]
    await expect(way.page.get_by_role("status").first).to_contain_text(said)


async def is_finished(way: Way) -> None:
    """The page of the instruction is read again by itself until it is done."""
    await expect(way.page.locator("main .state.active").first).to_be_visible()
    await way.look()
