"""A file of people by the API: what is applied is what was compared, and nothing else."""

import httpx
import pytest

from tests.service.steered import HR, MANAGER, MORI, ONO, TOP, Steered
from tests.web.people import token_of
from tests.web.test_cycles_api import events

pytestmark = pytest.mark.slow
HEADER = "社員番号,氏名,部署,上長,在籍"
MOVED = f"{HEADER}\n{ONO},大野 あかり,経理部,{TOP},はい\nN9,新人 太郎,経理部,{MANAGER},はい\n".encode()


async def test_what_was_compared_is_applied_and_followed(company: Steered, web: httpx.AsyncClient) -> None:
    cycle = await company.launch("directory")
    headers = await token_of(company, HR)
    compared = await web.post("/api/v1/directory/comparisons", headers=headers, content=MOVED)
    assert compared.status_code == 200, compared.text
    assert (compared.json()["joined"], [one["employee"] for one in compared.json()["managers"]]) == (["N9"], [ONO])
    seen = headers | {"If-Match": compared.headers["etag"]}

    for wrong, file, status in (
        (headers, MOVED, 428),
        (headers | {"If-Match": '"x"'}, MOVED, 412),
        (seen, MOVED.replace("太郎".encode(), "次郎".encode()), 412),
    ):
        refused = await web.post("/api/v1/directory/syncs?reason=x", headers=wrong, content=file)
        assert refused.status_code == status
    assert (await web.get("/api/v1/people/N9", headers=headers)).status_code == 404

    applied = await web.post("/api/v1/directory/syncs?reason=組織変更", headers=seen, content=MOVED)
    assert applied.status_code == 202, applied.text
    found = [one async for one in events(web, applied.json()["events"], headers)]
    assert (found[-1][0], found[-1][1]["by_result"]["done"]) == ("done", 1)
    assert (await company.goal(cycle, ONO)).line == (TOP,)
    late = await web.post("/api/v1/directory/syncs?reason=x", headers=seen, content=MOVED)
    assert (late.status_code, late.json()["code"]) == (412, "other_comparison")
    again = await web.post("/api/v1/directory/comparisons", headers=headers, content=MOVED)
    nothing = await web.post(
        "/api/v1/directory/syncs?reason=x", headers=headers | {"If-Match": again.headers["etag"]}, content=MOVED
    )
    assert (nothing.status_code, nothing.json()["instruction"]) == (202, None)


async def test_a_file_with_errors_many_leavers_and_a_caller_who_may_not(
    company: Steered, web: httpx.AsyncClient
) -> None:
    headers = await token_of(company, HR)
    broken = await web.post("/api/v1/directory/comparisons", headers=headers, content=b"x,y\n1,2\n")
    assert (broken.status_code, broken.json()["code"]) == (422, "file_refused")
    assert broken.json()["findings"]
    renamed = await web.post("/api/v1/directory/comparisons?renamed=x", headers=headers, content=MOVED)
    assert (renamed.status_code, renamed.json()["code"]) == (422, "invalid")
    assert "旧名称=新名称" in renamed.json()["detail"]
    few = (
        f"{HEADER}\n{TOP},社長 一,経営,,はい\n{HR},西村 直美,人事部,{TOP},はい\nE3,東 京子,人事部,{TOP},はい\n".encode()
    )
    compared = await web.post("/api/v1/directory/comparisons?leavers_absent=true", headers=headers, content=few)
    seen = headers | {"If-Match": compared.headers["etag"]}
    many = await web.post("/api/v1/directory/syncs?reason=x&leavers_absent=true", headers=seen, content=few)
    assert (many.status_code, many.json()["code"]) == (409, "many_leave")
    owner = await token_of(company, MORI)
    refused = await web.post("/api/v1/directory/comparisons", headers=owner, content=MOVED)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_a_file_of_departments_is_compared_and_then_applied(company: Steered, web: httpx.AsyncClient) -> None:
    headers = await token_of(company, HR)
    tree = (await web.get("/api/v1/departments", headers=headers)).json()["departments"]
    (accounting,) = [one for one in tree if one["department"] == "経理部"]
    file = f"部署ID,部署名,部門長\n{accounting['department_id']},経理財務部,{MANAGER}\n".encode()
    compared = await web.post("/api/v1/directory/departments/comparisons", headers=headers, content=file)
    assert compared.status_code == 200, compared.text
    seen = headers | {"If-Match": compared.headers["etag"]}
    path = "/api/v1/directory/departments/syncs?reason=改称"
    for wrong, content, status in (
        (headers, file, 428),
        (headers | {"If-Match": '"x"'}, file, 412),
        (seen, file + b"\n", 412),
        (await token_of(company, MORI), file, 403),
    ):
        assert (await web.post(path, headers=wrong, content=content)).status_code == status
    applied = await web.post(path, headers=seen, content=file)
    assert applied.status_code == 202, applied.text
    assert [kind async for kind, _ in events(web, applied.json()["events"], headers)][-1] == "done"
    tree = (await web.get("/api/v1/departments", headers=headers)).json()["departments"]
    assert [one["department"] for one in tree if one["department_head"] == MANAGER] == ["経理財務部"]
