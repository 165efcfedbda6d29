"""Use case: a goal is handed over to another owner. Its effect can be looked at first; the worker decides and carries it out."""

import asyncio
import secrets
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from domain.access import Caller, actor_of
from domain.cycle.evaluators import evaluators_of, rules_of
from domain.cycle.succession import Handover, next_goal_of, require_may_take_over
from domain.goal import scoring
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.goal.handing import Succession, succession_of
from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import CommandId, EmployeeId, Frozen, GoalId, Number
from domain.writing.content import Content, NumericMeasure
from service.answers import ANSWER_SECONDS, NoAnswer, compose
from service.cycle_lookup import require_cycle
from service.giving import Given, given_of
from service.goal_documents import Names
from service.owner_in_cycle import organisation_of, owner_in_cycle
from service.projection import names_by_id, require_goal
from service.relations import visible_goal
from storage import beginnings
from storage.database import read_transaction
from storage.goals import open_goals_under
from storage.people import find_employee

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

    from domain.cycle.beginning import OwnerInCycle
    from domain.people.organisation import Organisation
    from storage.cycles import Cycle
    from workflows.beginning import Begun


class HandoverRequest(NamedTuple):
    """Who goes on with the goal, with which weight (None: the same), and why."""

    to: EmployeeId
    reason: str
    weight: str | None = None
    acting_for: str | None = None


class HandoverPreview(Frozen):
    """What handing the goal over would do. `score` stays with the owner.

    `unreviewed` are points that were reported and not confirmed: they stay out of the score. `running_weight` is the weight of the new
    owner's running goals. `approver` is asked first for the new goal; None: HR. `approvers` are all who are asked at the same time.
    """

    goal: GoalId
    owner: EmployeeId
    score: Number
    unreviewed: Number
    successor: GoalId
    to: EmployeeId
    approver: EmployeeId | None
    approvers: tuple[EmployeeId, ...]
    away: bool  # the new owner is on leave: the new goal begins paused
    weight: Number
    running_weight: Number
    step_count: int  # open ones
    baseline: Number | None  # of a numeric measure
    follows: tuple[GoalId, ...]  # open goals under the goal, which get the new one as their parent
    names: Names = Field(exclude=True)


class HandoverReads:
    """What a handover would do. Needs only the database."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def preview(self, caller: Caller, goal: GoalId, request: HandoverRequest) -> HandoverPreview:
        """What the handover would do now. Raises the `Refusal` that it would be refused with."""
        asked = await self._asked(caller, goal, request, None)
        async with read_transaction(self._engine) as connection:
            return await _preview(connection, asked)

    async def _asked(self, caller: Caller, goal: GoalId, request: HandoverRequest, command_id: str | None) -> Handover:
        """The request, if the caller may see the goal and the new owner is known. The goal's workflow decides the rest."""
        actor = actor_of(caller)
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            person = await find_employee(connection, request.to)
            if person is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=request.to[:80], near="")
        fields = {
            "goal": found.id,
            "to": person.id,
            "actor": actor,
            "acting_for": request.acting_for,
            "command": CommandId(command_id or secrets.token_hex(8)),
            "weight": request.weight,
            "reason": request.reason,
        }
        return compose(Handover, fields)


class HandingOver(HandoverReads):
    """Handing over, which also needs Temporal."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._temporal = temporal

    async def hand_over(
        self, caller: Caller, goal: GoalId, request: HandoverRequest, command_id: str | None = None
    ) -> Given:
        """Hands the goal over; the result is the new goal. Keyed by the command's id: a repeat changes nothing.

        Raises `Refusal` (nothing changed) and `NoAnswer`.
        """
        asked = await self._asked(caller, goal, request, command_id)
        begun = await self._answer(asked)
        if begun.refused is not None:
            raise Refusal(begun.refused.code, **begun.refused.fields)
        async with read_transaction(self._engine) as connection:
            after = await require_goal(connection, begun.goal or goal)
            if after.owner != asked.to or after.handed_from != goal:
                raise Refusal(Code.COMMAND_ID_USED, command_id=asked.command, seq=after.seq)
            return await given_of(connection, after, asked.command)

    async def _answer(self, asked: Handover) -> "Begun":
        from temporalio.common import WorkflowIDConflictPolicy

        from workflows.handing_over import HandoverWorkflow, handover_workflow_id
        from workflows.queues import GOALS

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._temporal.execute_workflow(
                    HandoverWorkflow.run,
                    asked,
                    id=handover_workflow_id(asked.goal, asked.command),
                    task_queue=GOALS,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )
        except TimeoutError as error:
            raise NoAnswer(asked.command, ANSWER_SECONDS) from error


async def _preview(connection: "AsyncConnection", asked: Handover) -> HandoverPreview:
    goal, now = await require_goal(connection, asked.goal), datetime.now(UTC)
    cycle = await require_cycle(connection, goal.cycle)
    organisation = await organisation_of(connection, cycle, asked.to)
    participant = await beginnings.participant_of(connection, cycle.id, asked.to)
    found = await owner_in_cycle(connection, cycle, asked.to, organisation, participant)
    successor = next_goal_of(goal, asked.to, found.goals)
    events = decide(goal, asked.as_command(successor, asked.command), now)
    succession = succession_of(goal, events[0])
    if succession is None:
        raise TypeError("a handover begins another goal")
    line = organisation.active_line(asked.to) if found.works_here else ()
    require_may_take_over(succession, found, line, now)
    return HandoverPreview(
        **_kept(evolve_all(goal, events)),
        **_goes_on(succession, found, cycle, organisation),
        follows=tuple(GoalId(one) for one in await open_goals_under(connection, goal.cycle, goal.id)),
        names=await names_by_id(connection, {goal.owner, *organisation.employees}),
    )


def _kept(after: Goal) -> dict[str, object]:
    """What stays with the owner; `after` is the goal when it is handed over."""
    return {
        "goal": after.id,
        "owner": after.owner,
        "score": scoring.score(after),
        "unreviewed": scoring.unreviewed(after),
    }


def _goes_on(
    succession: Succession, found: "OwnerInCycle", cycle: "Cycle", organisation: "Organisation"
) -> dict[str, object]:
    """What the new owner gets."""
    content, policy, owner = succession.content, cycle.launched_policy, succession.owner
    evaluators = evaluators_of(owner, organisation, rules_of(policy.review_stage, policy.stages))
    alone = next((one for one in evaluators.stages[:1] if one), organisation.active_line(owner))
    chains = next((one for one in evaluators.joint[:1] if one), (alone,))
    running = (one for one in found.goals if one.state in (State.ACTIVE, State.IN_REVIEW))
    return {
        "successor": succession.goal,
        "to": owner,
        "approver": next(iter(chains[0]), None),
        "approvers": tuple(dict.fromkeys(one for chain in chains for one in chain[:1])),
        "away": organisation.is_away(owner),
        "weight": content.weight,
        "running_weight": sum((one.content.weight for one in running), Decimal(0)),
        "step_count": len(content.steps),
        "baseline": _baseline(content),
    }


def _baseline(content: Content) -> Number | None:
    return content.measure.baseline if isinstance(content.measure, NumericMeasure) else None
