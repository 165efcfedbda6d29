"""What a new file of people means: who joins, leaves, moves, gets another manager; and what each goal must hear of it.

Pure: the directory before and after come in, commands to goals go out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from domain.cycle.launch import delegations_of, sites_of
from domain.findings import Finding, advise
from domain.goal import commands as ask
from domain.goal.goal import Delegation, Goal
from domain.instructions.instructions import Skipped, Sync
from domain.people.organisation import Employee, Organisation, some_of
from domain.policy.policy import Policy
from domain.values import EmployeeId


class Change(NamedTuple):
    """One person whom the file has otherwise than the directory."""

    employee: EmployeeId
    before: str
    after: str


class Difference(NamedTuple):
    """A file against the directory. `after` is everybody as they will be, those included who are not in the file."""

    after: tuple[Employee, ...]
    changed: tuple[Employee, ...]  # rows that differ or are new
    joined: tuple[EmployeeId, ...]
    left: tuple[EmployeeId, ...]
    leaving: tuple[Change, ...]  # on a day to come
    moved: tuple[Change, ...]  # the department
    sites: tuple[Change, ...]
    managers: tuple[Change, ...]
    other: tuple[EmployeeId, ...]  # name, mail, title, language
    absent: tuple[EmployeeId, ...]  # active in the directory, and not in the file
    findings: tuple[Finding, ...]

    @property
    def is_empty(self) -> bool:
        return not self.changed

    def sync(self, reason: str) -> Sync:
        """What is asked of the goals."""
        touched = (*self.left, *(one.employee for one in (*self.moved, *self.sites, *self.managers)))
        return Sync(
            reason=reason,
            stands_in=self.stand_ins(),
            moved=tuple(one.employee for one in self.moved),
            joined=self.joined,
            touched=tuple(dict.fromkeys(touched)),
        )

    def stand_ins(self) -> dict[EmployeeId, EmployeeId | None]:
        """For each who left, the manager who takes over what they had to decide; none at the top: HR does."""
        people = {one.id: one for one in self.after}
        return {one: people[one].manager_id for one in self.left}


def compare(
    directory: Iterable[Employee], file: Iterable[Employee], today: date, *, absent_left: bool = False
) -> Difference:
    """Compares; nobody who is merely absent from the file is taken to have left, unless `absent_left` says so.

    Who names somebody as their manager who has left is led by that person's next active manager, and a finding says so.
    """
    before = {one.id: one for one in directory}
    given = {one.id: _as_of(one, today) for one in file}
    absent = tuple(one.id for one in before.values() if one.active and one.id not in given)
    after = dict(before) | given
    if absent_left:
        after |= {one: replace(before[one], active=False) for one in absent}
    after, findings = _bridged(after)
    changed = tuple(one for one in after.values() if one != before.get(one.id))
    both = [(before[one.id], one) for one in changed if one.id in before]
    staying = [(old, new) for old, new in both if old.active and new.active]
    return Difference(
        after=tuple(after.values()),
        changed=changed,
        joined=tuple(one.id for one in changed if one.active and (one.id not in before or not before[one.id].active)),
        left=tuple(new.id for old, new in both if old.active and not new.active),
        leaving=tuple(
            Change(new.id, str(old.leaves or "-"), str(new.leaves))
            for old, new in staying
            if new.leaves and new.leaves != old.leaves
        ),
        moved=tuple(
            Change(new.id, old.department, new.department) for old, new in staying if old.department != new.department
        ),
        sites=tuple(Change(new.id, old.site or "-", new.site or "-") for old, new in staying if old.site != new.site),
        managers=tuple(
            Change(new.id, old.manager_id or "-", new.manager_id or "-")
            for old, new in staying
            if old.manager_id != new.manager_id
        ),
        other=tuple(
            new.id
            for old, new in staying
            if (old.name, old.mail, old.title, old.locale) != (new.name, new.mail, new.title, new.locale)
        ),
        absent=() if absent_left else absent,
        findings=findings,
    )


def _as_of(one: Employee, today: date) -> Employee:
    """Who left before today is not active any more, whatever else the row says."""
    return replace(one, active=False) if one.leaves and one.leaves < today else one


def _bridged(people: Mapping[EmployeeId, Employee]) -> tuple[dict[EmployeeId, Employee], tuple[Finding, ...]]:
    """Everybody active under an active manager: the next one above whoever left."""
    found = dict(people)
    orphans: dict[EmployeeId, list[EmployeeId]] = {}
    for one in people.values():
        if not one.active or one.manager_id is None:
            continue
        manager = _next_active(one.manager_id, people)
        if manager != one.manager_id:
            found[one.id] = replace(one, manager_id=manager)
            orphans.setdefault(one.manager_id, []).append(one.id)
    return found, tuple(_led_by_leaver(gone, reports, found) for gone, reports in orphans.items())


def _next_active(manager: EmployeeId, people: Mapping[EmployeeId, Employee]) -> EmployeeId | None:
    """The manager, or the first active one above; the id as it stands where the directory does not know it, or a circle."""
    first, seen = manager, {manager}
    at: EmployeeId | None = manager
    while at is not None and at in people and not people[at].active:
        at = people[at].manager_id
        if at in seen:
            return first
        if at is not None:
            seen.add(at)
    return at


def _led_by_leaver(gone: EmployeeId, reports: list[EmployeeId], people: Mapping[EmployeeId, Employee]) -> Finding:
    heir = people[reports[0]].manager_id
    if heir is None:
        return advise(
            "led_by_leaver",
            gone,
            text="finding.led_by_leaver.top",
            person=gone,
            count=len(reports),
            people=some_of(reports),
        )
    return advise("led_by_leaver", gone, person=gone, heir=heir, count=len(reports), people=some_of(reports))


class Context(NamedTuple):
    """What a goal's command is made from: the organisation as it is now, the standing delegations, today.

    Of the organisation, the goal's owner, everybody above the owner, and HR are enough.
    """

    organisation: Organisation
    delegations: tuple[Delegation, ...]
    today: date


def command_of(goal: Goal, asked: Sync, actor: EmployeeId, context: Context) -> ask.Command | Skipped:
    """What the change of the organisation means for this goal."""
    if goal.is_closed:
        return Skipped(code="closed")
    owner = context.organisation.employees.get(goal.owner)
    if owner is None or not owner.active:
        return ask.Close(actor=actor, reason=_why_closed(owner, asked.reason), removed=True)
    line = active_line(context.organisation, goal.owner)
    moved = owner.department != goal.department
    replaced = _replaced(goal, asked)
    known = sites_of(goal.owner, line, goal.policy, _sites(context.organisation, goal, line))
    if line == goal.line and known == goal.sites and not moved and not replaced:
        return Skipped(code="unchanged")
    settle = goal.policy.moves_settle and goal.owner in asked.moved
    return ask.ChangeLine(
        actor=actor,
        line=line,
        department=owner.department,
        sites=known,
        replaced=replaced,
        delegations=delegations_of(goal.owner, line, goal.policy, context.delegations),
        settle=settle,
        new_weight=weight_left(goal.content.weight, goal.policy, context.today) if settle else None,
        reason=asked.reason,
    )


def _sites(organisation: Organisation, goal: Goal, line: tuple[EmployeeId, ...]) -> dict[EmployeeId, str]:
    """The sites of the owner, the managers and HR, where the directory has one."""
    asked = (organisation.employees.get(one) for one in (goal.owner, *line, *goal.policy.hr))
    return {one.id: one.site for one in asked if one and one.site}


def _why_closed(owner: Employee | None, reason: str) -> str:
    """The reason, with the owner's last day where it is known."""
    return f"{reason} ({owner.leaves.isoformat()})" if owner and owner.leaves else reason


def active_line(organisation: Organisation, employee: EmployeeId) -> tuple[EmployeeId, ...]:
    """The active managers above, nearest first."""
    return tuple(one for one in organisation.manager_line(employee) if organisation.employees[one].active)


def _replaced(goal: Goal, asked: Sync) -> dict[EmployeeId, EmployeeId]:
    """For the task's assignees who left and were put there by hand: who stands in; at the top, HR."""
    if goal.task is None:
        return {}
    hr = [one for one in goal.policy.hr if one != goal.owner and one not in asked.stands_in]
    found: dict[EmployeeId, EmployeeId] = {}
    for person in goal.task.assignees:
        if person not in asked.stands_in or person == goal.owner or person in goal.line:
            continue
        stand_in = asked.stands_in[person]
        if stand_in in (None, goal.owner):
            stand_in = hr[0] if hr else None
        if stand_in:
            found[person] = stand_in
    return found


def weight_left(weight: int, policy: Policy, today: date) -> int:
    """The weight of a revision that starts today: the share of the cycle's business days that is left, at least 1.

    weight × business days after today up to the last day ÷ business days of the cycle, rounded half up.
    """
    calendar = policy.calendar
    whole = calendar.between(policy.starts, policy.closes)
    left = calendar.between(max(today, policy.starts), policy.closes)
    return max(1, (2 * weight * left + whole) // (2 * whole)) if whole else weight
