"""Who gives a command at this command line.

The command line authenticates nobody: whoever may type here holds the database's address, and says who they are.
"""

from domain.access import Caller, Door, Role
from domain.values import EmployeeId

_OPERATOR = frozenset({Role.OPERATOR})


def caller_for(employee: str | None) -> Caller:
    """The employee that `--as` names; without one, the operator, who sees everything."""
    if employee is None:
        return Caller(door=Door.COMMAND_LINE, roles=_OPERATOR)
    return Caller(door=Door.COMMAND_LINE, employee=EmployeeId(employee))


def operator(employee: str | None = None) -> Caller:
    """The operator, by name where `--as` gives one: for what an operator may do while nobody is HR yet."""
    return Caller(door=Door.COMMAND_LINE, employee=EmployeeId(employee) if employee else None, roles=_OPERATOR)
