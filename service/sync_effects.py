"""The effects of a changed directory on open goals, and findings for HR before it is applied."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.cycle.file import CycleFile
from domain.findings import Finding, advise, refuse
from domain.goal import commands, events
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.placement_check import PlacementCheck
from domain.instructions.reorganisation import Difference, SyncContext, sync_command_for
from domain.people.departments import Departments
from domain.people.organisation import DIRECTORY_ZONE, Organisation
from domain.people.posts import departments_of
from domain.policy.policy import Policy
from domain.refusals import Refusal
from domain.values import CommandId, Frozen, GoalId
from service.projection import PAGE, delegations_between, find_goals
from storage import cycles, participants
from storage.goals import stream_placements
from storage.goals_concerned import closed_by_leaving

_TEN_YEARS = timedelta(days=3660)
_PREVIEW, _REOPENING = CommandId("preview"), CommandId("preview:reopen")


class Effect(Frozen):
    """The effects on the open goals of one cycle, in numbers of goals."""

    cycle: str
    closed: int  # because their owners left
    settled: int  # because their owners moved: a new revision begins
    readdressed: int  # whose open task gets other assignees
    relined: int  # with other managers, department or site
    drafts: int  # new drafts of people who join
    refused: int  # that refuse the change
    reopened: int  # because their owners, who had left, are back
    kept_open: int  # that stay open for their reviewers, though their owners left


class OpenCycle(NamedTuple):
    """A running cycle with its current rules and its file."""

    id: str
    policy: Policy
    file: CycleFile

    def takes_joiners(self, now: datetime) -> bool:
        """Whether people who join get drafts: by its rules, until its last day is over."""
        return self.policy.joiners_get_drafts and self.policy.calendar.day_of(now) <= self.policy.closes


async def open_cycles(connection: AsyncConnection) -> list[OpenCycle]:
    """The running cycles, the latest first."""
    return [
        OpenCycle(row.id, row.rules, row.file) for row in await cycles.list_cycles(connection) if row.state.is_running
    ]


async def findings_on(
    connection: AsyncConnection, difference: Difference, running: Sequence[OpenCycle], today: date
) -> tuple[Finding, ...]:
    """Findings: HR members who leave, delegations from or to people who leave, and sites that a cycle does not know.

    Only one refuses: a cycle that would be left without HR.
    """
    left = set(difference.left)
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
    return (*hr_findings(difference, running), *delegations, *_unknown_sites(difference, running))


def hr_findings(difference: Difference, running: Sequence[OpenCycle]) -> list[Finding]:
    """Findings about HR members who leave now, or whose last day becomes known: the last one of a cycle may not."""
    people = {one.id: one for one in difference.after}
    leaving = {*difference.left, *(one.employee for one in difference.leaving)}
    findings = []
    for cycle in running:
        members = [one for one in cycle.policy.hr if one in people]
        staying = [one for one in members if people[one].works_on(cycle.policy.closes)]
        for member in sorted(set(members) & leaving - set(staying)):
            refused = refuse("last_hr_leaves", member, person=member, cycle=cycle.id)
            findings.append(advise("hr_left", member, person=member, cycle=cycle.id) if staying else refused)
        for part in cycle.policy.hr_of:
            findings += [
                advise("part_hr_left", member, person=member, part=part.name, cycle=cycle.id)
                for member in sorted(set(part.people) & leaving)
            ]
    return findings


def _unknown_sites(difference: Difference, running: Sequence[OpenCycle]) -> list[Finding]:
    """Findings about sites that a cycle does not know. Until they are added, the cycle's own calendar applies to their people."""
    concerned = {*difference.joined, *(one.employee for one in difference.sites)}
    used = {one.site for one in difference.after if one.site and one.id in concerned}
    return [
        advise("site_unknown", site, text="finding.cycle_without_site", cycle=cycle.id, site=site)
        for cycle in running
        for site in sorted(used - set(cycle.policy.sites))
    ]


async def goals_that_differ(connection: AsyncConnection, organisation: Organisation) -> tuple[GoalId, ...]:
    """The ids of the open goals that do not agree with the organisation, in order."""
    check = PlacementCheck(organisation)
    found: list[GoalId] = []
    async for placements in stream_placements(connection):
        found += [one.goal for one in placements if check.differs(one)]
    return tuple(found)


async def effects_of(
    connection: AsyncConnection,
    difference: Difference,
    running: Sequence[OpenCycle],
    now: datetime,
    departments: Departments,
) -> tuple[Effect, ...]:
    """The effects on the open goals of each running cycle, by the cycle's id: what the goals would decide now.

    `departments` are the records before the change.
    """
    today = now.astimezone(DIRECTORY_ZONE).date()
    after = Organisation(difference.after, today, difference.departments.applied_to(departments))
    sync = difference.sync("-")
    standing = await delegations_between(connection, today, today + _TEN_YEARS)
    counts = {cycle.id: await _drafts(connection, cycle, sync, after, now) for cycle in running}
    back = set(await closed_by_leaving(connection, sync.joined))
    for page in _pages([*await goals_that_differ(connection, after), *sorted(back)]):
        for goal in (await find_goals(connection, page)).values():
            if goal.cycle in counts:
                context = SyncContext(after, standing, goal.calendar.day_of(now), back)
                counts[goal.cycle].update(_effects_of_sync(goal, sync, context, now))
    names = [name for name in Effect.model_fields if name != "cycle"]
    return tuple(
        Effect.model_validate({"cycle": cycle, **{name: count[name] for name in names}})
        for cycle, count in sorted(counts.items())
    )


def _pages(goals: Sequence[GoalId]) -> Iterator[Sequence[GoalId]]:
    for first in range(0, len(goals), PAGE):
        yield goals[first : first + PAGE]


async def _drafts(
    connection: AsyncConnection, cycle: OpenCycle, sync: Sync, after: Organisation, now: datetime
) -> Counter[str]:
    """The drafts of the people who join. Who was in the cycle before, and comes back, gets none."""
    if not cycle.takes_joiners(now):
        return Counter()
    joined = Organisation((after.employees[one] for one in sync.joined), departments=after.departments)
    new = list(cycle.file.participants(joined))
    known = await participants.not_addable(connection, cycle.id, [one.id for one in new])
    drafts = partial(cycle.file.drafts_of_posts, departments=after.departments)
    return Counter(
        drafts=sum(len(drafts(one.department, departments_of(one.posts))) for one in new if one.id not in known)
    )


def _effects_of_sync(goal: Goal, sync: Sync, context: SyncContext, now: datetime) -> list[str]:
    """The effects at one goal. One that is reopened is then asked as an open goal."""
    command = sync_command_for(goal, sync, goal.policy.hr[0], context)
    effects = effects_on(goal, command, now)
    if effects != ["reopened"] or isinstance(command, Skipped):
        return effects
    goal = evolve_all(goal, decide(goal, command.model_copy(update={"id": _REOPENING}), now))
    return [*effects, *effects_on(goal, sync_command_for(goal, sync, goal.policy.hr[0], context), now)]


def effects_on(goal: Goal, command: commands.Command | Skipped, now: datetime) -> list[str]:
    """What the goal would decide about the command, by the same function that decides it when the change is applied."""
    if isinstance(command, Skipped):
        return []
    try:
        decided = decide(goal, command.model_copy(update={"id": _PREVIEW}), now)
    except Refusal:
        return ["refused"]
    kept = ["kept_open"] if isinstance(command, commands.ChangeLine) and command.gone and not goal.gone else []
    return kept + [effect for event in decided for effect in _effects_of(event.body)]


def _effects_of(body: events.Body) -> list[str]:
    match body:
        case events.Closed():
            return ["closed"]
        case events.Reopened():
            return ["reopened"]
        case events.Moved():
            return ["relined", "settled"]
        case events.LineChanged(assignees=assignees):
            return ["relined", "readdressed"] if assignees else ["relined"]
    return []
