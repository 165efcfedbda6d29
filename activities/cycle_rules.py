"""What an instruction to everybody changes in the cycle itself: the rules for people who join later."""

from datetime import datetime

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.instructions.instructions import Amend, AnyInstruction, Extend, Reopen, amended
from domain.policy.policy import Policy
from storage import cycles, instructions
from storage.instructions import Instruction

log = structlog.get_logger()


async def save_rules(engine: AsyncEngine, row: Instruction, asked: AnyInstruction, now: datetime) -> None:
    """Changes the cycle's rules as the instruction says, once; a repeat changes nothing.

    The rules are read and written in one transaction that locks the cycle's row. So two instructions at once do not overwrite
    each other's change.
    """
    if not row.cycle_id or not asked.selection.is_everybody:
        return
    async with engine.begin() as connection:
        cycle = await cycles.lock_cycle(connection, row.cycle_id)
        if cycle is None:
            raise LookupError(f"cycle {row.cycle_id} of instruction {row.id} is not in the database")
        if not await instructions.mark_rules_saved(connection, row.id, now):
            return
        if changed := _changed(cycle.rules, asked, row.cycle_id):
            await cycles.save_amended_policy(connection, row.cycle_id, changed.model_dump(mode="json"))


def _changed(policy: Policy, asked: AnyInstruction, cycle: str) -> Policy | None:
    """The new rules; None if the instruction changes none."""
    match asked:
        case Extend(closes=closes) | Reopen(closes=closes) if closes:
            return policy.model_copy(update={"closes": max(closes, policy.closes)})
        case Amend(before=before, after=after):
            try:
                return amended(policy, before, after)
            except (
                ValidationError
            ):  # the cycle changed after they were compared; each goal's result says what does not fit
                log.warning("rules_do_not_fit", cycle_id=cycle)
    return None
