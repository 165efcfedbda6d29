"""The tree of departments, with their heads and numbers; each leads to its people and goals."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.departments import DepartmentRecords
from web.console.route import PageRoute
from web.console.visit import AtPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50  # departments


@router.get("/departments")
async def list_departments(visit: AtPage, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    found = (await DepartmentRecords(visit.opened.engine).tree(visit.caller)).departments
    first = (page - 1) * PAGE
    names = {one.department_head: one.department_head_name for one in found if one.department_head}
    return visit.page(
        "departments.html",
        departments=found[first : first + PAGE],
        total=len(found),
        names=names,
        page=page,
        is_last=first + PAGE >= len(found),
    )
