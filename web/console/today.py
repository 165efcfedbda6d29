"""Today: what a person must do, by due date, and what became of their own goals."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.access import person_of
from domain.findings import Finding
from domain.goal.goal import Goal
from domain.notices.notices import NoticeKind
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Refusal
from domain.values import GoalId
from service.goal_documents import GoalFilter
from service.goals import SeenGoal
from service.inbox import InboxItem, TaskAction
from service.notices import ListedNotice, Notices
from web.console.goal import goal_path
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 20  # tasks
_OWN = 20  # of the person's own goals
_NEWS, _NOTICES = 8, 30  # shown, of the newest notices
# Notices that tell what became of a goal; those that ask for something are tasks on the page.
_TELLS = frozenset(
    {
        NoticeKind.STAGE_APPROVED, NoticeKind.APPROVED, NoticeKind.RETURNED, NoticeKind.RECALLED, NoticeKind.VERDICT_GIVEN,
        NoticeKind.GOAL_RESET, NoticeKind.GOAL_CLOSED, NoticeKind.GOAL_LAPSED, NoticeKind.WITHDRAWN, NoticeKind.COMMENTED,
        NoticeKind.PAUSED, NoticeKind.RESUMED, NoticeKind.EXTENDED, NoticeKind.REOPENED, NoticeKind.HANDED_OVER, NoticeKind.TAKEN_OVER,
    }
)  # fmt: skip


class Waiting(NamedTuple):
    """A task on the page. `goal` is there for decisions: what would be signed, with the findings of the writing rules."""

    item: InboxItem
    goal: Goal | None
    findings: tuple[Finding, ...]

    @property
    def can_approve(self) -> bool:
        return self.goal is not None and self.item.action is TaskAction.APPROVE and not self.item.goal.paused

    @property
    def chosen(self) -> str:
        """The value of the check box: which goal, which version, and in whose name."""
        return f"{self.item.goal.goal}@{self.item.goal.seq}@{self.item.acting_for or ''}"


@router.get("/")
async def today(
    visit: AtPage, after: Annotated[str, Query(max_length=300)] = "", chosen: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """`chosen=none`: somebody wanted to approve several goals at once, and chose none."""
    person = person_of(visit.caller)
    page = await visit.opened.inbox.read(visit.caller, person, visit.now, after=after, limit=PAGE)
    seen = await seen_goals(
        visit, [one.goal.goal for one in page.items if one.action in (TaskAction.APPROVE, TaskAction.DECIDE)]
    )
    own = await visit.opened.goals.list_goals(visit.caller, GoalFilter(owner=person, limit=_OWN), visit.now)
    delegations = await visit.opened.instructions.list_delegations(visit.caller, person, visit.now)
    running = [one for one in own.goals if one.cycle in visit.who.cycles]
    return visit.page(
        "today.html",
        waiting=[_waiting(one, seen) for one in page.items],
        names=page.names,
        acts_for=[one for one in delegations.delegations if one.to_id == person] if not after else [],
        delegators=delegations.names,
        today=visit.now.astimezone(DIRECTORY_ZONE).date(),
        next=page.next,
        is_first=not after,
        chose_none=chosen == "none",
        own=running,
        news=[] if after else await _news(visit),
    )


@router.get("/inbox")
async def inbox() -> Response:
    """Where mails lead to."""
    return RedirectResponse("/", SEE_OTHER)


@router.get("/next")
async def next_task(visit: AtPage) -> Response:
    """Leads to the goal that waits for the person with the earliest due date, one after the other; to Today where none waits."""
    page = await visit.opened.inbox.read(visit.caller, person_of(visit.caller), visit.now, limit=PAGE)
    first = next(
        (one.goal.goal for one in page.items if not one.goal.paused and one.action is not TaskAction.COMMENT), None
    )
    return RedirectResponse(goal_path(first) if first else "/", SEE_OTHER)


async def _news(visit: Visit) -> list[ListedNotice]:
    """What became lately of goals that the person may see."""
    found = await Notices(visit.opened.engine).own(visit.caller, limit=_NOTICES)
    return [one for one in found.notices if one.kind in _TELLS and one.theme is not None][:_NEWS]


async def seen_goals(visit: Visit, goals: list[GoalId]) -> dict[GoalId, SeenGoal | Refusal]:
    return await visit.opened.goals.read_before_deciding(visit.caller, goals) if goals else {}


def _waiting(item: InboxItem, seen: dict[GoalId, SeenGoal | Refusal]) -> Waiting:
    found = seen.get(item.goal.goal)
    return Waiting(item, found.goal, found.findings) if isinstance(found, SeenGoal) else Waiting(item, None, ())
