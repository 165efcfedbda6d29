"""What a launch makes for one participant."""

import hashlib
from typing import Any
from weakref import WeakValueDictionary

from domain.content import Content
from domain.events import Created, Event
from domain.evolve import begin
from domain.goal import Goal
from domain.ledger import canonical
from domain.policy import Policy
from domain.values import CommandId, CycleId, EmployeeId, GoalId, Moment

_policies: WeakValueDictionary[str, Policy] = WeakValueDictionary()


def shared(policy: Policy) -> Policy:
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
    number: int,
    content: Content,
    launched_by: EmployeeId,
    now: Moment,
) -> tuple[Goal, Event]:
    """The owner's `number`-th goal as the launch writes it, and the first event of its ledger."""
    goal_id = GoalId(f"{cycle}/{owner}/{number}")
    body = Created(
        cycle=cycle,
        owner=owner,
        department=department,
        line=line,
        content=content,
        policy=policy_digest(policy.model_dump(mode="json")),
    )
    event = Event(seq=1, revision=1, at=now, actor=launched_by, command=CommandId(f"launch:{cycle}"), body=body)
    return begin(goal_id, policy, event), event
