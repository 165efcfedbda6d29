"""Roles in the company: who gives them, and what a system administrator may do."""

from datetime import UTC, datetime

import pytest

from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.goals import GoalReads
from service.roles import Roles
from service.tokens import ApiTokens
from tests.callers import OPERATOR, by
from tests.service.steered import GONE, HARA, HR, MORI, ONO, Steered, goal_of

pytestmark = pytest.mark.slow


async def code_of(attempt: object) -> Code:
    with pytest.raises(Refusal) as refused:
        await attempt  # type: ignore[misc]  # a coroutine of any kind
    return refused.value.code


async def test_the_operator_gives_the_first_roles_and_then_system_administrators_do(company: Steered) -> None:
    roles = Roles(company.engine)
    assert await code_of(roles.give(by(HR), HR, CompanyRole.AUDITOR)) is Code.NOT_ALLOWED
    assert await code_of(roles.give(OPERATOR, GONE, CompanyRole.SYSTEM)) is Code.UNKNOWN_EMPLOYEE
    await roles.give(OPERATOR, HARA, CompanyRole.SYSTEM)
    for role in CompanyRole:
        assert await code_of(roles.give(OPERATOR, ONO, role)) is Code.UNNAMED
        assert await code_of(roles.give(by(HR), ONO, role)) is Code.NOT_ALLOWED
    await roles.give(by(HARA), ONO, CompanyRole.DIRECTORY)
    await roles.give(by(ONO), MORI, CompanyRole.DIRECTORY)
    assert await code_of(roles.give(by(ONO), MORI, CompanyRole.AUDITOR)) is Code.NOT_ALLOWED
    held = [(one.employee, one.role) for one in (await roles.list_holders(by(MORI))).roles]
    assert held == [(MORI, "directory"), (ONO, "directory"), (HARA, "system")]
    for person in (MORI, ONO):
        await roles.end(by(HARA), person, CompanyRole.DIRECTORY)
    await roles.end(by(HARA), HARA, CompanyRole.SYSTEM)


async def test_a_system_administrator_ends_tokens_and_is_nothing_to_goals(company: Steered) -> None:
    cycle = await company.launch("system")
    roles, tokens, now = Roles(company.engine), ApiTokens(company.engine), datetime.now(UTC)
    made = await tokens.make(by(MORI), {"label": "x"}, now)
    assert await code_of(tokens.end(by(HARA), made.token, now)) is Code.NOT_ALLOWED
    await roles.give(OPERATOR, HARA, CompanyRole.SYSTEM)
    assert made.token in {one.token for one in (await tokens.list_tokens(by(HARA), now)).tokens}
    assert not (await tokens.end(by(HARA), made.token, now)).usable
    goals = GoalReads(company.engine)
    assert await code_of(goals.look(by(HARA), goal_of(cycle, EmployeeId(MORI)))) is Code.NOT_ALLOWED
