"""Sheets and tables of goals: written for the goals that the caller may see, and read back when they are filled in."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path as File
from typing import Annotated, Any
from urllib.parse import quote
from zipfile import ZipFile, ZipInfo

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from domain.access import Caller
from domain.findings import Finding
from domain.goal.goal import Goal
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Code, Refusal
from domain.values import CycleId, Frozen, Locale
from service.results_export import ResultsExport
from service.sheet_reading import Filled, read_filled, unzipped
from service.sheets import ChangedGoal, Plan, PlanDocument, Sheets
from sheets.goal_sheet import write_goal_sheet
from sheets.goals_csv import table_head, table_rows
from sheets.model import GoalSheet
from sheets.results import results_csv_head, results_csv_rows
from texts.findings import FindingDocument, documents_of
from texts.say import say
from web.api.parameters import CyclePath, Department, EmployeePath
from web.callers import GoalActor, Reader
from web.conditions import SeenMissing
from web.locales import locale_of
from web.opened import opened_of
from web.problems import FileRefused, OtherComparison, responses

router = APIRouter(tags=["sheets"])

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NAMES = {_XLSX: "sheet.xlsx", "text/csv": "table.csv"}  # as findings call the file, by its media type
_ZIP = "application/zip"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILLED = {"requestBody": {"required": True, "content": dict.fromkeys((_ZIP, *_NAMES), _BINARY)}}


def _file(kind: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that returns a file of this media type."""
    return {200: {"content": {kind: _BINARY}}, **responses(*statuses)}


class CheckedSheets(Frozen):
    """The drafts that an import would change. With `findings`, it changes nothing."""

    changed: tuple[ChangedGoal, ...]
    unchanged: int
    findings: tuple[FindingDocument, ...]


@router.get("/cycles/{cycle}/sheets", response_class=StreamingResponse, responses=_file(_ZIP, 404))
async def read_sheets(request: Request, caller: Reader, cycle: CyclePath, department: Department = None) -> Response:
    """A zip file with a sheet for each person whose goals the caller may see."""
    sheets = Sheets(opened_of(request).engine).sheets_of(caller, CycleId(cycle), department=department)
    first: GoalSheet | None = await anext(sheets, None)  # a refusal comes before the answer begins
    parts = _zipped(first, sheets, locale_of(request))
    return StreamingResponse(parts, media_type=_ZIP, headers=attachment("sheets", cycle, "zip", locale_of(request)))


@router.get("/cycles/{cycle}/sheets/{employee}", response_class=Response, responses=_file(_XLSX, 404))
async def read_sheet(request: Request, caller: Reader, cycle: CyclePath, employee: EmployeePath) -> Response:
    """One person's sheet."""
    async with aclosing(Sheets(opened_of(request).engine).sheets_of(caller, CycleId(cycle), person=employee)) as sheets:
        found = await anext(sheets, None)
    if found is None:
        raise Refusal(Code.NO_PARTICIPANT, owner=employee[:80], cycle=cycle[:80])
    data = await asyncio.to_thread(write_goal_sheet, found, locale_of(request))
    return Response(
        data, media_type=_XLSX, headers=attachment("sheets", f"{cycle}_{employee}", "xlsx", locale_of(request))
    )


@router.get("/cycles/{cycle}/goals.csv", response_class=StreamingResponse, responses=_file("text/csv", 404))
async def read_table(request: Request, caller: Reader, cycle: CyclePath, department: Department = None) -> Response:
    """The goals that the caller may see as a table, to change and import again."""
    locale = locale_of(request)
    pages = Sheets(opened_of(request).engine).goals_for_table(caller, CycleId(cycle), department=department)
    first: list[Goal] = await anext(pages, [])  # as above

    async def parts() -> AsyncIterator[bytes]:
        async with aclosing(pages):
            yield table_head(locale) + table_rows(first, locale)
            async for page in pages:
                yield table_rows(page, locale)

    return StreamingResponse(parts(), media_type="text/csv", headers=attachment("goals", cycle, "csv", locale))


@router.get("/cycles/{cycle}/results.csv", response_class=StreamingResponse, responses=_file("text/csv", 404))
async def read_results_table(request: Request, caller: Reader, cycle: CyclePath) -> Response:
    """HR: the results of all goals as a table."""
    locale = locale_of(request)
    pages = ResultsExport(opened_of(request).engine).goals(caller, CycleId(cycle))
    first: tuple[list[Goal], dict[str, str]] = await anext(pages, ([], {}))  # as above

    async def parts() -> AsyncIterator[bytes]:
        async with aclosing(pages):
            yield results_csv_head(locale) + results_csv_rows(*first, locale)
            async for page, names in pages:
                yield results_csv_rows(page, names, locale)

    return StreamingResponse(parts(), media_type="text/csv", headers=attachment("results", cycle, "csv", locale))


@router.get("/cycles/{cycle}/results.xlsx", response_class=FileResponse, responses=_file(_XLSX, 404))
async def read_results_book(request: Request, caller: Reader, cycle: CyclePath) -> Response:
    """HR: the results as a workbook with a chart."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as made:
        file = File(made.name)
    try:
        await ResultsExport(opened_of(request).engine).write_book(caller, CycleId(cycle), file, locale_of(request))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    remove = BackgroundTask(file.unlink, missing_ok=True)
    headers = attachment("results", cycle, "xlsx", locale_of(request))
    return FileResponse(file, media_type=_XLSX, headers=headers, background=remove)


@router.post("/sheets/check", openapi_extra=_FILLED, responses=responses(413, 415))
async def check_sheets(request: Request, response: Response, caller: Reader) -> CheckedSheets:
    """What importing a sheet, a table, or a zip file of them would change, and what prevents it. Writes nothing.

    `ETag` stands for the files and the drafts as they are: `POST /sheets` wants it.
    """
    plan, tag = await _compare(request, caller)
    response.headers["ETag"] = tag
    document = plan.document(dry_run=True)
    return CheckedSheets(
        changed=document.changed, unchanged=document.unchanged, findings=tuple(documents_of(plan.findings))
    )


@router.post("/sheets", openapi_extra=_FILLED, responses=responses(404, 409, 412, 413, 415, 428))
async def import_sheets(
    request: Request,
    caller: GoalActor,
    if_match: Annotated[str | None, Header(description="the `ETag` of the check")] = None,
) -> PlanDocument:
    """Owners, HR: imports what was checked. Only drafts change; a repeat changes nothing."""
    plan, tag = await _compare(request, caller)
    if plan.findings:
        raise FileRefused(plan.findings)
    if if_match is None:
        raise SeenMissing
    if if_match != tag:
        raise OtherComparison
    opened = opened_of(request)
    await Sheets(opened.engine).apply(caller, await opened.temporal.client(), plan)
    return plan.document(dry_run=False)


async def _compare(request: Request, caller: Caller) -> tuple[Plan, str]:
    """The comparison of the files in the body, and its tag."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (_ZIP, *_NAMES):
        raise HTTPException(415)
    data = await request.body()
    async with opened_of(request).reading:
        filled = await asyncio.to_thread(_read, kind, data)
    if filled.findings:
        return Plan((), 0, filled.findings), _tag(data, ())
    plan = await Sheets(opened_of(request).engine).compare(caller, filled.goals)
    return plan, _tag(data, [(one.goal.id, one.goal.seq) for one in plan.changed])


def _read(kind: str, data: bytes) -> Filled:
    files = unzipped(data) if kind == _ZIP else [(_NAMES[kind], data)]
    return Filled((), (files,)) if isinstance(files, Finding) else read_filled(files)


def _tag(data: bytes, drafts: Any) -> str:
    return f'"{hashlib.sha256(repr(drafts).encode() + data).hexdigest()[:32]}"'


class _Sink:
    """What a zip file was written into since the last time."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def write(self, part: bytes) -> int:
        self._parts += part
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken, self._parts = bytes(self._parts), bytearray()
        return taken


async def _zipped(
    first: GoalSheet | None, others: AsyncGenerator[GoalSheet, None], locale: Locale
) -> AsyncIterator[bytes]:
    """The zip file, a sheet at a time. The sheets are written beside the server's own thread."""
    sink, sheet = _Sink(), first
    async with aclosing(others):
        with ZipFile(sink, "w") as archive:  # type: ignore[call-overload]  # it needs no more than `write` and `flush`
            while sheet is not None:
                data = await asyncio.to_thread(write_goal_sheet, sheet, locale)
                archive.writestr(ZipInfo(f"{sheet.cycle_id}_{sheet.person.id}.xlsx"), data)
                yield sink.take()
                sheet = await anext(others, None)
        yield sink.take()


def attachment(kind: str, about: str, ending: str, locale: Locale) -> dict[str, str]:
    """The headers of a file, whose words are in the reader's language. Its name says what it is, of what, and when it was made:
    `結果_2026-q4_202611281905.xlsx`.
    """
    made = datetime.now(DIRECTORY_ZONE)
    name = f"{say(f'sheet.file.{kind}', locale)}_{about}_{made:%Y%m%d%H%M}.{ending}"
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Vary": "Accept-Language",
    }
