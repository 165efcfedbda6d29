"""Who gives a command at this command line.

The command line authenticates nobody: a person who can run it has the database's address, and names themselves by `--as`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where they are used: `--help` needs none of it
    from domain.access import Caller


def caller_for(employee: str | None) -> "Caller":
    """The employee that `--as` names; without one, the operator, who sees everything."""
    from domain.access import Caller, Door
    from domain.values import EmployeeId

    if employee is None:
        return operator()
    return Caller(door=Door.COMMAND_LINE, employee=EmployeeId(employee))


def operator(employee: str | None = None) -> "Caller":
    """The operator, by name where `--as` gives one: for what an operator may do while nobody is HR yet."""
    from domain.access import Caller, Door, Role
    from domain.values import EmployeeId

    named = None if employee is None else EmployeeId(employee)
    return Caller(door=Door.COMMAND_LINE, employee=named, roles=frozenset({Role.OPERATOR}))
