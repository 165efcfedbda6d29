"""What a provider changed by SCIM becomes one instruction, with the same protections as a file of people."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, text

from activities.gathering import gathering
from domain.people.provisioned import owned_fields
from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.gathering import Gathering, Outcome
from service.people import People
from service.reorganisation import Reorganisation
from service.roles import Roles
from settings import Settings
from storage import people, provisioning_runs
from storage.tables import InstructionRow, ScimResourceRow
from tests.as_of.real_clock import needs_the_real_clock
from tests.callers import OPERATOR, by
from tests.service.steered import HARA, HR, HR_TOO, MANAGER, MORI, ONO, SALES, TOP, Steered
from tests.web.people import token_of
from tests.web.test_scim import ENTERPRISE, Headers, made, patch, user

pytestmark = pytest.mark.slow
OWNS = Settings().scim_owns
QUIET = timedelta(seconds=60)


@pytest_asyncio.fixture(scope="module")
async def provider(company: Steered) -> Headers:
    await Roles(company.engine).give(OPERATOR, TOP, CompanyRole.DIRECTORY)
    return await token_of(company, TOP, "provision")


def gatherer(company: Steered, owns: str = OWNS) -> Gathering:
    return Gathering(company.engine, company.client, quiet=QUIET, owned=owned_fields(owns))


async def gathered(company: Steered, **how: Any) -> Outcome:
    """Applies what was gathered, and waits for the instruction."""
    found = await gatherer(company).run(datetime.now(UTC), **how)
    assert found
    if found.instruction:
        await company.done(found.instruction)
    return found


async def employee(company: Steered, who: str) -> Any:
    async with company.engine.connect() as connection:
        return await people.find_employee(connection, EmployeeId(who))


async def syncs(company: Steered) -> int:
    async with company.engine.connect() as connection:
        query = select(func.count()).select_from(InstructionRow).where(InstructionRow.kind == "sync")
        return await connection.scalar(query) or 0


def known(who: str, name: str, department: str, manager: str | None, **more: Any) -> dict[str, Any]:
    """A user for somebody in the directory."""
    boss = {"manager": {"value": manager}} if manager else {}
    body = user(f"u-{who}", who, **boss) | {"displayName": name, **more}
    body[ENTERPRISE]["department"] = department
    return body


async def test_many_changes_are_one_instruction(company: Steered, web: httpx.AsyncClient, provider: Headers) -> None:
    cycle = await company.launch("scim")
    before = await syncs(company)
    boss = await made(web, provider, known(MANAGER, "清水 幸恵", "経理部", str(TOP)))
    ono = await made(web, provider, known(ONO, "大野 あかり", "経理部", boss["id"]))
    for number in range(3):
        await made(web, provider, user(f"new{number}", f"N{number}", manager=boss["id"]))
    moved = await web.patch(
        f"/scim/v2/Users/{ono['id']}",
        headers=provider,
        json=patch(
            {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "営業部"},
            {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": str(TOP)},
        ),
    )
    assert moved.status_code == 200, moved.text
    assert (await employee(company, "N1")) is None, "nothing is applied yet"
    found = await gathered(company)
    assert (found.resources, dict(found.refused), await syncs(company)) == (5, {}, before + 1)
    assert (await employee(company, ONO)).department == "営業部"
    assert (await employee(company, "N1")).manager_id == MANAGER
    assert (await company.goal(cycle, ONO)).line == (TOP,)
    assert (await employee(company, MANAGER)).mail == f"u-{MANAGER}@example.jp"
    assert await gatherer(company).run(datetime.now(UTC)) is None, "there is nothing left"


async def test_who_is_not_active_and_who_is_deleted_has_left(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    one = await made(web, provider, user("leaver0", "L0", manager=str(TOP)))
    two = await made(web, provider, user("leaver1", "L1", manager=str(TOP)))
    never = await made(web, provider, user("never", "L9", manager=str(TOP)) | {"active": False})
    await gathered(company)
    assert await employee(company, "L9") is None, never
    off = patch({"op": "Replace", "path": "active", "value": "False"})
    assert (await web.patch(f"/scim/v2/Users/{one['id']}", headers=provider, json=off)).json()["active"] is False
    assert (await web.delete(f"/scim/v2/Users/{two['id']}", headers=provider)).status_code == 204
    await gathered(company, many_leave=True)
    assert [(await employee(company, who)).active for who in ("L0", "L1")] == [False, False]
    on = patch({"op": "Replace", "path": "active", "value": True})
    await web.patch(f"/scim/v2/Users/{one['id']}", headers=provider, json=on)
    await made(web, provider, user("leaver1", "L1", manager=str(TOP)))
    await gathered(company)
    assert [(await employee(company, who)).active for who in ("L0", "L1")] == [True, True], "they are back"


async def test_who_left_by_another_way_does_not_come_back_with_a_new_title(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    one = await made(web, provider, user("other", "W1", manager=str(TOP)))
    await gathered(company)
    async with company.engine.begin() as connection:
        await connection.execute(text("UPDATE employee SET active = false WHERE id = 'W1'"))
    renamed = patch({"op": "Replace", "path": "displayName", "value": "別名 太郎"})
    await web.patch(f"/scim/v2/Users/{one['id']}", headers=provider, json=renamed)
    await gathered(company)
    found = await employee(company, "W1")
    assert (found.name, found.active) == ("別名 太郎", False)


async def test_the_last_hr_stays_and_the_other_changes_go_through(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    await company.launch("scim-hr")
    both = [
        await made(web, provider, known(who, name, "人事部", str(TOP)))
        for who, name in ((HR, "西村 直美"), (HR_TOO, "東 京子"))
    ]
    await gathered(company)
    for one in both:
        assert (await web.delete(f"/scim/v2/Users/{one['id']}", headers=provider)).status_code == 204
    await made(web, provider, user("beside", "H1", manager=str(TOP)))
    found = await gathered(company, many_leave=True)
    assert {code for some in found.refused.values() for code in (one.code for one in some)} == {"last_hr_leaves"}
    assert set(found.refused) == {one["id"] for one in both}
    assert (await employee(company, HR)).active
    assert (await employee(company, "H1")).active
    async with company.engine.connect() as connection:
        waiting = await provisioning_runs.waiting(connection)
        assert (waiting.pending, waiting.refused) == (0, 2)
    soon = datetime.now(UTC) + timedelta(minutes=59)
    assert await gatherer(company).run_due(soon) is None
    again = await gatherer(company).run_due(soon + timedelta(minutes=2))
    assert again is not None, "what was refused is compared again after an hour"
    assert len(again.refused) == 2
    for who, name in ((HR, "西村 直美"), (HR_TOO, "東 京子")):
        await made(web, provider, known(who, name, "人事部", str(TOP)))
    assert not (await gathered(company)).refused


async def test_many_who_leave_at_once_wait_for_a_confirmation(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    made_now = [await made(web, provider, user(f"many{n}", f"M{n}", manager=str(TOP))) for n in range(12)]
    await gathered(company)
    for one in made_now:
        await web.delete(f"/scim/v2/Users/{one['id']}", headers=provider)
    found = await gathered(company)
    assert {one.code for some in found.refused.values() for one in some} == {"many_leave"}
    assert len(found.refused) == 12
    assert not (await gathered(company, many_leave=True, caller=by(TOP))).refused
    assert not (await employee(company, "M3")).active


async def test_what_the_directory_cannot_take_yet_is_refused_alone(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    bare = await made(web, provider, user("bare", None))
    led = await made(web, provider, user("led", "B1", manager=bare["id"]))
    top = await made(web, provider, user("top", "B2"))
    good = await made(web, provider, user("good", "B3", manager=str(TOP)))
    found = await gathered(company)
    codes = {resource: [one.code for one in some] for resource, some in found.refused.items()}
    assert codes == {
        bare["id"]: ["not_provisioned"],
        led["id"]: ["manager_not_provisioned"],
        top["id"]: ["several_tops"],
    }
    assert (await employee(company, "B3")).active, good
    numbered = patch(
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "B0"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": str(TOP)},
    )
    for one in (bare, top):
        await web.patch(
            f"/scim/v2/Users/{one['id']}",
            headers=provider,
            json=numbered if one is bare else patch(numbered["Operations"][1]),
        )
    assert not (await gathered(company)).refused
    assert (await employee(company, "B1")).manager_id == "B0"


async def test_a_file_does_not_change_what_the_provider_keeps(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    await made(web, provider, user("kept", "K1", manager=str(TOP)))
    await gathered(company)
    rows = f"社員番号,氏名,部署,上長,拠点\nK1,別の 名前,営業部,{MANAGER},osaka\n".encode()
    compared = await Reorganisation(company.engine, owned_fields(OWNS)).compare(by(HR), rows)
    assert compared.difference
    [one] = compared.difference.changed
    assert (one.name, one.department, one.manager_id, one.site) == ("kept 太郎", "経理部", TOP, "osaka")
    assert "provider_keeps" in {found.code for found in compared.findings}
    rows += f"{TOP},社長 一,経営,,\n{HR},西村 直美,人事部,{TOP},\n".encode()
    absent = await Reorganisation(company.engine, owned_fields(OWNS)).compare(by(HR), rows, absent_left=True)
    assert absent.difference
    assert {"N0", "K1"} & set(absent.difference.left) == set(), "nor by leaving somebody out"
    assert MORI in absent.difference.left, "but who is not provisioned has left"
    without = await Reorganisation(company.engine).compare(by(HR), rows)
    assert without.difference
    assert without.difference.changed[0].name == "別の 名前"


async def test_a_changed_number_is_the_same_person(company: Steered, web: httpx.AsyncClient, provider: Headers) -> None:
    one = await made(web, provider, user("number", "C1", manager=str(TOP)))
    await gathered(company)
    other = patch({"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "C2"})
    await web.patch(f"/scim/v2/Users/{one['id']}", headers=provider, json=other)
    assert not (await gathered(company)).refused
    found = await employee(company, "C1")
    assert (found.number, found.active) == ("C2", True)


async def test_an_owner_who_is_no_administrator_any_more_changes_nothing(
    company: Steered, web: httpx.AsyncClient
) -> None:
    roles = Roles(company.engine)
    await roles.give(OPERATOR, SALES, CompanyRole.SYSTEM)
    await roles.give(by(SALES), HARA, CompanyRole.DIRECTORY)
    headers = await token_of(company, HARA, "provision")
    one = await made(web, headers, user("late", "A1", manager=str(TOP)))
    await roles.end(by(SALES), HARA, CompanyRole.DIRECTORY)
    assert (await web.get("/scim/v2/Users", headers=headers)).status_code == 403
    found = await gathered(company)
    assert [each.code for each in found.refused[one["id"]]] == ["not_allowed"]
    assert await employee(company, "A1") is None
    await gathered(company, caller=by(TOP))
    assert (await employee(company, "A1")).active


@needs_the_real_clock
async def test_it_waits_for_a_quiet_minute_but_not_for_ever(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    await made(web, provider, user("quiet", "Q1", manager=str(TOP)))
    now, due = datetime.now(UTC), gatherer(company)
    assert await due.run_due(now + timedelta(seconds=50)) is None
    async with company.engine.begin() as connection:
        await connection.execute(
            text("UPDATE scim_resource SET pending_at = now() + interval '9 minutes' WHERE number = 'K1'")
        )
    assert await due.run_due(now + timedelta(minutes=9)) is None, "another change came"
    found = await due.run_due(now + timedelta(minutes=11))
    assert found is not None
    await company.done(str(found.instruction))


@needs_the_real_clock
async def test_two_workers_apply_a_change_once(company: Steered, web: httpx.AsyncClient, provider: Headers) -> None:
    before = await syncs(company)
    await made(web, provider, user("twice", "T1", manager=str(TOP)))
    now = datetime.now(UTC)
    found = await asyncio.gather(*(gatherer(company).run(now) for _ in range(4)))
    [once] = [one for one in found if one]
    await company.done(str(once.instruction))
    assert await syncs(company) == before + 1


async def test_the_loop_of_a_worker_applies_a_change(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    await made(web, provider, user("loop", "P1", manager=str(TOP)))
    async with gathering(company.engine, company.client, quiet_seconds=1, owns=OWNS, locale="ja"), asyncio.timeout(30):
        while await employee(company, "P1") is None:  # noqa: ASYNC110 - the database tells nobody when it changes
            await asyncio.sleep(0.1)
    async with company.engine.connect() as connection:
        [latest] = await provisioning_runs.latest_runs(connection, 1)
    await company.done(str(latest.instruction))


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_killed_process_loses_nothing_and_applies_nothing_twice(
    company: Steered, web: httpx.AsyncClient, provider: Headers, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the instruction is written, or after it and before its workflow is started."""
    number = f"D-{where}"
    await made(web, provider, user(number, number, manager=str(TOP)))
    before, killed = await syncs(company), asyncio.CancelledError
    target = "service.instruction_start.start" if where == "after" else "service.gathering.apply_difference"

    async def end(*_: object, **__: object) -> None:
        raise killed

    with monkeypatch.context() as patched:
        patched.setattr(target, end)
        with pytest.raises(killed):
            await gatherer(company).run(datetime.now(UTC))
    assert await syncs(company) == before + (where == "after")
    async with company.engine.connect() as connection:
        pending = await connection.scalar(select(func.count(ScimResourceRow.pending_at)))
    assert pending == (0 if where == "after" else 1)
    found = await gatherer(company).run_due(datetime.now(UTC) + QUIET * 2)
    assert (found is None) == (where == "after")
    async with company.engine.connect() as connection:
        [latest] = await provisioning_runs.latest_runs(connection, 1)
    await company.done(str(latest.instruction))
    assert await syncs(company) == before + 1
    assert (await People(company.engine).person(by(MORI), EmployeeId(number))).employee.active


async def test_the_last_administrator_of_the_directory_stays(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    roles = Roles(company.engine)
    await roles.give(by(TOP), ONO, CompanyRole.DIRECTORY)
    headers = await token_of(company, ONO, "provision")
    await roles.end(by(ONO), TOP, CompanyRole.DIRECTORY)
    found = (
        await web.get("/scim/v2/Users", params={"filter": f'userName eq "u-{ONO}@example.jp"'}, headers=headers)
    ).json()
    assert (await web.delete(found["Resources"][0]["meta"]["location"], headers=headers)).status_code == 204
    refused = (await gathered(company)).refused
    assert [one.code for some in refused.values() for one in some] == ["last_administrator_leaves"]
    assert (await employee(company, ONO)).active
    await roles.give(by(ONO), TOP, CompanyRole.DIRECTORY)
    assert not (await gathered(company)).refused
    assert not (await employee(company, ONO)).active
    assert (await web.get("/scim/v2/Users", headers=headers)).status_code == 401, (
        "the token has ended with the employment"
    )
