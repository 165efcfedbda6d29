"""The effects of a changed directory on open goals, and findings for HR before it is applied."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.cycle.file import CycleFile
from domain.findings import Finding, advise
from domain.goal import commands
from domain.goal.goal import Goal
from domain.goal.tasks import assignees_after
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.reorganisation import Difference, SyncContext, sync_command_for
from domain.people.organisation import Organisation
from domain.policy.policy import Policy
from domain.values import Frozen
from service.projection import delegations_between
from storage import cycles
from storage.goals import load_aggregates, open_goals_of

_TEN_YEARS = timedelta(days=3660)


class Effect(Frozen):
    """The effects on the open goals of one cycle, in numbers of goals."""

    cycle: str
    closed: int  # because their owners left
    settled: int  # because their owners moved: a new revision begins
    readdressed: int  # whose open task gets other assignees
    relined: int  # with other managers, department or site
    drafts: int  # new drafts of people who join


class OpenCycle(NamedTuple):
    """A running cycle with its current rules and its file."""

    id: str
    policy: Policy
    file: CycleFile


async def open_cycles(connection: AsyncConnection) -> list[OpenCycle]:
    """The running cycles, the latest first."""
    return [
        OpenCycle(row.id, row.rules, row.file) for row in await cycles.list_cycles(connection) if row.state.is_running
    ]


async def advice_on(
    connection: AsyncConnection, difference: Difference, running: Sequence[OpenCycle], today: date
) -> tuple[Finding, ...]:
    """Findings: HR members who leave, delegations from or to people who leave, and sites that a cycle does not know."""
    left = set(difference.left)
    hr = [
        advise("hr_left", member, person=member, cycle=cycle.id)
        for cycle in running
        for member in sorted(set(cycle.policy.hr) & left)
    ]
    delegations = [
        advise(
            "delegation_left",
            one.to if one.to in left else one.delegator,
            delegator=one.delegator,
            to=one.to,
            last=one.last,
        )
        for one in await delegations_between(connection, today, today + _TEN_YEARS, sorted(left))
    ]
    return (*hr, *delegations, *_unknown_sites(difference, running))


def _unknown_sites(difference: Difference, running: Sequence[OpenCycle]) -> list[Finding]:
    """Findings about sites that a cycle does not know. Until they are added, the cycle's own calendar applies to their people."""
    concerned = {*difference.joined, *(one.employee for one in difference.sites)}
    used = {one.site for one in difference.after if one.site and one.id in concerned}
    return [
        advise("site_unknown", site, text="finding.cycle_without_site", cycle=cycle.id, site=site)
        for cycle in running
        for site in sorted(used - set(cycle.policy.sites))
    ]


async def effects_of(
    connection: AsyncConnection, difference: Difference, running: Sequence[OpenCycle], today: date
) -> tuple[Effect, ...]:
    """The effects on the open goals of each running cycle, by the cycle's id."""
    sync, after = difference.sync("-"), Organisation(difference.after)
    context = SyncContext(after, await delegations_between(connection, today, today + _TEN_YEARS), today)
    counts: dict[str, Counter[str]] = {cycle.id: _drafts(cycle, sync, after) for cycle in running}
    for form in await load_aggregates(connection, ids=await open_goals_of(connection, sync.touched)):
        goal = Goal.model_validate(form)
        if goal.cycle in counts:
            counts[goal.cycle].update(_effects_on(goal, sync_command_for(goal, sync, goal.policy.hr[0], context)))
    names = [name for name in Effect.model_fields if name != "cycle"]
    return tuple(
        Effect.model_validate({"cycle": cycle, **{name: count[name] for name in names}})
        for cycle, count in sorted(counts.items())
    )


def _drafts(cycle: OpenCycle, sync: Sync, after: Organisation) -> Counter[str]:
    if not cycle.policy.joiners_get_drafts:
        return Counter()
    new = [one for one in cycle.file.participants(after) if one.id in sync.joined]
    return Counter(drafts=sum(len(cycle.file.drafts_for(one.department)) for one in new))


def _effects_on(goal: Goal, command: commands.Command | Skipped) -> list[str]:
    if isinstance(command, commands.Close):
        return ["closed"]
    if not isinstance(command, commands.ChangeLine):
        return []
    effects = ["relined"]
    if command.settle and command.department != goal.department:
        return [*effects, "settled"]
    if goal.task and assignees_after(goal, command.line, command.replaced) != goal.task.assignees:
        effects.append("readdressed")
    return effects
