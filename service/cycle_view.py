"""A cycle as its pages need it: what it is called, its days, and what the caller may do with it."""

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import tomli_w
from pydantic import BaseModel

from domain.access import Action, Caller, Relation, may
from domain.people.departments import Departments
from domain.values import CycleId, EmployeeId
from service.cycle_documents import CycleSummary, summary_of
from service.cycle_lookup import require_cycle
from service.relations import relations_to_company, require_colleague, require_hr_of
from storage import cycles, directory
from storage.database import read_transaction
from storage.departments import load_departments
from storage.person_log import names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class CycleView(CycleSummary):
    """A cycle with its days. `steers`: the caller may give instructions to it; `sees_results`: and read its results."""

    starts: date
    ends: date
    closes: date
    hr: tuple[EmployeeId, ...]
    is_amended: bool  # its rules are not those of its file any more
    steers: bool
    sees_results: bool


class NamedDepartment(NamedTuple):
    """A department that an instruction may name, with its depth in the tree."""

    name: str
    depth: int


class CycleViews:
    """Every method raises a `Refusal` for a caller without permission, and for an unknown cycle."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read(self, caller: Caller, cycle: CycleId) -> CycleView:
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            row = await require_cycle(connection, cycle)
            held = await relations_to_company(connection, caller)
            names = await names_at(connection, [(row.launched_by, row.launched_at)])
        rules = row.rules
        if caller.employee in rules.hr and Relation.COLLEAGUE in held:
            held |= {Relation.HR}
        return CycleView(
            **dict(summary_of(row, names)),
            starts=rules.starts,
            ends=rules.ends,
            closes=rules.closes,
            hr=rules.hr,
            is_amended=row.rules_form != row.launched_policy_form,
            steers=may(Action.STEER_CYCLE, held),
            sees_results=may(Action.SEE_RESULTS, held),
        )

    async def departments(self, caller: Caller, cycle: CycleId, *, outside: bool = False) -> list[NamedDepartment]:
        """The departments of the cycle's goals and those above them, from the top down; `outside`: of all active people instead."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            await require_cycle(connection, cycle)
            found = (
                await directory.active_departments(connection)
                if outside
                else await cycles.departments_in(connection, cycle)
            )
            return _in_tree(found, await load_departments(connection))

    async def file_text(self, caller: Caller, cycle: CycleId) -> str:
        """HR: the cycle file as it was launched, as TOML, without empty values. Reading it again gives the same file."""
        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
            await require_hr_of(connection, caller, Action.STEER_CYCLE, row.rules.hr)
        return tomli_w.dumps(_written(row.file))


def _written(value: Any) -> Any:
    """As TOML holds it: no empty values, except those that the file must have."""
    if isinstance(value, BaseModel):
        fields = {name: (field, getattr(value, name)) for name, field in type(value).model_fields.items()}
        return {
            name: _written(one)
            for name, (field, one) in fields.items()
            if one is not None and (field.is_required() or one not in ((), {}, ""))
        }
    if isinstance(value, dict):
        return {str(key): _written(one) for key, one in value.items()}
    return [_written(one) for one in value] if isinstance(value, tuple) else value


def _in_tree(names: set[str], known: Departments) -> list[NamedDepartment]:
    recorded = {one.id for name in names if (one := known.find(name))}
    shown = {up.id for one in recorded for up in known.upwards(known.by_id[one])}
    rows = [NamedDepartment(one.name, depth) for depth, one in known.tree() if one.id in shown]
    return rows + [NamedDepartment(name, 0) for name in sorted(names) if known.find(name) is None]
