"""Accounts of programs: a name in the journal that no person has, and one person who answers for it.

A program reads and keeps the directory. It decides nothing about goals: it never signs, approves, owns a goal or steers a cycle.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from domain.roles import CompanyRole
from domain.tokens import Scope
from domain.values import EmployeeId

_BEGINNING = "@program:"  # no employee id begins with `@`
ROLES = frozenset({CompanyRole.DIRECTORY, CompanyRole.AUDITOR})

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class ProgramScope(StrEnum):
    """What the token of a program may be used for; its roles bound it further."""

    READ = Scope.READ.value
    PEOPLE = Scope.PEOPLE.value
    AUDIT = Scope.AUDIT.value
    PROVISION = Scope.PROVISION.value


def program_id(name: str) -> EmployeeId:
    """The id of the program with this name, in the place where a person's id stands; an id stays as it is."""
    return EmployeeId(name if is_program(name) else f"{_BEGINNING}{name}")


def is_program(actor: str | None) -> bool:
    return actor is not None and actor.startswith(_BEGINNING)


def name_of(program: str) -> str:
    return program.removeprefix(_BEGINNING)
