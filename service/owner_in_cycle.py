"""What the rules about another goal of a person need to know of them: for goals that are begun, and for goals that are handed over."""

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.cycle.beginning import OwnerInCycle
from domain.cycle.evaluators import names_heads, titles_of
from domain.cycle.part_hr import part_hr
from domain.goal.goal import Goal
from domain.lifecycles import ParticipantState
from domain.people.organisation import Organisation
from domain.values import CycleId, EmployeeId
from storage import cycles, instructions
from storage.directory import with_managers
from storage.goals import load_aggregates


async def organisation_of(connection: AsyncConnection, cycle: cycles.Cycle, owner: EmployeeId) -> Organisation:
    """The people whom a goal of the owner may ask."""
    hr = {*cycle.launched_policy.hr, *cycle.rules.everybody_of_hr}
    stages = cycle.launched_policy.stages
    return await with_managers(connection, {owner, *hr}, titles_of(stages), heads=names_heads(stages))


async def owner_in_cycle(
    connection: AsyncConnection,
    cycle: cycles.Cycle,
    owner: EmployeeId,
    organisation: Organisation,
    participant: ParticipantState | None,
) -> OwnerInCycle:
    """What the rules about another goal of the owner need to know. `participant` is their launch result."""
    loaded = await load_aggregates(connection, owners=[owner], cycle=cycle.id)
    person = organisation.employees.get(owner)
    return OwnerInCycle(
        cycle=CycleId(cycle.id),
        owner=owner,
        rules=cycle.rules,
        part_hr=part_hr(owner, organisation, cycle.rules.hr_of),
        state=cycle.state,
        is_ending=await instructions.is_ending(connection, cycle.id),
        participant=participant,
        works_here=person is not None and person.active,
        site=person.site if person else None,
        goals=[Goal.model_validate(one) for one in loaded],
    )
