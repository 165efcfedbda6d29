"""`meguri people`: the organisation, in from a file and out to the screen."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.session.options import AsJson, Viewer
from cli.session.output import (
    Exit,
    exit_code,
    print_findings,
    print_json,
    print_line,
    print_table,
    reader_locale,
    stopped,
)

if TYPE_CHECKING:
    from domain.people.organisation import Employee
    from domain.values import Locale, Text
    from service.people import DepartmentPeople, Departments, ImportResult, People, PersonPage
    from settings import Settings

people = typer.Typer(no_args_is_help=True, help="The organisation: import it, look at it.")
Answer = TypeVar("Answer")


@people.command("import")
def import_people(
    *,
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8 or CP932", show_default=False)],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=HEADER", help="which header holds a field, as `name=login`; may be repeated"
        ),
    ] = None,
    top: Annotated[
        list[str] | None,
        typer.Option("--top", metavar="EMPLOYEE", help="who has no manager, whatever the file says; may be repeated"),
    ] = None,
    orphans_to: Annotated[
        str | None,
        typer.Option("--orphans-to", metavar="EMPLOYEE", help="to whom people report whose manager is not in the file"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check and count; change nothing")] = False,
    actor: Annotated[
        str | None, typer.Option("--as", metavar="EMPLOYEE", help="HR; needed as soon as a cycle is open")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import the organisation: all of the file or nothing. The same file again changes nothing."""
    from cli.session.callers import operator
    from domain.values import EmployeeId
    from settings import Settings

    settings = Settings()
    locale = reader_locale(settings)
    mapping = mapping_of(columns or (), locale)
    data = read_file(file, locale)
    tops = [EmployeeId(one) for one in top or ()]
    orphans = EmployeeId(orphans_to) if orphans_to else None
    result = _ask(
        settings,
        lambda people: people.import_file(
            operator(actor), data, mapping, tops=tops, orphans_to=orphans, dry_run=dry_run
        ),
    )
    if as_json:
        print_json(result)
    _report(result, file, locale, quiet=as_json)


@people.command("show")
def show_people(
    employee: Annotated[str | None, typer.Argument(help="their managers and reports", show_default=False)] = None,
    department: Annotated[str | None, typer.Option("--department", help="the people of one department")] = None,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """Show the organisation by department, one department, or one employee's line of managers and reports."""
    from cli.session.callers import caller_for
    from domain.values import EmployeeId, Text
    from settings import Settings

    settings = Settings()
    locale = reader_locale(settings)
    if employee is not None and department is not None:
        ja, en = "社員か --department のどちらか一方を指定してください。", "give an employee or --department, not both"
        raise stopped(Text(ja=ja, en=en), locale, Exit.USAGE)
    caller = caller_for(viewer)
    if employee is not None:
        identity = EmployeeId(employee)
        _show_person(_ask(settings, lambda people: people.person(caller, identity)), locale, as_json=as_json)
    elif department is not None:
        name = department
        found = _ask(settings, lambda people: people.department(caller, name))
        _show_department(found, locale, as_json=as_json)
    else:
        _show_departments(_ask(settings, lambda people: people.departments(caller)), locale, as_json=as_json)


def mapping_of(options: Iterable[str], locale: "Locale") -> dict[str, str]:
    from domain.values import Text

    mapping: dict[str, str] = {}
    for option in options:
        field, sign, header = (part.strip() for part in option.partition("="))
        if not (field and sign and header) or field in mapping:
            ja = f"--map {option}: 「項目=見出し」の形で、項目ごとに一度だけ書いてください（例: --map name=login）。"
            en = f"--map {option}: write FIELD=HEADER, once for each field (as --map name=login)"
            raise stopped(Text(ja=ja, en=en), locale, Exit.USAGE)
        mapping[field] = header
    return mapping


def read_file(file: Path, locale: "Locale") -> bytes:
    """The file's bytes, as many as `read_people` takes and one more by which it knows that there are more."""
    from domain.people.people_file import MAX_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise stopped(_why_unreadable(file, error), locale, Exit.USAGE) from error


def _why_unreadable(file: Path, error: OSError) -> "Text":
    from domain.values import Text

    if isinstance(error, FileNotFoundError):
        ja, en = "ファイルがありません。パスを確認してください。", "there is no such file: look at the path"
    elif isinstance(error, IsADirectoryError):
        ja, en = "フォルダーです。CSV ファイルを指定してください。", "this is a folder: name a CSV file"
    else:
        ja = f"読めません（{error.strerror}）。権限とパスを確認してください。"
        en = f"cannot be read ({error.strerror}): look at its permissions and path"
    return Text(ja=f"{file}: {ja}", en=f"{file}: {en}")


def _ask(settings: "Settings", question: "Callable[[People], Awaitable[Answer]]") -> Answer:
    """What the directory answers; ends the command when it refuses, or the database cannot be reached."""
    from domain.errors import MeguriError
    from service.connection import connect_database
    from service.people import People
    from storage.migrate import require_current

    async def answer() -> Answer:
        engine = await connect_database(settings)
        try:
            await require_current(engine)
            return await question(People(engine))
        finally:
            await engine.dispose()

    locale = reader_locale(settings)
    try:
        return asyncio.run(answer())
    except MeguriError as error:
        raise stopped(error.message, locale, exit_code(error)) from error


def _report(result: "ImportResult", file: Path, locale: "Locale", *, quiet: bool) -> None:
    from domain.values import Locale, Text

    if result.imported is None:
        print_findings(result.findings, locale)
        ja = f"{file}: 何も取り込んでいません（{len(result.findings)} 件）。直してからもう一度実行してください。"
        en = f"{file}: nothing was imported ({len(result.findings)} errors); correct them and run this again"
        raise stopped(Text(ja=ja, en=en), locale)
    if quiet:
        return
    done, japanese = result.imported, locale is Locale.JA
    if japanese:
        line = f"追加 {done.added} 人、変更 {done.changed} 人、変更なし {done.unchanged} 人。"
        absent = f"登録済みでファイルにない人が {done.absent} 人います（そのまま残します）。"
        dry = "確認だけです。何も変更していません。"
    else:
        line = f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged"
        absent = f"{done.absent} in the directory are not in the file; they stay as they are"
        dry = "a dry run: nothing was changed"
    for shown in (line, absent if done.absent else "", dry if result.dry_run else ""):
        if shown:
            print_line(shown)


def _show_departments(found: "Departments", locale: "Locale", *, as_json: bool) -> None:
    from domain.values import Locale

    if as_json:
        print_json(found)
    elif not found.departments:
        print_line(
            "社員はまだいません。`meguri people import FILE` で取り込んでください。"
            if locale is Locale.JA
            else "nobody yet: `meguri people import FILE` brings them in"
        )
    else:
        headers = ("部署", "人数") if locale is Locale.JA else ("department", "people")
        total = "合計" if locale is Locale.JA else "total"
        print_table(headers, [*((one.department, one.active) for one in found.departments), (total, found.active)])


def _show_department(found: "DepartmentPeople", locale: "Locale", *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        _print_people(found.people, locale)


def _show_person(page: "PersonPage", locale: "Locale", *, as_json: bool) -> None:
    from domain.values import Locale

    if as_json:
        print_json(page)
        return
    japanese = locale is Locale.JA
    _print_people([page.employee], locale)
    _print_people(page.manager_line, locale, title="上長(近い順)" if japanese else "managers, nearest first")
    _print_people(page.reports, locale, title="部下" if japanese else "reports")


def _print_people(people: "Iterable[Employee]", locale: "Locale", *, title: str | None = None) -> None:
    from domain.values import Locale

    japanese = locale is Locale.JA
    left = "（退職）" if japanese else " (left)"
    rows: list[tuple[Any, ...]] = [
        (one.id, one.name + ("" if one.active else left), one.department, one.title or "", one.manager_id or "")
        for one in people
    ]
    headers = (
        ("社員番号", "氏名", "部署", "役職", "上長") if japanese else ("id", "name", "department", "title", "manager")
    )
    if rows:
        print_table(headers, rows, title=title)
