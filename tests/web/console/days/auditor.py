"""The day of an auditor: who, when, on which version."""

from sqlalchemy import text

from domain.goal.commands import DecideReview, Submit
from domain.goal.goal import Goal
from tests.service.steered import HARA, MANAGER, MORI, ONO, SALES, Steered
from tests.web.console.days.scene import CYCLE, DRAFT, Scene
from tests.web.console.ways import Way


async def walk(way: Way, scene: Scene) -> None:
    """Who decided what, on which version, with its proof; and what stands there once an entry was altered."""
    t, company = way.text, scene.company
    cycle = await company.launch(f"day-auditor-{scene.number}", without=[HARA, ONO, SALES, MANAGER])
    await scene.does(cycle, MORI, Submit(actor=MORI))
    goal = await scene.works_until_review(cycle, MORI, MANAGER)
    decided = DecideReview(actor=MANAGER, expected_seq=goal.seq, verdict="continue", bonus=5, comment="手本になる")
    goal = await scene.does(cycle, MORI, decided)
    await way.begin()
    await way.press(t("console.place.audit"))
    await way.fill(t("console.audit.goal"), goal.id)
    await way.press(t("console.audit.search"))
    await way.sees(t("console.audit.holds"), t("screen.audit.holds", entries=goal.seq), "手本になる")
    await way.press(t("console.audit.saw", seq=2))  # by the approver
    await way.sees(t("console.audit.then", seq=2), DRAFT)
    await way.press(f"{t('console.audit.ledger')} {goal.id}")
    await way.press(t("console.place.journal"))
    await way.choose(t("console.audit.log"), way.word("log", "looks"))
    await way.press(t("console.list.filter"))
    await way.sees("/audit/goals/{cycle}/{owner}/{number}")
    await _alters(company, goal)
    await way.press(t("console.place.audit"))
    await way.choose(t("place.cycle"), f"{CYCLE} ({cycle})")
    await way.press(t("console.audit.search"))
    await way.press(DRAFT, MORI)
    await way.sees(t("console.audit.broken"))
    await way.sees(t("screen.audit.broken", seq=goal.seq, reason=t("screen.broken.content")))


async def _alters(company: Steered, goal: Goal) -> None:
    """The database's owner switches the trigger off, and turns the bonus of 5 into 15."""
    change = text("UPDATE goal_event SET body = jsonb_set(body, '{bonus}', '15') WHERE goal_id = :goal AND seq = :seq")
    async with company.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert (await connection.execute(change, {"goal": goal.id, "seq": goal.seq})).rowcount == 1
