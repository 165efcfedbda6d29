"""What a new file of people changes: who joins, leaves or moves, whose manager changes, and what that means for goals.

Pure: the directory before and after goes in, commands to goals come out.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from domain.cycle.evaluators import evaluators_of, inactive_findings, may_be_asked, rules_of
from domain.cycle.launch import delegations_of
from domain.cycle.leavers import last_day_for_goals, stays_open
from domain.cycle.part_hr import hr_left, part_hr
from domain.findings import Finding, advise
from domain.goal import commands
from domain.goal.goal import Delegation, Goal
from domain.instructions.instructions import Skipped, Sync
from domain.people.departments import NO_CHANGE, DepartmentChange
from domain.people.organisation import Employee, Organisation, some_of, with_new_name
from domain.people.posts import MAIN, GoalPost, Post
from domain.policy.policy import Policy, TaskKind
from domain.values import MAX_TEXT, EmployeeId, GoalId

_LONGEST_REASON = MAX_TEXT - 60  # characters; an id and a last day in brackets follow


class FieldChange(NamedTuple):
    """A person's field that differs between the directory and the file: both values, `-` for none."""

    employee: EmployeeId
    before: str
    after: str


class Difference(NamedTuple):
    """How a file differs from the directory. `after` is everybody as they will be, also people who are not in the file."""

    after: tuple[Employee, ...]
    changed: tuple[Employee, ...]  # rows that differ or are new
    joined: tuple[EmployeeId, ...]
    left: tuple[EmployeeId, ...]
    leaving: tuple[FieldChange, ...]  # the last day, which is today or later
    moved: tuple[FieldChange, ...]  # to another department
    sites: tuple[FieldChange, ...]
    managers: tuple[FieldChange, ...]
    evaluators: tuple[FieldChange, ...]
    posts: tuple[FieldChange, ...]  # additional ones
    leave: tuple[FieldChange, ...]  # the days of leaves, or the deputy
    numbers: tuple[FieldChange, ...]  # employee numbers, also of people who come back
    other: tuple[EmployeeId, ...]  # name, mail, title, language
    absent: tuple[EmployeeId, ...]  # active in the directory, and not in the file
    findings: tuple[Finding, ...]
    departments: DepartmentChange = NO_CHANGE
    companies: tuple[FieldChange, ...] = ()  # where people work, or from where they are seconded
    joining: tuple[FieldChange, ...] = ()  # the date of joining

    @property
    def is_empty(self) -> bool:
        return not self.changed and self.departments.is_empty

    def sync(self, reason: str) -> Sync:
        """The instruction of kind `sync` for the difference."""
        moved = tuple(one.employee for one in self.moved)
        return Sync(
            reason=reason,
            stands_in=self.stand_ins(),
            moved=moved,
            joined=self.joined,
            departments=self.departments.departments,
            merged=dict(self.departments.merged),
        )

    def stand_ins(self) -> dict[EmployeeId, EmployeeId | None]:
        """For each person who left, the manager who takes over their open decisions; None at the top, where HR does."""
        people = {one.id: one for one in self.after}
        return {one: people[one].manager_id for one in self.left}


def compare(
    directory: Iterable[Employee],
    file: Iterable[Employee],
    today: date,
    *,
    absent_left: bool = False,
    departments: DepartmentChange = NO_CHANGE,
) -> Difference:
    """The difference between the directory and the file.

    People who are not in the file stay, unless their last day is over, or `absent_left` says that they have left. People whose manager has left get
    that manager's next active manager, and a finding says so. People who are not in the file go along when their department is renamed, and
    nobody moves by that.
    """
    before = {one.id: one for one in directory}
    given = {one.id: one.as_of(today) for one in file}
    present = {one.id: with_new_name(one.as_of(today), departments.renamed) for one in before.values()}
    absent = tuple(one.id for one in present.values() if one.active and one.id not in given)
    after = present | given
    if absent_left:
        after |= {one: replace(present[one], active=False) for one in absent}
    after, findings = skip_inactive_managers(after)
    changed = tuple(one for one in after.values() if one != before.get(one.id))
    both = [(before[one.id], one) for one in changed if one.id in before]
    staying = [(old, new) for old, new in both if old.active and new.active]
    return Difference(
        after=tuple(after.values()),
        changed=changed,
        joined=tuple(one.id for one in changed if one.active and (one.id not in before or not before[one.id].active)),
        left=tuple(new.id for old, new in both if old.active and not new.active),
        leaving=_changes(((old, new) for old, new in staying if new.leaves), "leaves"),
        moved=tuple(one for one in _changes(staying, "department") if departments.renamed.get(one.before) != one.after),
        sites=_changes(staying, "site"),
        managers=_changes(staying, "manager_id"),
        evaluators=_changes(staying, "evaluators"),
        posts=_changes_of(staying, _posts),
        leave=_changes_of(staying, _leave),
        numbers=_changes_of(((old, new) for old, new in both if new.active), _number),
        other=tuple(new.id for old, new in staying if _contact(old) != _contact(new)),
        absent=() if absent_left else absent,
        findings=(*findings, *inactive_findings(Organisation(after.values()))),
        departments=departments,
        companies=_changes_of(staying, _company),
        joining=_changes(staying, "joined_on"),
    )


def _changes(people: Iterable[tuple[Employee, Employee]], field: str) -> tuple[FieldChange, ...]:
    """The people, each before and after, of whom this field changed."""
    values = ((new.id, getattr(old, field), getattr(new, field)) for old, new in people)
    return tuple(FieldChange(one, _shown(old), _shown(new)) for one, old, new in values if old != new)


def _changes_of(
    people: Iterable[tuple[Employee, Employee]], shown: Callable[[Employee], str]
) -> tuple[FieldChange, ...]:
    """The people, each before and after, of whom what `shown` says changed."""
    return tuple(FieldChange(new.id, shown(old), shown(new)) for old, new in people if shown(old) != shown(new))


def _leave(one: Employee) -> str:
    """The leaves as one value: their days in order, and the deputy in brackets; `-` for none."""
    leaves = sorted(one.every_leave, key=lambda leave: leave.first or date.max)
    days = ", ".join(f"{leave.first or ''} – {leave.last or ''}".strip() for leave in leaves)
    deputy = f"({one.deputy_id})" if one.deputy_id else ""
    return " ".join(filter(None, (days, deputy))) or "-"


def _posts(one: Employee) -> str:
    """The additional posts with their managers and shares; `-` for none."""
    return ", ".join(f"{post.department} ({', '.join(_of_post(post))})" for post in one.posts) or "-"


def _of_post(post: Post) -> Iterator[str]:
    yield post.manager_id or "-"
    if post.share is not None:
        yield f"{post.share} %"


def _company(one: Employee) -> str:
    """The company, and in brackets the one from which the person is seconded; `-` for none."""
    return " ".join(filter(None, (one.company, f"({one.seconded_from})" if one.seconded_from else ""))) or "-"


def _number(one: Employee) -> str:
    return one.number or one.id


def _shown(value: object) -> str:
    """A value of a field; `-` for none. Evaluators in the order of their stages."""
    if isinstance(value, tuple):
        return ", ".join(str(one or "-") for one in value) or "-"
    return str(value or "-")


def _contact(one: Employee) -> tuple[str | None, ...]:
    return one.name, one.mail, one.title, one.locale


def skip_inactive_managers(
    people: Mapping[EmployeeId, Employee],
) -> tuple[dict[EmployeeId, Employee], tuple[Finding, ...]]:
    """The same people, with the next active manager for active people whose manager has left; a finding for each leaver."""
    found = dict(people)
    reports_of: dict[EmployeeId, list[EmployeeId]] = {}  # by the manager who left
    for one in people.values():
        if not one.active or one.manager_id is None:
            continue
        manager = _next_active(one.manager_id, people)
        if manager != one.manager_id:
            found[one.id] = replace(one, manager_id=manager)
            reports_of.setdefault(one.manager_id, []).append(one.id)
    return found, tuple(_manager_has_left(leaver, reports, found) for leaver, reports in reports_of.items())


def _next_active(manager: EmployeeId, people: Mapping[EmployeeId, Employee]) -> EmployeeId | None:
    """The manager, or the first active one above. An unknown id and a manager in a circle are returned as they are."""
    first, seen = manager, {manager}
    at: EmployeeId | None = manager
    while at is not None and at in people and not people[at].active:
        at = people[at].manager_id
        if at in seen:
            return first
        if at is not None:
            seen.add(at)
    return at


def _manager_has_left(leaver: EmployeeId, reports: list[EmployeeId], people: Mapping[EmployeeId, Employee]) -> Finding:
    successor = people[reports[0]].manager_id
    if successor is None:
        return advise(
            "led_by_leaver",
            leaver,
            text="finding.led_by_leaver.top",
            person=leaver,
            count=len(reports),
            people=some_of(reports),
            concerned=reports,
        )
    return advise(
        "led_by_leaver",
        leaver,
        person=leaver,
        successor=successor,
        count=len(reports),
        people=some_of(reports),
        concerned=reports,
    )


class SyncContext(NamedTuple):
    """What a goal's command is made from: the organisation as it is now, the standing delegations, today.

    Of the organisation, the goal's owner, HR, the assignees, and everybody above them are enough.
    """

    organisation: Organisation
    delegations: tuple[Delegation, ...]
    today: date
    back: Collection[GoalId] = ()  # closed goals that are reopened, because their owners had left and are back


def sync_command_for(goal: Goal, asked: Sync, actor: EmployeeId, context: SyncContext) -> commands.Command | Skipped:
    """The command for this goal after the change, or the reason why it needs none. A goal that it reopens is asked again, open.

    It is in the name of `actor` where they are HR of the goal, else of the organisation: an administrator of the directory
    has no say about goals.
    """
    by_system = actor not in goal.hr
    by, reason = (commands.ORGANISATION, _reason_with(actor, asked.reason)) if by_system else (actor, asked.reason)
    owner = context.organisation.employees.get(goal.owner)
    post = _post_of(goal, context.organisation)
    if goal.is_closed:
        is_back = goal.id in context.back and owner is not None and owner.active and not post.ended
        reopen = commands.ReopenBySystem if by_system else commands.Reopen
        return reopen(actor=by, reason=reason) if is_back else Skipped(code="closed")
    if owner is None or post.ended or not (owner.active or stays_open(goal)):
        close = commands.CloseBySystem if by_system else commands.Close
        return close(actor=by, reason=_why_closed(owner, reason), removed=True)
    line = context.organisation.active_line(goal.owner, post.post)
    department = post.post.department if post.post else owner.department
    moved = department != goal.department
    rules = rules_of(goal.policy.review_stage, goal.policy.stages)
    evaluators = evaluators_of(goal.owner, context.organisation, rules, post.post)
    hr = part_hr(goal.owner, context.organisation, goal.policy.hr_of, post.post)
    without = hr_left(goal.policy, context.organisation)
    may_ask = may_be_asked(goal.owner, line, evaluators, goal.policy, hr)
    replaced = _replaced(goal, asked, context.organisation)
    known = _sites(context.organisation, may_ask)
    left = _left(goal, asked, context.organisation)
    away = owner.active and context.organisation.is_away(goal.owner)
    leaves = last_day_for_goals(owner, goal.policy.leavers)
    additional = post.post is not None
    placed = (line, *evaluators, known, away, leaves, not owner.active, additional, hr, without)
    as_it_is = (
        goal.line, goal.stages, goal.reviewers, goal.joint, goal.sites, goal.away, goal.leaves, goal.gone, goal.additional,
        goal.part_hr, goal.hr_left,
    )  # fmt: skip
    unchanged = placed == as_it_is
    if unchanged and not moved and not replaced and not left:
        return Skipped(code="unchanged")
    settle = goal.policy.moves_settle and goal.owner in asked.moved and not (additional or goal.additional)
    change_line = commands.ChangeLineBySystem if by_system else commands.ChangeLine
    return change_line(
        actor=by,
        line=line,
        stages=evaluators.stages,
        reviewers=evaluators.reviewers,
        joint=evaluators.joint,
        part_hr=hr,
        hr_left=without,
        away=away,
        department=department,
        additional=additional,
        sites=known,
        replaced=replaced,
        left=left,
        delegations=delegations_of(goal.owner, may_ask, context.delegations),
        settle=settle,
        new_weight=weight_left(goal.content.weight, goal.policy, context.today) if settle else None,
        leaves=leaves,
        gone=not owner.active,
        reason=reason,
    )


def _reason_with(actor: EmployeeId, reason: str) -> str:
    """The reason with the id of the administrator who applied the change; the ledger of the goal names only the organisation."""
    return reason if actor == commands.ORGANISATION else f"{reason[:_LONGEST_REASON]} ({actor})"


def _post_of(goal: Goal, organisation: Organisation) -> GoalPost:
    if goal.owner not in organisation.employees:
        return MAIN
    return organisation.post_of(goal.owner, goal.department, additional=goal.additional)


def _left(goal: Goal, asked: Sync, organisation: Organisation) -> tuple[EmployeeId, ...]:
    """The contributors, delegators and delegates of the goal who have left."""
    people = {*goal.contributors} | {person for one in goal.delegations for person in (one.delegator, one.to)}
    return tuple(one for one in sorted(people) if _has_left(one, asked, organisation))


def _sites(organisation: Organisation, people: Iterable[EmployeeId]) -> dict[EmployeeId, str]:
    """The sites of these people, where the directory has one."""
    found = (organisation.employees.get(one) for one in people)
    return {one.id: one.site for one in found if one and one.site}


def _why_closed(owner: Employee | None, reason: str) -> str:
    """The reason, with the owner's last day where it is known."""
    return f"{reason} ({owner.leaves.isoformat()})" if owner and owner.leaves else reason


def _replaced(goal: Goal, asked: Sync, organisation: Organisation) -> dict[EmployeeId, EmployeeId]:
    """For assignees who left and were assigned by hand, or are HR: the person who takes over the task.

    Who is in the chain of the task is replaced by the chain.
    """
    if goal.task is None:
        return {}
    kind = goal.task.kind
    chains = (goal.above(kind), *(goal.chains_of_stage(goal.stage) if kind is TaskKind.APPROVAL else ()))
    of_chains = {one for chain in chains for one in chain}
    found: dict[EmployeeId, EmployeeId] = {}
    for person in goal.task.assignees:
        if person in (goal.owner, *of_chains) or not _has_left(person, asked, organisation):
            continue
        if stand_in := _stand_in(person, goal, asked, organisation):
            found[person] = stand_in
    return found


def _has_left(person: EmployeeId, asked: Sync, organisation: Organisation) -> bool:
    known = organisation.employees.get(person)
    return person in asked.stands_in or (known is not None and not known.active)


def _stand_in(person: EmployeeId, goal: Goal, asked: Sync, organisation: Organisation) -> EmployeeId | None:
    """The next active manager of somebody who left; for HR, and where nobody is above, another HR member."""
    hr = [one for one in goal.hr if one != goal.owner and not _has_left(one, asked, organisation)]
    if person not in goal.hr:
        above = asked.stands_in.get(person) or next(iter(_active_above(person, organisation)), None)
        if above not in (None, goal.owner):
            return above
    return hr[0] if hr else None


def _active_above(person: EmployeeId, organisation: Organisation) -> tuple[EmployeeId, ...]:
    return organisation.active_line(person) if person in organisation.employees else ()


def weight_left(weight: Decimal, policy: Policy, today: date) -> Decimal:
    """The weight of a revision that starts today: the share of the cycle's business days that is left.

    weight × business days after today up to the last day ÷ business days of the cycle, rounded half up: to 1 for a whole
    weight, to 0.01 for one with decimals; at least that much.
    """
    calendar = policy.calendar
    whole = calendar.between(policy.starts, policy.closes)
    left = calendar.between(max(today, policy.starts), policy.closes)
    if not whole:
        return weight
    unit = Decimal(1) if weight == int(weight) else Decimal("0.01")
    return max(unit, (weight * left / whole).quantize(unit, ROUND_HALF_UP))
