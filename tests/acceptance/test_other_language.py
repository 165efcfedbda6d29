"""A goal is approved by a client in another language: Temporal's own command line, with plain JSON."""

import asyncio
import json

import pytest

from domain.goal import commands
from domain.lifecycle import State
from domain.values import EmployeeId, GoalId
from storage.database import read_transaction
from storage.goals import LedgerLine, read_ledger
from tests.acceptance.scene import CHIEF, CYCLE, HEAD, OWNER, Company, Witness, shows
from tests.acceptance.temporal_command_line import CommandLine

pytestmark = pytest.mark.slow


def goal_of(owner: EmployeeId) -> GoalId:
    return GoalId(f"{CYCLE}/{owner}/1")


async def submitted(company: Company, owner: EmployeeId) -> Witness:
    """The owner's goal, which waits for the approval of `CHIEF`."""
    witness = Witness(company, goal_of(owner))
    await company.give(witness.goal, commands.Submit(actor=owner))
    await witness.look()
    return witness


async def test_a_goal_is_approved_with_plain_json(company: Company) -> None:
    witness = await submitted(company, OWNER)
    text = json.dumps({"actor": CHIEF, "expected_seq": 2, "comment": "よい目標です"})
    said = await CommandLine(company).update(witness.goal, "approve", text, "from-another-language")
    assert said.code == 0, said.err
    seen = await witness.look()
    told = {("stage_approved", OWNER), ("approval_requested", HEAD)}
    shows(seen, State.PENDING_APPROVAL, entries=["stage_approved"], told=told, score="0")
    answer = said.answer()
    assert (answer["seq"], answer["state"], answer["head"]) == (3, "pending_approval", seen.goal.head)

    repeated = await CommandLine(company).update(witness.goal, "approve", text, "from-another-language")
    assert repeated.answer() == answer
    assert (await witness.look()).entries == ()


async def test_a_refusal_prints_its_reason_and_its_code_and_changes_nothing(company: Company) -> None:
    witness = await submitted(company, EmployeeId("M0032"))
    before = await company.count_rows()
    said = await CommandLine(company).update(witness.goal, "approve", json.dumps({"actor": "M0011", "expected_seq": 2}))
    assert said.code != 0
    assert "not_allowed (actor: M0011; allowed: M0015)" in said.err + said.out
    assert (await witness.look()).entries == ()
    assert await company.count_rows() == before


async def test_a_field_that_the_command_does_not_know_is_named(company: Company) -> None:
    witness = await submitted(company, EmployeeId("M0033"))
    text = json.dumps({"actor": CHIEF, "expected_seq": 2, "coment": "x"})
    said = await CommandLine(company).update(witness.goal, "approve", text)
    assert said.code != 0
    assert "where: coment; finding: problem.extra_forbidden" in said.err + said.out
    assert (await witness.look()).entries == ()


async def _ledger(company: Company, goal: GoalId) -> list[LedgerLine]:
    async with read_transaction(company.engine) as connection:
        return await read_ledger(connection, goal)


async def signed_off(company: Company, goal: GoalId, entries: int) -> list[str]:
    """The kinds of the new ledger entries, when there are that many; a signal has no answer to wait for."""
    async with asyncio.timeout(30):
        while len(lines := await _ledger(company, goal)) < entries:  # noqa: ASYNC110 - as the docstring says
            await asyncio.sleep(0.1)
    return [line.kind for line in lines]


async def test_another_system_signs_off_by_a_signal(company: Company) -> None:
    witness = await submitted(company, EmployeeId("M0034"))
    text = json.dumps({"id": "ringi-2026-0815", "actor": CHIEF, "expected_seq": 2, "comment": "稟議で決裁"})
    said = await CommandLine(company).signal(witness.goal, "sign_off", text)
    assert said.code == 0, said.err
    assert await signed_off(company, witness.goal, 3) == ["created", "submitted", "stage_approved"]
    seen = await witness.look()
    assert seen.told == {("stage_approved", "M0034"), ("approval_requested", HEAD)}

    await CommandLine(company).signal(witness.goal, "sign_off", text)  # the other system sends everything twice
    await company.give(witness.goal, commands.Comment(actor=EmployeeId("M0034"), text="確認しました"))
    assert (await witness.look()).entries == ("commented",)


async def test_a_signal_that_the_rules_refuse_is_recorded_with_its_reason_and_told(company: Company) -> None:
    witness = await submitted(company, EmployeeId("M0035"))
    text = json.dumps({"id": "ringi-2026-0816", "actor": HEAD, "expected_seq": 2})
    said = await CommandLine(company).signal(witness.goal, "sign_off", text)
    assert said.code == 0, "a signal is taken, whatever comes of it"
    assert await signed_off(company, witness.goal, 3) == ["created", "submitted", "sign_off_refused"]
    told = {("sign_off_refused", CHIEF)}
    shows(await witness.look(), State.PENDING_APPROVAL, entries=["sign_off_refused"], told=told, score="0")
    async with read_transaction(company.engine) as connection:
        refused = (await read_ledger(connection, witness.goal))[-1].event
    assert refused["actor"] == HEAD
    assert refused["body"]["code"] == "not_allowed"
    assert (refused["body"]["code"], refused["body"]["fields"]["actor"]) == ("not_allowed", HEAD)
