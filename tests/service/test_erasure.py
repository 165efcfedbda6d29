"""HR erases what people wrote, on real servers: the goal goes on, its proof holds, and nobody else may do it."""

import pytest

from domain.commitments import ERASED
from domain.goal import commands
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, GoalId
from service.audit import Audit
from service.erasure import Erasure
from tests.callers import OPERATOR, by
from tests.service.steered import HR, HR_TOO, MANAGER, MORI, ONO, Steered, goal_of

SECRET = "治療のため通院します"


async def comment(company: Steered, goal: GoalId, text: str = SECRET, actor: EmployeeId = MORI) -> int:
    """Adds a comment; returns the number of its entry."""
    return (await company.goals.give(goal, commands.Comment(actor=actor, text=text))).seq


async def everything_shown(company: Steered, goal: GoalId) -> str:
    page = await Audit(company.engine).ledger(OPERATOR, goal)
    return page.document.model_dump_json() + (await company.goals.require(goal)).model_dump_json()


async def test_an_erased_comment_is_gone_the_proof_holds_and_the_goal_goes_on(company: Steered) -> None:
    cycle = await company.launch("erase")
    goal = goal_of(cycle, MORI)
    seq = await comment(company, goal)
    assert SECRET in await everything_shown(company, goal)
    given = await Erasure(company.engine, company.client).erase_texts(
        by(HR), goal, [seq], "本人の請求による", "erase-1"
    )
    again = await Erasure(company.engine, company.client).erase_texts(
        by(HR), goal, [seq], "本人の請求による", "erase-1"
    )
    assert given.seq == again.seq == seq + 1, "a repeat erases and records once"
    assert SECRET not in await everything_shown(company, goal)
    document = (await Audit(company.engine).ledger(OPERATOR, goal)).document
    assert document.holds
    erased, said = document.ledger[seq - 1 : seq + 1]
    assert (erased["body"]["text"], list(erased["erased"])) == (ERASED, ["/text"])
    assert (said["actor"], said["body"]["entries"], said["body"]["reason"]) == (HR, [seq], "本人の請求による")

    assert await comment(company, goal, "体調は戻りました") == seq + 2
    assert (await company.goals.prove(goal)).holds


async def test_the_content_of_a_closed_goal_is_erased_from_its_row_as_well(company: Steered) -> None:
    cycle = await company.launch("eraseclosed")
    goal = goal_of(cycle, MORI)
    theme = (await company.goals.require(goal)).content.theme
    erasure = Erasure(company.engine, company.client)
    with pytest.raises(Refusal) as refused:
        await erasure.erase_texts(by(HR), goal, [1], "保存期間の終了")
    assert refused.value.code is Code.TEXTS_IN_USE
    last = await company.goals.give(goal, commands.Withdraw(actor=MORI, reason="転職するため"))
    assert theme in await everything_shown(company, goal)
    await erasure.erase_texts(by(HR), goal, range(1, last.seq + 1), "保存期間の終了")
    shown = await everything_shown(company, goal)
    assert theme not in shown
    assert "転職" not in shown
    assert (await company.goals.prove(goal)).holds
    assert (await company.goals.require(goal)).content.theme == ERASED


async def test_nobody_but_hr_erases_and_nothing_changes(company: Steered) -> None:
    cycle = await company.launch("eraseby")
    goal = goal_of(cycle, MORI)
    seq = await comment(company, goal)
    erasure = Erasure(company.engine, company.client)
    for caller in (by(MORI), by(MANAGER), by(ONO), by("E99"), OPERATOR):
        with pytest.raises(Refusal) as refused:
            await erasure.erase_texts(caller, goal, [seq], "?")
        assert refused.value.code in (Code.NOT_ALLOWED, Code.UNNAMED)
        assert MORI not in str(refused.value.fields.get("allowed"))
    assert SECRET in await everything_shown(company, goal)
    assert (await company.goals.require(goal)).seq == seq
    assert (await erasure.erase_texts(by(HR_TOO), goal, [seq], "本人の請求による")).seq == seq + 1


async def test_a_goals_workflow_refuses_an_erasure_that_did_not_come_through_the_service(company: Steered) -> None:
    cycle = await company.launch("erasedirect")
    goal = goal_of(cycle, MORI)
    seq = await comment(company, goal)
    with pytest.raises(Refusal) as refused:
        await company.goals.give(goal, commands.EraseTexts(actor=MANAGER, entries=(seq,), reason="?"))
    assert refused.value.code is Code.NOT_ALLOWED


async def test_every_run_of_a_goal_gets_a_secret_of_its_own(company: Steered) -> None:
    """The salts follow from it. What follows from a run's id would be known to all who may look at Temporal."""
    cycle = await company.launch("seeds")
    salts: set[str] = set()
    count = 0
    for person in (MORI, ONO):
        goal = goal_of(cycle, person)
        await comment(company, goal, actor=person)
        for line in (await company.goals.prove(goal)).lines:
            salts |= {one["salt"] for one in (line.texts or {}).values()}
            count += len(line.texts or {})
    assert len(salts) == count > 10
