"""Lists of goals, with their filters in the address."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.lifecycle import State
from domain.values import Storable
from service.goal_documents import GoalFilter
from texts.words import word
from web.console.route import PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50
MARKS = ("overdue", "escalated", "returned", "paused")

_Text = Annotated[str, Storable, Field(max_length=300)]


class Wanted(BaseModel):
    """The filters in the address; empty: all. `person`: the beginning of a name, or a whole number. `mark`: what stands out."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    cycle: _Text = ""
    state: Literal["", *(one.value for one in State)] = ""  # type: ignore[valid-type]  # made of the states
    mark: Literal["", *MARKS] = ""  # type: ignore[valid-type]
    department: _Text = ""
    person: _Text = ""
    owner: _Text = ""
    waits_for: _Text = ""
    after: _Text = ""

    @property
    def query(self) -> dict[str, str]:
        """The filters that are set, for addresses of further pages."""
        return {name: value for name, value in self.model_dump(exclude={"after"}).items() if value}

    def of_cycle(self, cycle: str) -> GoalFilter:
        return GoalFilter(
            cycle=cycle or None,
            owner=self.owner.strip() or None,
            state=self.state or None,
            department=self.department.strip() or None,
            limit=PAGE,
            after=self.after,
            overdue=self.mark == "overdue",
            escalated=self.mark == "escalated",
            paused=self.mark == "paused",
            returned=self.mark == "returned",
            waits_for=self.waits_for.strip() or None,
            words=self.person.strip() or None,
        )


@router.get("/goals")
async def list_goals(visit: AtPage, wanted: Annotated[Wanted, Query()]) -> Response:
    chosen = wanted.cycle or ("" if wanted.owner else next(iter(visit.who.cycles), ""))
    found = await visit.opened.goals.list_goals(visit.caller, wanted.of_cycle(chosen), visit.now)
    cycles = await visit.opened.cycles.list_cycles(visit.caller)
    return visit.page(
        "goals.html",
        found=found,
        wanted=wanted,
        query={**wanted.query, "cycle": chosen},
        cycle_choices=[
            *([("", visit.text("console.list.all"))] if wanted.owner else ()),
            *((one.cycle, f"{one.name} ({one.cycle})") for one in cycles.cycles),
        ],
        state_choices=_choices(visit, [(one.value, word("state", one, visit.locale)) for one in State]),
        mark_choices=_choices(visit, [(one, visit.text(f"console.board.{one}")) for one in MARKS]),
    )


def _choices(visit: Visit, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", visit.text("console.list.all")), *found]
