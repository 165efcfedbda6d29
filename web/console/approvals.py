"""Approving several goals at once: what was chosen once more as a list, and a result for each goal."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.access import person_of
from domain.goal.goal import Goal
from domain.goal.possible import possible
from domain.refusals import Refusal
from domain.values import GoalId
from service.bulk import BulkCommands, RowResult
from service.giving import Request as Asked
from service.goals import SeenGoal
from service.inbox import TaskAction
from service.message_names import names_in_messages
from texts.say import say
from web.console.forms import TypedForm, fresh_id
from web.console.route import SEE_OTHER, PageRoute
from web.console.today import seen_goals
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MOST = 100  # goals of one approval


class Chosen(NamedTuple):
    """A goal of a bulk approval, as it was seen on the page before."""

    goal: GoalId
    seen: int
    acting_for: str | None


@router.get("/approvals")
async def confirm(visit: AtPage, goal: Annotated[list[str], Query(max_length=MOST)] = []) -> Response:  # noqa: B006 - FastAPI copies it
    """What will be approved, once more as a list, before it is."""
    chosen = [one for one in map(_chosen, goal) if one]
    if not chosen:
        return RedirectResponse("/?chosen=none", SEE_OTHER)
    return visit.page("approvals.html", **await _rows(visit, chosen, {}), command_id=fresh_id(), comment="")


@router.get("/approvals/all")
async def confirm_all(visit: AtPage) -> Response:
    """The same for everything that waits for the person's approval, up to a hundred."""
    page = await visit.opened.inbox.read(visit.caller, person_of(visit.caller), visit.now, limit=5 * MOST)
    waiting = [one for one in page.items if one.action is TaskAction.APPROVE and not one.goal.paused]
    chosen = [Chosen(one.goal.goal, one.goal.seq, one.acting_for) for one in waiting[:MOST]]
    if not chosen:
        return RedirectResponse("/", SEE_OTHER)
    return visit.page("approvals.html", **await _rows(visit, chosen, {}), command_id=fresh_id(), comment="")


@router.post("/approvals")
async def approve(visit: AtPage, typed: TypedForm) -> Response:
    """Approves each goal by itself. The page names what was approved, what was refused and why, and what had been done before.

    Sent again, it changes nothing: the id of the form is that of each command, and each goal carries out an id once.
    """
    chosen = [one for one in map(_chosen, typed.all("goal")) if one][:MOST]
    if not chosen:
        return RedirectResponse("/?chosen=none", SEE_OTHER)
    identity, comment = typed.command_id, typed.filled("comment")
    asked = [(one.goal, Asked("approve", {"comment": comment}, one.acting_for, one.seen, identity)) for one in chosen]
    results = await BulkCommands(visit.opened.engine, await visit.opened.temporal.client()).give_each(
        visit.caller, asked
    )
    found = {one.goal: result for one, result in zip(chosen, results, strict=True)}
    return visit.page("approvals.html", **await _rows(visit, chosen, found), command_id=identity, comment=comment or "")


class Row(NamedTuple):
    """A goal of a bulk approval: as it is now, or why it cannot be seen; and the result, if there is one."""

    chosen: Chosen
    seen: SeenGoal | None
    outcome: str | None
    why: str | None
    waits: bool  # for the person's approval, now

    @property
    def value(self) -> str:
        return (
            f"{self.chosen.goal}@{self.seen.goal.seq if self.seen else self.chosen.seen}@{self.chosen.acting_for or ''}"
        )


async def _rows(visit: Visit, chosen: list[Chosen], results: dict[GoalId, RowResult]) -> dict[str, Any]:
    seen = await seen_goals(visit, [one.goal for one in chosen])
    reasons = [one.reason.message for one in results.values() if one.reason]
    names = await names_in_messages(visit.opened.engine, reasons)
    rows = []
    for one in chosen:
        found, result = seen[one.goal], results.get(one.goal)
        why = say(result.reason.message, visit.locale, names) if result and result.reason else None
        if result is None and isinstance(found, Refusal):
            why = say(found.message, visit.locale)
        seen_now = found if isinstance(found, SeenGoal) else None
        outcome = result.outcome.value if result else None
        waits = seen_now is not None and _waits(visit, seen_now.goal) and outcome in (None, "refused", "no_answer")
        rows.append(Row(one, seen_now, outcome, why, waits))
    counts: dict[str, int] = {}
    for row in rows:
        if row.outcome:
            counts[row.outcome] = counts.get(row.outcome, 0) + 1
    return {"rows": rows, "counts": counts, "is_result": bool(results)}


def _waits(visit: Visit, goal: Goal) -> bool:
    """Whether the goal waits for an approval that the person may give."""
    return any(one.name == "approve" for one in possible(goal, visit.who.employee, visit.now))


def _chosen(value: str) -> Chosen | None:
    """What a check box says; None for what is none."""
    goal, _, rest = value.partition("@")
    seen, _, acting_for = rest.partition("@")
    if not (goal and seen.isascii() and seen.isdigit() and len(seen) < 10):  # noqa: PLR2004 - digits of a version
        return None
    return Chosen(GoalId(goal), int(seen), acting_for or None)
