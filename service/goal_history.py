"""A goal's past: its content at two versions, made from the ledger.

Every method reads in one transaction, and raises a `Refusal` for what is not there or not for the caller.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from domain.access import Caller
from domain.goal.events import Event
from domain.goal.evolve import created_goal, evolve_all
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, GoalId
from domain.writing.content import Content
from service.cycle_lookup import require_cycle
from service.relations import visible_goal
from storage import goals as rows
from storage.database import read_transaction
from storage.person_log import Names, names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Version(Frozen):
    """The content of a goal after the entry number `seq`, and who made that entry. Texts that were erased are "-"."""

    seq: int
    revision: int
    at: datetime
    actor: EmployeeId
    actor_name: str | None
    content: Content


class Versions(Frozen):
    """Two versions of a goal, the earlier one first. `changed`: the fields of the content that differ."""

    goal: GoalId
    before: Version
    after: Version
    changed: tuple[str, ...]


class GoalHistory:
    """What a caller may read of a goal's past."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def versions(self, caller: Caller, goal: GoalId, a: int, b: int) -> Versions:
        """The content after the entries number `a` and `b`, made from the ledger. Raises a `Refusal` where there is no such entry."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            for seq in (a, b):
                if not 1 <= seq <= found.seq:
                    raise Refusal(Code.NO_SUCH_ENTRY, entry=seq, seq=found.seq)
            policy = (await require_cycle(connection, found.cycle)).launched_policy
            lines = await rows.read_ledger(connection, goal, limit=max(a, b))
            events = [Event.model_validate(line.event) for line in lines]
            shown = [events[seq - 1] for seq in (min(a, b), max(a, b))]
            names = await names_at(connection, [(one.actor, one.at) for one in shown])
        before, after = (_version(goal, policy, events[: one.seq], names) for one in shown)
        return Versions(goal=goal, before=before, after=after, changed=before.content.changed_fields(after.content))


def _version(goal: GoalId, policy: Policy, events: Sequence[Event], names: Names) -> Version:
    built, last = evolve_all(created_goal(goal, policy, events[0]), events[1:]), events[-1]
    return Version(
        seq=last.seq,
        revision=built.revision,
        at=last.at,
        actor=last.actor,
        actor_name=names.get((last.actor, last.at)),
        content=built.content,
    )
