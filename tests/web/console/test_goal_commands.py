"""Every form of a goal's page does what it says: each command is sent as the page sends it, and the ledger has it."""

import re
from collections.abc import Mapping
from functools import partial

import httpx
import pytest

from domain.values import CycleId, EmployeeId
from service.connection import connect_temporal
from settings import Settings
from storage.database import open_database
from tests.servers import Postgres
from tests.service.steered import HR, HR_TOO, MANAGER, MORI, TOP, Steered, goal_of, in_days
from tests.web.people import session_of
from web.console.goal_forms import OFFERED
from web.opened import Temporal
from web.serving import listen, serving

pytestmark = pytest.mark.slow


class _Owner:
    """People at the page of one goal."""

    def __init__(self, company: Steered, web: httpx.AsyncClient, cycle: CycleId) -> None:
        self._company, self._web, self._cycle = company, web, cycle
        self.goal = goal_of(cycle, MORI)
        self.given: set[str] = set()

    async def sends(self, person: EmployeeId, name: str, key: str = "", /, **fields: str | list[str]) -> None:
        """Fills in the form that the page offers, with everything that the page put into it, and presses its button."""
        headers = await session_of(self._company, person)
        page = (await self._web.get(f"/goals/{self.goal}", headers=headers)).text
        form = re.search(rf'<form[^>]*id="form-{key or name}".*?</form>', page, re.DOTALL)
        assert form, f"{person} is not offered {name}"
        hidden: Mapping[str, str] = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]))
        answer = await self._web.post(f"/goals/{self.goal}/{name}", headers=headers, data={**hidden, **fields})
        assert answer.status_code == 303, re.findall(r'role="alert".*?</div>', answer.text, re.DOTALL)
        after = (await self._web.get(answer.headers["location"], headers=headers)).text
        assert 'role="status"' in after
        self.given.add(name)

    async def kinds(self) -> list[str]:
        return [kind for kind, _, _ in await self._company.entries(self._cycle, MORI)]


async def test_every_command_is_carried_out_as_its_form_sends_it(company: Steered, web: httpx.AsyncClient) -> None:
    """One goal through its life: written, approved, worked on, reviewed, steered, closed, calibrated, opened again."""
    at = _Owner(company, web, await company.launch("every-form"))
    due = in_days(9).isoformat()
    await at.sends(MORI, "comment", text="下書きを見てください")
    await at.sends(MORI, "submit")
    await at.sends(MORI, "recall")
    await at.sends(MORI, "submit")
    await at.sends(MANAGER, "return_for_changes", comment="根拠を足してください")
    await at.sends(MORI, "submit")
    await at.sends(MANAGER, "approve", comment="期待しています")
    await at.sends(MORI, "report_progress", value="9", evidence="集計表")
    await at.sends(MORI, "undo_report", reason="入力誤り")
    await at.sends(MORI, "report_progress", value="8")
    await at.sends(MORI, "complete_step", "complete_step-0", evidence="一覧")
    await at.sends(MORI, "undo_report", "undo_report-0", reason="まだ途中")
    await at.sends(MORI, "complete_step", "complete_step-0")
    await at.sends(HR, "extend", due=due, reason="繁忙期のため")
    await at.sends(HR, "pause", reason="応援のため")
    await at.sends(HR, "resume")
    await at.sends(MORI, "call_review", reason="早めに相談したい")
    await at.sends(
        MORI, "submit_self_review", went_well="手順を分けた", cause_kinds=["plan", "time"], proposed="continue"
    )
    await at.sends(HR, "reassign", assignees=TOP, reason="不在のため")
    await at.sends(TOP, "decide_review", verdict="continue", comment="続けましょう", praise="早い報告", bonus="5")
    await at.sends(HR, "close", ending="achieved", reason="達成を確認")
    await at.sends(HR_TOO, "adjust", points="3", reason="部署間の調整")
    await at.sends(HR, "mark_exemplar", reason="手本になる")
    await at.sends(HR, "reopen", reason="まだ続きがある")
    kinds = await at.kinds()
    assert kinds[-4:] == ["closed", "adjusted", "exemplar_marked", "reopened"]
    assert at.given == OFFERED - {"withdraw"}


async def test_an_owner_withdraws_a_goal_that_is_not_approved_yet(company: Steered, web: httpx.AsyncClient) -> None:
    at = _Owner(company, web, await company.launch("withdrawn-form"))
    await at.sends(MORI, "withdraw", reason="重複のため")
    assert (await at.kinds())[-1] == "withdrawn"


async def test_a_form_that_is_sent_twice_is_carried_out_once(company: Steered, web: httpx.AsyncClient) -> None:
    at = _Owner(company, web, await company.launch("sent-twice"))
    headers, typed = await session_of(company, MORI), {"command_id": "pressed-twice", "seen": "1", "text": "二度押した"}
    for _ in range(2):
        answer = await web.post(f"/goals/{at.goal}/comment", headers=headers, data=typed)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/goals/{at.goal}?done=pressed-twice")
    assert await at.kinds() == ["commented"]


async def test_while_a_server_is_away_a_page_says_so_and_keeps_what_was_typed(
    company: Steered, postgres: Postgres
) -> None:
    """Temporal away: reading goes on. PostgreSQL away: nothing is known of the visitor, and the text is on the page all the same."""
    cycle = await company.launch("servers-away")
    path, headers = f"/goals/{goal_of(cycle, MORI)}", await session_of(company, MORI)
    temporal = Temporal(partial(connect_temporal, Settings(), at="127.0.0.1:1"))
    async with postgres.migrated_database() as gone:
        without_database = open_database(gone)
    for engine, reads in ((company.engine, 200), (without_database, 503)):
        async with (
            serving(Settings(), engine, temporal, listen("127.0.0.1:0")) as url,
            httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as web,
        ):
            assert (await web.get(path)).status_code == reads
            answer = await web.post(f"{path}/comment", data={"command_id": "away", "text": "消えては困る文"})
            assert answer.status_code == 503
            assert answer.headers["content-type"].startswith("text/html")
            assert 'name="text" value="消えては困る文"' in answer.text  # it can be sent again, with the same id
            assert 'name="command_id" value="away"' in answer.text
    await without_database.dispose()
    assert (await company.goal(cycle, MORI)).seq == 1
