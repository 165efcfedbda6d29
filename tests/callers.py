"""Callers, as the command line makes them."""

from cli.session.callers import caller_for, operator
from domain.access import Caller
from domain.values import EmployeeId

OPERATOR = operator()


def by(employee: EmployeeId | str) -> Caller:
    """A caller with this employee id."""
    return caller_for(employee)
