"""Sheets and tables by the API: down for whom one may see, up as a check and then as an import of what was checked."""

import csv
import io
import zipfile

import httpx
import pytest
import pytest_asyncio

from domain.values import CycleId
from tests.service.steered import EVERYBODY, HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered
from tests.web.people import token_of

pytestmark = pytest.mark.slow
CYCLE = CycleId("sheets")
CSV, ZIP = {"Content-Type": "text/csv"}, {"Content-Type": "application/zip"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_PATH = f"/api/v1/cycles/{CYCLE}"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    return await company.launch(CYCLE)


def _table(goal: str, field: str, value: str) -> bytes:
    return f"目標の ID,{field}\n{goal},{value}\n".encode()


def _filled(sheet: bytes, before: str, after: str) -> bytes:
    """The workbook with another text in the cells that have this one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet)) as book, zipfile.ZipFile(out, "w") as changed:
        assert any(before.encode() in book.read(one) for one in book.namelist())
        for one in book.namelist():
            changed.writestr(one, book.read(one).replace(before.encode(), after.encode()))
    return out.getvalue()


async def test_sheets_come_as_a_zip_file_of_those_whom_the_caller_may_see(
    company: Steered, web: httpx.AsyncClient
) -> None:
    for caller, people in ((HR, EVERYBODY), (MANAGER, (MANAGER, MORI, HARA, ONO)), (MORI, (MORI,))):
        answer = await web.get(f"{_PATH}/sheets", headers=await token_of(company, caller))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
            assert found.testzip() is None
            assert set(found.namelist()) == {f"{CYCLE}_{one}.xlsx" for one in people}, caller
    nobodys = await web.get(f"{_PATH}/sheets", headers=await token_of(company, TOP))
    assert nobodys.status_code == 200  # the top is in everybody's line
    unknown = await web.get("/api/v1/cycles/none/sheets", headers=await token_of(company, HR))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_cycle")


async def test_one_sheet_is_for_whom_the_goal_concerns(company: Steered, web: httpx.AsyncClient) -> None:
    manager = await token_of(company, MANAGER)
    assert (await web.get(f"{_PATH}/sheets/{MORI}", headers=manager)).content[:2] == b"PK"
    refused = await web.get(f"{_PATH}/sheets/{MORI}", headers=await token_of(company, SALES))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    without = await web.get(f"{_PATH}/sheets/{HR}", headers=await token_of(company, HR))
    assert (without.status_code, without.json()["code"]) == (422, "no_participant")


async def test_tables_hold_what_the_caller_may_see_and_results_are_for_hr(
    company: Steered, web: httpx.AsyncClient
) -> None:
    hr, manager = await token_of(company, HR), await token_of(company, MANAGER)
    for headers, rows in ((hr, 5), (manager, 4)):
        answer = await web.get(f"{_PATH}/goals.csv", headers=headers | {"Accept-Language": "en"})
        table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(table) == rows + 1
    assert (await web.get("/api/v1/cycles/none/goals.csv", headers=hr)).status_code == 404
    for name, beginning in (("results.csv", b"\xef\xbb\xbf"), ("results.xlsx", b"PK")):
        assert (await web.get(f"{_PATH}/{name}", headers=hr)).content.startswith(beginning)
        refused = await web.get(f"{_PATH}/{name}", headers=manager)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_a_filled_sheet_is_checked_and_then_imported(company: Steered, web: httpx.AsyncClient) -> None:
    owner = await token_of(company, MORI)
    sheet = await web.get(f"{_PATH}/sheets/{MORI}", headers=owner)
    theme = (await company.goal(CYCLE, MORI)).content.theme or ""
    filled = _filled(sheet.content, theme, "月次決算を五日で締める")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(f"folder/{CYCLE}_{MORI}.xlsx", filled)

    for kind, data in ((XLSX, filled), (ZIP, zipped.getvalue())):
        checked = await web.post("/api/v1/sheets/check", headers=owner | kind, content=data)
        assert (checked.status_code, checked.json()["findings"]) == (200, []), checked.text
        assert [(one["goal"], one["fields"]) for one in checked.json()["changed"]] == [(f"{CYCLE}/{MORI}/1", ["theme"])]
    assert (await company.goal(CYCLE, MORI)).content.theme == theme

    seen = {"If-Match": checked.headers["etag"]}
    for headers, status in (
        (owner, 428),
        (owner | {"If-Match": '"x"'}, 412),
        (await token_of(company, SALES) | seen, 422),
    ):
        refused = await web.post("/api/v1/sheets", headers=headers | ZIP, content=zipped.getvalue())
        assert refused.status_code == status, refused.text
    assert (await company.goal(CYCLE, MORI)).content.theme == theme
    done = await web.post("/api/v1/sheets", headers=owner | seen | ZIP, content=zipped.getvalue())
    assert (done.status_code, len(done.json()["changed"])) == (200, 1), done.text
    assert (await company.goal(CYCLE, MORI)).content.theme == "月次決算を五日で締める"
    again = await web.post("/api/v1/sheets/check", headers=owner | ZIP, content=zipped.getvalue())
    assert (again.json()["changed"], again.json()["unchanged"]) == ([], 1)


async def test_a_draft_that_changed_after_the_check_is_not_overwritten(
    company: Steered, web: httpx.AsyncClient
) -> None:
    owner, goal = await token_of(company, ONO), f"{CYCLE}/{ONO}/1"
    data = _table(goal, "テーマ", "表で書いた案")
    checked = await web.post("/api/v1/sheets/check", headers=owner | CSV, content=data)
    assert len(checked.json()["changed"]) == 1, checked.text
    newer = {"content": {"theme": "画面で書いた案"}}
    await web.post(f"/api/v1/goals/{goal}/revise", headers=owner | {"If-Match": '"1"'}, json=newer)
    late = await web.post("/api/v1/sheets", headers=owner | CSV | {"If-Match": checked.headers["etag"]}, content=data)
    assert (late.status_code, late.json()["code"]) == (412, "other_comparison")
    assert (await company.goal(CYCLE, ONO)).content.theme == "画面で書いた案"


async def test_a_check_does_not_tell_a_stranger_what_a_goal_holds(company: Steered, web: httpx.AsyncClient) -> None:
    stranger, goal = await token_of(company, SALES), f"{CYCLE}/{HARA}/1"
    theme = (await company.goal(CYCLE, HARA)).content.theme or ""
    found = [
        (await web.post("/api/v1/sheets/check", headers=stranger | CSV, content=_table(goal, "テーマ", one))).json()
        for one in (theme, "別のテーマ")
    ]
    assert found[0] == found[1]
    assert [one["code"] for one in found[0]["findings"]] == ["not_allowed"]


async def test_what_cannot_be_read_is_said(company: Steered, web: httpx.AsyncClient) -> None:
    hr = await token_of(company, HR)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.csv", b"0" * 21_000_000)
    for kind, data, code in (
        (XLSX, b"x", "no_workbook"),
        (ZIP, b"x", "no_workbook"),
        (ZIP, bomb.getvalue(), "too_large"),
        (CSV, b"\xff\xfe\x00", "not_text"),
    ):
        checked = await web.post("/api/v1/sheets/check", headers=hr | kind, content=data)
        assert (checked.status_code, [one["code"] for one in checked.json()["findings"]]) == (200, [code])
        refused = await web.post("/api/v1/sheets", headers=hr | kind | {"If-Match": '"x"'}, content=data)
        assert (refused.status_code, refused.json()["code"]) == (422, "file_refused")
    wrong = await web.post("/api/v1/sheets/check", headers=hr, json={})
    assert (wrong.status_code, wrong.json()["code"]) == (415, "wrong_media_type")
