"""An instruction as its page shows it: its progress, whether the caller may steer it, and a page of its results."""

from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller
from domain.instructions.instructions import Delegate
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from service.cycle_lookup import require_cycle
from service.instruction_rules import require_may_steer
from service.projection import names_by_id
from service.relations import require_colleague
from storage import cycles, instructions
from storage.database import read_transaction
from storage.instruction_page import ResultLine, results_after
from storage.instructions import Instruction, Progress
from texts.say import people_in

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

PAGE = 50  # results


class InstructionResults(NamedTuple):
    """`next`: the id after which the next page begins; None on the last one. `names`: of everybody on the page, by employee id."""

    instruction: Instruction
    progress: Progress
    steers: bool
    lines: tuple[ResultLine, ...]
    next: str | None
    time_zone: str
    names: dict[str, str]


class InstructionPages:
    """Raises a `Refusal` for a caller without permission, and for an unknown instruction."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read_page(
        self, caller: Caller, instruction: str, result: str | None = None, *, after: str = ""
    ) -> InstructionResults:
        """The instruction, and its next results after the goal `after`; `result`: only those."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            found = await instructions.find(connection, instruction)
            progress = await instructions.progress(connection, instruction)
            if found is None or progress is None:
                raise Refusal(Code.UNKNOWN_INSTRUCTION, instruction=instruction[:80])
            lines = await results_after(connection, instruction, result=result, after=after, limit=PAGE)
            zones = await cycles.time_zones(connection)
            rules = (await require_cycle(connection, found.cycle_id)).rules if found.cycle_id else None
            lines = [_on_business_day(one, rules) for one in lines]
            zone = zones.get(found.cycle_id or "") or next(iter(zones.values()), None)
            return InstructionResults(
                found,
                progress,
                await _may_steer(connection, caller, found),
                tuple(lines),
                lines[-1].goal_id if len(lines) == PAGE else None,
                zone.calendar if zone else "UTC",
                await names_by_id(connection, _people(found, lines)),
            )


def _on_business_day(line: ResultLine, rules: Policy | None) -> ResultLine:
    """An extension to a day off counts as one to the business day after it."""
    if line.due is None or rules is None:
        return line
    return line._replace(due=rules.calendar_at(line.site).on_or_after(line.due))


async def _may_steer(connection: "AsyncConnection", caller: Caller, row: Instruction) -> bool:
    try:
        await require_may_steer(connection, caller, row)
    except Refusal:
        return False
    return True


def refusal_of(line: ResultLine) -> Refusal | None:
    """Why the goal's rules refused; None where they did not."""
    return Refusal.from_json(line.code, line.detail or {}) if line.result == "refused" and line.code else None


def _people(row: Instruction, lines: list[ResultLine]) -> set[str]:
    named: set[str] = {row.actor, *row.asked.selection.people[:PAGE], *([row.ended_by] if row.ended_by else [])}
    named |= {str(value) for name in ("person", "to", "delegator") if (value := row.asked_form.get(name))}
    if isinstance(row.asked, Delegate):
        named |= {row.asked.delegation.delegator, row.asked.delegation.to}
    for line in lines:
        if line.owner_id:
            named.add(line.owner_id)
        if refusal := refusal_of(line):
            named |= people_in(refusal.message)
    return named
