"""What a launch makes for one participant."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from weakref import WeakValueDictionary

from domain.cycle.evaluators import NO_EVALUATORS, Evaluators, may_be_asked
from domain.goal.events import Created, Event
from domain.goal.evolve import created_goal
from domain.goal.goal import Delegation, Goal
from domain.goal.ledger import canonical
from domain.policy.policy import Policy
from domain.values import CommandId, CycleId, EmployeeId, GoalId, Moment
from domain.writing.content import Content
from domain.writing.working_days import on_working_days

_policies: WeakValueDictionary[str, Policy] = WeakValueDictionary()


def shared_policy(policy: Policy) -> Policy:
    """An equal policy that others hold already: the goals of a cycle keep one between them (7 kB each otherwise)."""
    return _policies.setdefault(policy.model_dump_json(), policy)


def policy_digest(form: dict[str, Any]) -> str:
    """What the first event of every goal says about its rules: sha256 of their canonical JSON, its first 16 digits.

    Taken over the JSON as it is stored, so that a later release that knows more rules finds the same digest.
    """
    return hashlib.sha256(canonical(form)).hexdigest()[:16]


def first_draft(
    *,
    cycle: CycleId,
    policy: Policy,
    owner: EmployeeId,
    department: str,
    line: tuple[EmployeeId, ...],
    evaluators: Evaluators = NO_EVALUATORS,
    away: bool = False,
    leaves: date | None = None,
    additional: bool = False,
    part_hr: tuple[EmployeeId, ...] = (),
    hr_left: tuple[EmployeeId, ...] = (),
    number: int,
    content: Content,
    launched_by: EmployeeId,
    now: Moment,
    sites: Mapping[EmployeeId, str] | None = None,
    slot: int | None = None,
    delegations: Iterable[Delegation] = (),
    salts: Iterator[str] | None = None,
    begun_by: CommandId | None = None,
    carried_from: GoalId | None = None,
    handed_from: GoalId | None = None,
) -> tuple[Goal, Event]:
    """The owner's `number`-th goal as the launch writes it, and the first event of its ledger.

    Its steps are due on working days of the owner's site. `sites` are of everybody who may be asked, `delegations` of the owner's
    managers, evaluators and HR; what does not concern this goal is left out. Without `salts`, the event is a rehearsal: the ledger does
    not take it. `begun_by` is the command of a person who begins the goal later, with steps on the days that the content says.
    """
    goal_id = GoalId(f"{cycle}/{owner}/{number}")
    known = sites or {}
    calendar = policy.calendar_at(known.get(owner))
    asked = may_be_asked(owner, line, evaluators, policy, part_hr)
    body = Created(
        cycle=cycle,
        owner=owner,
        department=department,
        line=line,
        content=content if begun_by else on_working_days(content, calendar, policy.ends),
        policy=policy_digest(policy.model_dump(mode="json")),
        stages=evaluators.stages or None,
        reviewers=evaluators.reviewers or None,
        part_hr=part_hr or None,
        hr_left=hr_left or None,
        away=away or None,
        leaves=leaves,
        additional=additional or None,
        sites={one: known[one] for one in asked if one in known} or None,
        slot=slot,
        delegations=delegations_of(owner, asked, delegations) or None,
        begun=True if begun_by else None,
        carried_from=carried_from,
        handed_from=handed_from,
    )
    command = begun_by or CommandId(f"launch:{cycle}")
    event = Event(seq=1, revision=1, at=now, actor=launched_by, command=command, body=body)
    event = event.salted(salts) if salts else event
    return created_goal(goal_id, policy, event), event


def delegations_of(
    owner: EmployeeId, asked: Collection[EmployeeId], delegations: Iterable[Delegation]
) -> tuple[Delegation, ...]:
    """The delegations of those whom the owner's goal may ask. Its owner cannot be a delegate in it."""
    return tuple(one for one in delegations if one.delegator in asked and one.to != owner)
