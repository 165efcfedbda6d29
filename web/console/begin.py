"""Beginning to write: which goal, and from what. Sources are an entry of the catalogue, an example, a heard problem, last cycle, or nothing."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.access import person_of
from domain.lifecycle import State
from domain.refusals import Refusal
from domain.values import CycleId, GoalId
from domain.writing import catalog
from service.answers import NoAnswer
from service.beginning import Beginnings, BeginningSource
from service.exemplars import Exemplars
from service.goal_documents import GoalFilter, ListedGoal
from service.hearing import Hearing
from service.may_begin import MayBegin
from service.message_names import names_in_messages
from texts.say import say
from web.console.forms import TypedForm, fresh_id
from web.console.goal import goal_path
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_OWN = 50  # of the person's goals, newest cycles first
_MOST = 30  # examples and problems to choose from


class Source(NamedTuple):
    """What a draft may begin with: as `from` in the address of the form."""

    value: str
    text: str


@router.get("/goals/write")
async def choose(visit: AtPage, source: Annotated[str, Query(alias="from", max_length=300)] = "") -> Response:
    return await _page(visit, source)


@router.post("/goals/begin")
async def begin(visit: AtPage, typed: TypedForm) -> Response:
    """Begins another goal of the person, as a blank draft or with what the source has; then the form to write it."""
    cycle, source = CycleId(typed.get("cycle", "")), typed.get("source", "")
    kind, _, value = source.partition(":")
    wanted = BeginningSource(
        catalog=value if kind == "catalog" else None, carried_from=GoalId(value) if kind == "goal" else None
    )
    use_cases = Beginnings(visit.opened.engine, await visit.opened.temporal.client())
    try:
        given = await use_cases.begin(visit.caller, cycle, wanted, command_id=typed.command_id)
    except (Refusal, NoAnswer) as refused:
        names = await names_in_messages(visit.opened.engine, [refused.message])
        return await _page(visit, source, status_of(refused), say(refused.message, visit.locale, names))
    rest = "" if kind in ("", "catalog", "goal") else f"?from={source}"
    return RedirectResponse(f"{goal_path(given.goal)}/edit{rest}", SEE_OTHER)


async def _page(visit: Visit, source: str, status: int = 200, summary: str = "") -> Response:
    own = await visit.opened.goals.list_goals(
        visit.caller, GoalFilter(owner=person_of(visit.caller), limit=_OWN), visit.now
    )
    running = set(visit.who.cycles)
    drafts = [one for one in own.goals if one.cycle in running and one.state == State.DRAFT]
    ended = [one for one in own.goals if one.cycle not in running and one.state == State.CLOSED]
    another = await MayBegin(visit.opened.engine).read(visit.caller, visit.who.cycles, visit.now)
    whys = {one.cycle: one.why_not for one in another if one.why_not}
    names = await names_in_messages(visit.opened.engine, whys.values())
    problems, examples = await _problems(visit), await _examples(visit)
    chosen = next((one for one in (*examples, *problems) if one.value == source), None) or _of_catalog(visit, source)
    return visit.page(
        "begin.html",
        status,
        chosen=chosen,
        drafts=drafts,
        problems=problems,
        examples=examples,
        ended=[Source(f"goal:{one.goal}", _name(one)) for one in ended],
        command_id=fresh_id(),
        summary=summary,
        cycles=[one.cycle for one in another if one.why_not is None],
        whys={cycle: say(why, visit.locale, names) for cycle, why in whys.items()},
    )


def _of_catalog(visit: Visit, source: str) -> Source | None:
    """An entry of the catalogue that led here. Raises a `Refusal` for one that is not there."""
    kind, _, value = source.partition(":")
    return Source(source, catalog.find(value).name.in_(visit.locale)) if kind == "catalog" else None


def _name(goal: ListedGoal) -> str:
    return f"{goal.theme} ({goal.cycle})"


async def _problems(visit: Visit) -> list[Source]:
    """Problems of the newest cycle, those first that no goal answers."""
    if not visit.who.cycles:
        return []
    found = (await Hearing(visit.opened.engine).list_problems(visit.caller, visit.who.cycles[0])).problems
    ordered = sorted(found, key=lambda one: one.answers)
    return [Source(f"problem:{one.id}", f"{one.department}: {one.text}") for one in ordered[:_MOST]]


async def _examples(visit: Visit) -> list[Source]:
    found = await Exemplars(visit.opened.engine).search(visit.caller)
    return [Source(f"example:{one.id}", f"{one.department}: {one.content.theme}") for one in found[:_MOST]]
