"""The directory: a file with all people or departments of the company is compared with it, and what was compared is applied."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field

from domain.access import Caller
from domain.people.provisioned import owned_fields
from domain.values import Frozen, Locale
from service.departments import DepartmentRecords
from service.reorganisation import Compared, Reorganisation, SyncDocument
from web.bodies import RENAMING, FileBody, changed_names, file_of
from web.callers import PeopleActor
from web.conditions import SeenMissing
from web.opened import opened_of
from web.problems import FileRefused, ManyLeave, OtherComparison, responses

router = APIRouter(tags=["directory"], prefix="/directory")

_FILE = file_of(
    "text/csv", "社員番号,氏名,部署,上長,在籍\nM0001,社長 一,経営,,はい\nM0002,西村 直美,人事部,M0001,はい\n"
)


class Comparison(NamedTuple):
    compared: Compared
    tag: str  # changes with the directory, the file and what was said about it


async def _comparison(
    request: Request,
    caller: PeopleActor,
    data: FileBody,
    renamed: Annotated[
        list[Annotated[str, Field(json_schema_extra={"pattern": RENAMING})]] | None,
        Query(description="departments with another name now, each as `OLD=NEW`", max_length=100),
    ] = None,
    *,
    leavers_absent: Annotated[bool, Query(description="people who are not in the file have left")] = False,
) -> Comparison:
    """Raises `FileRefused` for a file with errors."""
    opened = opened_of(request)
    names = changed_names("renamed", renamed or ())
    compared = await Reorganisation(opened.engine, owned_fields(opened.settings.scim_owns)).compare(
        caller,
        data,
        locale=Locale(opened.settings.company_locale),
        absent_left=leavers_absent,
        renamed=names,
    )
    if compared.difference is None:
        raise FileRefused(compared.findings)
    return Comparison(compared, f'"{compared.tag(data, sorted(names.items()), leavers_absent)}"')


async def _department_comparison(request: Request, caller: PeopleActor) -> Comparison:
    """Raises `FileRefused` for a file with errors."""
    data = await request.body()
    compared = await DepartmentRecords(opened_of(request).engine).compare(caller, data)
    if compared.difference is None:
        raise FileRefused(compared.findings)
    return Comparison(compared, f'"{compared.tag(data, [], False)}"')


_Compared = Annotated[Comparison, Depends(_comparison)]
_ComparedDepartments = Annotated[Comparison, Depends(_department_comparison)]
_Reason = Annotated[str, Query(min_length=1, max_length=1000, description="stands in each goal's ledger")]
_Seen = Annotated[str | None, Header(alias="If-Match", description="the `ETag` of the comparison")]


class SyncAccepted(Frozen):
    """The instruction that changes the directory and then the goals; all None where there is nothing to change."""

    instruction: str | None
    status: str | None
    events: str | None


@router.post("/comparisons", openapi_extra=_FILE, responses=responses(409, 413))
async def compare_directory(response: Response, found: _Compared) -> SyncDocument:
    """The difference between the file and the directory, and what applying it does to goals. Writes nothing.

    `ETag` stands for the directory, the file and the parameters: `POST /directory/syncs` wants it.
    """
    response.headers["ETag"] = found.tag
    return found.compared.document()


@router.post("/syncs", status_code=202, openapi_extra=_FILE, responses=responses(409, 412, 413, 428))
async def apply_sync(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    response: Response,
    caller: PeopleActor,
    found: _Compared,
    reason: _Reason,
    if_match: _Seen = None,
    *,
    many_leave: Annotated[bool, Query(description="more than a fifth of the people have really left")] = False,
) -> SyncAccepted:
    """Applies what was compared, to the directory and to all open goals. `Location` is where to follow it."""
    _require_seen(found, if_match)
    if found.compared.many and not many_leave:
        raise ManyLeave(found.compared.many)
    return await _apply(request, response, caller, found, reason)


@router.post("/departments/comparisons", openapi_extra=_FILE, responses=responses(409, 413))
async def compare_departments(response: Response, found: _ComparedDepartments) -> SyncDocument:
    """The difference between a file of departments and the directory. Writes nothing.

    `ETag` stands for the directory and the file: `POST /directory/departments/syncs` wants it.
    """
    response.headers["ETag"] = found.tag
    return found.compared.document()


@router.post("/departments/syncs", status_code=202, openapi_extra=_FILE, responses=responses(409, 412, 413, 428))
async def apply_departments(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    response: Response,
    caller: PeopleActor,
    found: _ComparedDepartments,
    reason: _Reason,
    if_match: _Seen = None,
) -> SyncAccepted:
    """Applies what was compared, to the directory and to all open goals. `Location` is where to follow it."""
    _require_seen(found, if_match)
    return await _apply(request, response, caller, found, reason)


def _require_seen(found: Comparison, if_match: str | None) -> None:
    if if_match is None:
        raise SeenMissing
    if if_match != found.tag:
        raise OtherComparison


async def _apply(request: Request, response: Response, caller: Caller, found: Comparison, reason: str) -> SyncAccepted:
    if found.compared.is_empty:
        return SyncAccepted(instruction=None, status=None, events=None)
    opened = opened_of(request)
    temporal = await opened.temporal.client()
    given = await Reorganisation(opened.engine).apply(caller, temporal, found.compared, reason)
    where = f"/api/v1/instructions/{given}"
    response.headers["Location"] = where
    return SyncAccepted(instruction=given, status=where, events=f"{where}/events")
