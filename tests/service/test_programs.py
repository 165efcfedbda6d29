"""Accounts of programs: who makes them, what a program may do and what it never does, and who answers for it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain.access import Caller, Door
from domain.goal.commands import Approve, Submit
from domain.instructions.instructions import Pause
from domain.journal import Log
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId, Locale
from service.goals import GoalReads
from service.hearing import Hearing
from service.programs import Programs
from service.reorganisation import Reorganisation
from service.roles import Roles
from service.tokens import ApiTokens, NobodyAnswers, NotSignedIn
from storage import journal, programs
from storage.database import read_transaction
from storage.tables import EmployeeRow
from tests.callers import OPERATOR, by
from tests.service.steered import GONE, HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered, goal_of, of
from texts.say import say

pytestmark = pytest.mark.slow
HEADER = "社員番号,氏名,部署,上長,在籍"


async def code_of(attempt: Awaitable[object]) -> Code:
    with pytest.raises(Refusal) as refused:
        await attempt
    return refused.value.code


def as_program(name: str) -> Caller:
    return Caller(door=Door.API, employee=EmployeeId(f"@program:{name}"))


async def made(company: Steered, name: str, *roles: CompanyRole, owner: EmployeeId = ONO) -> Caller:
    """A program with these roles, by the operator or the system administrator."""
    given = Programs(company.engine)
    caller = OPERATOR if not (await system(company)) else by(HARA)
    await given.make(caller, {"name": name, "purpose": "人事システムとの連携", "owner": owner}, datetime.now(UTC))
    for role in roles:
        await Roles(company.engine).give(caller, EmployeeId(f"@program:{name}"), role)
    return as_program(name)


async def system(company: Steered) -> bool:
    held = await Roles(company.engine).list_holders(OPERATOR, CompanyRole.SYSTEM)
    return bool(held.roles)


async def entries(company: Steered, log: Log) -> list[tuple[str, str, dict[str, Any]]]:
    async with read_transaction(company.engine) as connection:
        assert await journal.first_break(connection, log) is None
        return [(one.kind, one.actor, one.body) for one in await journal.entries_of(connection, log)]


async def test_the_operator_makes_the_first_account_and_then_system_administrators_do(company: Steered) -> None:
    given, now = Programs(company.engine), datetime.now(UTC)
    wish = {"name": "first", "purpose": "給与の連携", "owner": ONO}
    assert await code_of(given.make(by(HR), wish, now)) is Code.NOT_ALLOWED
    assert await code_of(given.make(OPERATOR, wish | {"owner": GONE}, now)) is Code.UNKNOWN_EMPLOYEE
    assert await code_of(given.make(OPERATOR, wish | {"owner": "a\0"}, now)) is Code.INVALID
    for name in ("", "E1", "@program:x", "-x", "x y", "x/y", "ｘ", "x" * 41):
        assert await code_of(given.make(OPERATOR, wish | {"name": name}, now)) is Code.INVALID, name
    one = await given.make(OPERATOR, wish, now)
    assert (one.program, one.owner, one.owner_name, one.roles, one.usable) == (
        "@program:first", ONO, "大野 あかり", (), True,
    )  # fmt: skip
    assert await code_of(given.make(OPERATOR, wish, now)) is Code.PROGRAM_EXISTS
    await Roles(company.engine).give(OPERATOR, HARA, CompanyRole.SYSTEM)
    for attempt in (
        given.make(OPERATOR, wish | {"name": "second"}, now), given.answer(OPERATOR, "first", MORI),
        given.make_token(OPERATOR, "first", {"label": "x"}, now), given.end(OPERATOR, "first", now),
    ):  # fmt: skip
        assert await code_of(attempt) is Code.UNNAMED
    assert await code_of(given.make_token(by(ONO), "first", {"label": "x"}, now)) is Code.NOT_ALLOWED
    assert [one.program for one in (await given.list_programs(by(ONO))).programs] == ["@program:first"]
    assert (await given.list_programs(by(MORI))).programs == ()
    assert (await given.list_programs(OPERATOR)).programs == (one,)
    await given.answer(by(HARA), "first", MORI)
    await given.answer(by(HARA), "@program:first", MORI)
    assert await code_of(given.answer(by(HARA), "frist", MORI)) is Code.UNKNOWN_PROGRAM
    assert [(kind, actor, body["responsible"]) for kind, actor, body in await entries(company, Log.PROGRAMS)] == [
        ("program_made", "@operator", ONO), ("program_answered", HARA, MORI),
    ]  # fmt: skip
    await given.end(by(HARA), "first", now)


async def test_a_program_holds_only_the_roles_and_scopes_of_programs(company: Steered) -> None:
    program = await made(company, "bounded")
    given, roles, now = Programs(company.engine), Roles(company.engine), datetime.now(UTC)
    who = EmployeeId("@program:bounded")
    assert await code_of(roles.give(by(HARA), who, CompanyRole.SYSTEM)) is Code.PROGRAM_ROLE
    assert await code_of(roles.give(by(HARA), EmployeeId("@program:none"), CompanyRole.AUDITOR)) is Code.UNKNOWN_PROGRAM
    for scope in ("goals", "cycles", "all"):
        assert (
            await code_of(given.make_token(by(HARA), "bounded", {"label": "x", "scopes": [scope]}, now)) is Code.INVALID
        )
    for days in (0, 367):
        assert await code_of(given.make_token(by(HARA), "bounded", {"label": "x", "days": days}, now)) is Code.INVALID
    for _ in range(2):
        await roles.give(by(HARA), who, CompanyRole.DIRECTORY)
    listed = [(one.employee, one.name, one.role) for one in (await roles.list_holders(by(MORI))).roles]
    assert (who, "bounded", "directory") in listed
    assert [(kind, actor) for kind, actor, body in await entries(company, Log.ROLES) if body.get("program") == who] == [
        ("role_given", HARA)
    ]
    await roles.end(by(HARA), who, CompanyRole.DIRECTORY)
    assert await code_of(Reorganisation(company.engine).compare(program, b"x")) is Code.NOT_ALLOWED


async def test_a_program_changes_the_directory_in_its_own_name_and_its_leaver_s_accounts_stop(company: Steered) -> None:
    cycle = await company.launch("programs")
    program = await made(company, "hr-sync", CompanyRole.DIRECTORY)
    await made(company, "of-a-leaver", CompanyRole.AUDITOR, owner=SALES)
    file = f"{HEADER}\n{MORI},森 香織,経理部,{TOP},はい\n{SALES},岡 一郎,営業部,{TOP},いいえ\nN7,新人 七,経理部,{MANAGER},はい\n"
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(program, file.encode())
    assert compared.difference, compared.findings
    given = await reorganisation.apply(program, company.client, compared, "人事発令")
    await company.done(given)
    assert (await company.goal(cycle, MORI)).line == (TOP,)
    assert ("line_changed", "@organisation", "人事発令 (@program:hr-sync)") in await company.entries(cycle, MORI)
    assert (await entries(company, Log.DIRECTORY))[-1][1] == "@program:hr-sync"
    found = {one.name: one for one in (await Programs(company.engine).list_programs(by(HARA))).programs}
    assert (found["of-a-leaver"].owner, found["of-a-leaver"].usable, found["hr-sync"].usable) == (None, False, True)
    kind, actor, body = (await entries(company, Log.PROGRAMS))[-1]
    assert (kind, actor, body["responsible"]) == ("program_unanswered", "@organisation", SALES)


async def test_a_program_never_signs_owns_steers_gives_roles_or_makes_tokens(company: Steered) -> None:
    program = await made(company, "narrow", CompanyRole.DIRECTORY, CompanyRole.AUDITOR)
    cycle, now = CycleId("programs"), datetime.now(UTC)
    who, goal = EmployeeId("@program:narrow"), goal_of(cycle, ONO)
    goals = GoalReads(company.engine)
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: goals.look(program, goal),
        lambda: company.instructions.give(Pause(reason="x", selection=of(ONO)), who, cycle),
        lambda: Roles(company.engine).give(program, MORI, CompanyRole.DIRECTORY),
        lambda: Roles(company.engine).give(program, who, CompanyRole.DIRECTORY),
        lambda: Roles(company.engine).list_holders(program),
        lambda: ApiTokens(company.engine).make(program, {"label": "x"}, now),
        lambda: ApiTokens(company.engine).list_tokens(program, now),
        lambda: Programs(company.engine).list_programs(program),
        lambda: Hearing(company.engine).add(program, cycle=cycle, text="x", department="経理部"),
    ]
    for number, attempt in enumerate(attempts):
        assert await code_of(attempt()) is Code.NOT_ALLOWED, number
    before = await company.goal(cycle, ONO)
    for command in (Submit, Approve):
        with pytest.raises((Refusal, ValueError)):
            await company.goals.give(goal, command(actor=who, expected_seq=before.seq))
    assert await company.goal(cycle, ONO) == before


async def test_nobody_answers_when_the_person_has_left_until_another_person_is_named(company: Steered) -> None:
    await made(company, "answered", CompanyRole.AUDITOR, owner=MANAGER)
    given, tokens, now = Programs(company.engine), ApiTokens(company.engine), datetime.now(UTC)
    token = await given.make_token(by(HARA), "answered", {"label": "監査の抽出", "scopes": ["audit"]}, now)
    assert (await tokens.let_in(token.secret, "", now)).caller.employee == "@program:answered"

    async def set_manager(**values: Any) -> None:
        async with company.engine.begin() as connection:
            await connection.execute(update(EmployeeRow).where(EmployeeRow.id == MANAGER).values(**values))
            await programs.end_of_leavers(connection)

    async def is_stopped() -> bool:
        with pytest.raises(NobodyAnswers) as stopped:
            await tokens.let_in(token.secret, "", now)
        listed = (await tokens.list_tokens(by(HARA), now)).tokens
        assert [one.usable for one in listed if one.token == token.token] == [False]
        assert "プログラム「answered」" in say(stopped.value.message, Locale.JA)
        return True

    try:
        await set_manager(leaves=(now - timedelta(days=30)).date())  # the last day is over, and no sync has run
        assert await is_stopped()
        await set_manager(leaves=None)
        assert await tokens.let_in(token.secret, "", now)
        await set_manager(active=False)
        await set_manager(active=True)  # who comes back does not answer by that
        assert await is_stopped()
    finally:
        await set_manager(active=True, leaves=None)
    with pytest.raises(NotSignedIn):  # without the secret, nobody hears of it
        await tokens.let_in(token.secret[:-1] + "x", "", now)
    await given.answer(by(HARA), "answered", MORI)
    assert await tokens.let_in(token.secret, "", now)


async def test_an_auditing_program_leaves_its_looks_under_its_name(company: Steered) -> None:
    await made(company, "extract", CompanyRole.AUDITOR)
    given, tokens, now = Programs(company.engine), ApiTokens(company.engine), datetime.now(UTC)
    token = await given.make_token(by(HARA), "extract", {"label": "x", "scopes": ["audit"]}, now)
    let_in = await tokens.let_in(token.secret, "", now)
    auditor = await tokens.as_auditor(let_in, "/goals", {"owner": ONO}, "")
    assert await GoalReads(company.engine).look(auditor, goal_of(CycleId("programs"), ONO))
    kind, actor, body = (await entries(company, Log.LOOKS))[-1]
    assert (kind, actor, body["owner"]) == ("looked", "@program:extract", ONO)
    await Roles(company.engine).end(by(HARA), EmployeeId("@program:extract"), CompanyRole.AUDITOR)
    assert await code_of(tokens.as_auditor(let_in, "/goals", {}, "")) is Code.NOT_ALLOWED
    assert await code_of(GoalReads(company.engine).look(auditor, goal_of(CycleId("programs"), ONO))) is Code.NOT_ALLOWED


async def test_an_account_ends_with_its_roles_and_tokens_and_does_not_come_back(company: Steered) -> None:
    program = await made(company, "over", CompanyRole.DIRECTORY)
    given, tokens, roles = Programs(company.engine), ApiTokens(company.engine), Roles(company.engine)
    now, who = datetime.now(UTC), EmployeeId("@program:over")
    token = await given.make_token(by(HARA), "over", {"label": "x", "scopes": ["people"]}, now)
    for _ in range(2):
        ended = await given.end(by(HARA), "over", now)
        assert (ended.usable, ended.roles) == (False, ())
    with pytest.raises(NotSignedIn):
        await tokens.let_in(token.secret, "", now)
    assert await code_of(Reorganisation(company.engine).compare(program, b"x")) is Code.NOT_ALLOWED
    assert await code_of(given.answer(by(HARA), "over", MORI)) is Code.PROGRAM_ENDED
    assert await code_of(given.make_token(by(HARA), "over", {"label": "x"}, now)) is Code.PROGRAM_ENDED
    assert await code_of(roles.give(by(HARA), who, CompanyRole.DIRECTORY)) is Code.UNKNOWN_PROGRAM
    wish = {"name": "over", "purpose": "x", "owner": ONO}
    assert await code_of(given.make(by(HARA), wish, now)) is Code.PROGRAM_EXISTS
    of_it = [
        (log.value, kind)
        for log in (Log.PROGRAMS, Log.ROLES, Log.TOKENS)
        for kind, _, body in await entries(company, log)
        if body.get("program") == who
    ]
    assert of_it == [
        ("programs", "program_made"), ("programs", "program_ended"), ("roles", "role_given"), ("roles", "role_ended"),
        ("tokens", "token_made"), ("tokens", "token_ended"),
    ]  # fmt: skip
