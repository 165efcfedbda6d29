"""`meguri people`: the organisation, in from a file and out to the screen."""

import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.session.choices import encoding_name
from cli.session.help import Commands
from cli.session.names import refusal_with_names
from cli.session.options import AsJson, Viewer
from cli.session.output import (
    Exit,
    exit_code,
    heads,
    print_error,
    print_findings,
    print_json,
    print_line,
    print_table,
    reader_locale,
    stopped,
    wants_json,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from domain.people.numbers import Said
    from domain.people.organisation import Employee
    from domain.refusals import Refusal
    from domain.values import Locale
    from service.people import (
        CompanyPeople,
        DepartmentPeople,
        Departments,
        ImportResult,
        People,
        PersonPage,
        PersonsGoal,
    )
    from settings import Settings

people = Commands()
Same = Annotated[list[str] | None, typer.Option("--same", metavar="EMPLOYEE=NUMBER", help="help.option.same")]
New = Annotated[list[str] | None, typer.Option("--new", metavar="EMPLOYEE", help="help.option.new_number")]
Answer = TypeVar("Answer")


@people.command("import")
def import_people(
    *,
    file: Annotated[Path, typer.Argument(help="help.option.people_file")],
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=HEADER", help="help.option.map"),
    ] = None,
    top: Annotated[
        list[str] | None,
        typer.Option("--top", metavar="EMPLOYEE", help="help.option.top"),
    ] = None,
    orphans_to: Annotated[
        str | None,
        typer.Option("--orphans-to", metavar="EMPLOYEE", help="help.option.orphans_to"),
    ] = None,
    same: Same = None,
    new: New = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", metavar="ENCODING", parser=encoding_name, help="help.option.encoding"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.option.import_dry_run")] = False,
    actor: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.hr_when_open")] = None,
    as_json: AsJson = False,
) -> None:
    """Import the organisation: the whole file or nothing. Importing the same file again changes nothing."""
    from cli.session.callers import operator
    from domain.values import EmployeeId, Locale
    from settings import Settings

    settings = Settings()
    locale = reader_locale(settings)
    mapping = mapping_of(columns or (), locale)
    data, said = read_file(file, locale), said_of(same or (), new or (), locale)
    tops = [EmployeeId(one) for one in top or ()]
    orphans = EmployeeId(orphans_to) if orphans_to else None
    result = _ask(
        settings,
        lambda people: people.import_file(
            operator(actor),
            data,
            mapping,
            tops=tops,
            orphans_to=orphans,
            encoding=encoding,
            locale=Locale(settings.company_locale),
            said=said,
            dry_run=dry_run,
        ),
    )
    if as_json and result.imported is not None:
        print_json(result)
    _report(result, file, locale, quiet=as_json)


@people.command("show")
def show_people(
    employee: Annotated[str | None, typer.Argument(help="help.option.show_employee")] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    company: Annotated[str | None, typer.Option("--company", metavar="COMPANY", help="help.option.of_company")] = None,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """Show the organisation by department, the people of one department or company, or a person's managers and reports."""
    from cli.session.callers import caller_for
    from domain.messages import message
    from domain.values import EmployeeId
    from settings import Settings

    settings = Settings()
    locale = reader_locale(settings)
    if sum(one is not None for one in (employee, department, company)) > 1:
        raise stopped(message("screen.people.one_or_department"), locale, Exit.USAGE)
    caller = caller_for(viewer)
    if employee is not None:
        identity = EmployeeId(employee)
        _show_person(_ask(settings, lambda people: people.person(caller, identity)), locale, as_json=as_json)
    elif department is not None:
        name = department
        found = _ask(settings, lambda people: people.department(caller, name))
        _show_department(found, name, locale, as_json=as_json)
    elif company is not None:
        of = company
        _show_company(_ask(settings, lambda people: people.company(caller, of)), locale, as_json=as_json)
    else:
        _show_departments(_ask(settings, lambda people: people.departments(caller)), locale, as_json=as_json)


def mapping_of(options: Iterable[str], locale: "Locale") -> dict[str, str]:
    """The headers by field, of options like `name=login` or `氏名=login`; ends the command where one is wrong."""
    from domain.messages import message
    from texts.words import value_of

    mapping: dict[str, str] = {}
    for option in options:
        field, sign, header = (part.strip() for part in option.partition("="))
        field = value_of("column", field) or field
        if not (field and sign and header) or field in mapping:
            raise stopped(message("screen.people.wrong_map", option=option), locale, Exit.USAGE)
        mapping[field] = header
    return mapping


def said_of(same: Iterable[str], new: Iterable[str], locale: "Locale") -> "Said":
    """What HR says about numbers, of options like `--same M0042=M0142`; ends the command where one is wrong."""
    from domain.messages import message
    from domain.people.numbers import Said

    people: dict[str, str] = {}
    for option in same:
        person, sign, number = (part.strip() for part in option.partition("="))
        if not (person and sign and number) or number in people or number in new:
            raise stopped(message("screen.people.wrong_same", option=option), locale, Exit.USAGE)
        people[number] = person
    return Said(people, frozenset(new))


def read_file(file: Path, locale: "Locale") -> bytes:
    """The file's bytes, at most as many as `read_people` accepts and one more, so that it can refuse a larger file."""
    from cli.session.files import unreadable
    from domain.people.people_file import MAX_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise stopped(unreadable(file, error), locale, Exit.USAGE) from error


def _ask(settings: "Settings", question: "Callable[[People], Awaitable[Answer]]") -> Answer:
    """What the directory answers; ends the command when it refuses, or the database cannot be reached."""
    import asyncio

    from domain.errors import MeguriError
    from domain.people.provisioned import owned_fields
    from domain.refusals import Refusal
    from service.connection import connect_database
    from service.people import People
    from storage.migrate import require_current

    locale = reader_locale(settings)

    async def answer() -> Answer:
        engine = await connect_database(settings)
        try:
            await require_current(engine)
            return await question(People(engine, owned_fields(settings.scim_owns)))
        except Refusal as refusal:
            raise await _refused(refusal, engine, locale) from refusal
        finally:
            await engine.dispose()

    try:
        return asyncio.run(answer())
    except MeguriError as error:
        raise stopped(error.message, locale, exit_code(error), kind=error.code) from error


async def _refused(refusal: "Refusal", engine: "AsyncEngine", locale: "Locale") -> typer.Exit:
    """Prints the refusal with people's names, and with `--json` the document; to be raised."""
    sentence = await refusal_with_names(refusal, engine, locale)
    print_line(sentence, sys.stderr)
    if wants_json():
        print_error(refusal.code, sentence)
    return typer.Exit(Exit.REFUSED)


def _report(result: "ImportResult", file: Path, locale: "Locale", *, quiet: bool) -> None:
    from domain.messages import message
    from texts.say import say

    if result.imported is None:
        print_findings(result.findings, locale)
        refused = message("screen.people.not_imported", file=str(file), n=len(result.findings))
        raise stopped(refused, locale, kind="findings", findings=result.findings)
    print_findings(result.findings, locale)
    if quiet:
        return
    done = result.imported
    print_line(say("screen.people.imported", locale, added=done.added, changed=done.changed, unchanged=done.unchanged))
    if done.absent:
        print_line(say("screen.people.absent", locale, n=done.absent))
    if result.dry_run:
        print_line(say("screen.people.dry_run", locale))


def _show_departments(found: "Departments", locale: "Locale", *, as_json: bool) -> None:
    from texts.say import say

    if as_json:
        print_json(found)
    elif not found.departments:
        print_line(say("screen.people.nobody", locale))
    else:
        total = say("screen.people.total", locale)
        rows = [*((one.department, one.active) for one in found.departments), (total, found.active)]
        print_table(heads("screen.people.department_heads", locale), rows)


def _show_department(found: "DepartmentPeople", asked: str, locale: "Locale", *, as_json: bool) -> None:
    from texts.say import say

    if found.department != asked:
        print_line(say("screen.department.renamed_since", locale, old=asked, new=found.department), sys.stderr)
    if as_json:
        print_json(found)
    else:
        _print_people(found.people, locale)


def _show_company(found: "CompanyPeople", locale: "Locale", *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        _print_people(found.people, locale)


def _show_person(page: "PersonPage", locale: "Locale", *, as_json: bool) -> None:
    from texts.say import say

    if as_json:
        print_json(page)
        return
    _print_people([page.employee], locale)
    _print_company(page.employee, locale)
    _print_posts(page.employee, locale)
    _print_leaves(page.employee, locale)
    for one in page.hr_parts:
        print_line(say("screen.people.hr_part", locale, part=one.part, cycle=one.cycle))
    _print_employment(page, locale)
    _print_people(page.manager_line, locale, title=say("screen.people.managers", locale))
    _print_people(page.named_evaluators, locale, title=say("screen.people.evaluators", locale))
    _print_people(page.reports, locale, title=say("screen.people.reports", locale))
    _print_goals(page, locale)


def _print_company(one: "Employee", locale: "Locale") -> None:
    from texts.say import say

    if one.seconded_from:
        print_line(say("screen.people.seconded", locale, company=one.company or "-", employer=one.seconded_from))
    elif one.company:
        print_line(say("screen.people.company", locale, company=one.company))


def _print_posts(one: "Employee", locale: "Locale") -> None:
    from texts.say import say

    for post in one.posts:
        share = say("screen.people.share", locale, share=post.share) if post.share else ""
        title = f" {post.title}" if post.title else ""
        fields = {"department": post.department, "title": title, "manager": post.manager_id or "-", "share": share}
        print_line(say("screen.people.post", locale, **fields))


def _print_leaves(one: "Employee", locale: "Locale") -> None:
    """The date of joining, and each leave."""
    from texts.say import say

    if one.joined_on:
        print_line(say("screen.people.joined_on", locale, day=one.joined_on))
    for leave in one.every_leave:
        key = "screen.people.leave" if leave.last else "screen.people.leave_without_end"
        deputy = say("screen.people.deputy", locale, deputy=one.deputy_id) if one.deputy_id else ""
        print_line(say(key, locale, first=leave.first, last=leave.last, deputy=deputy))


def _print_employment(page: "PersonPage", locale: "Locale") -> None:
    """When the person joined, left and came back; nothing for somebody who never left."""
    from texts.say import say

    if any(one.change == "left" for one in page.employment):
        changes = [say("screen.people.employed", locale, day=one.day, change=one.change) for one in page.employment]
        print_line(say("screen.people.employment", locale, changes=changes))


def _print_goals(page: "PersonPage", locale: "Locale") -> None:
    from texts.say import say
    from texts.wording import outcome_name, visible

    rows = [
        (
            one.goal,
            outcome_name(one.outcome, locale) if one.outcome else _state(one, locale),
            f"{one.score:f}",
            visible(one.theme),
        )
        for one in page.goals
    ]
    if rows:
        title = say("screen.people.goals", locale)
        print_table(heads("screen.people.goal_heads", locale), rows, title=title)
    if page.waiting:
        print_line(say("screen.people.waiting", locale, n=page.waiting))


def _state(goal: "PersonsGoal", locale: "Locale") -> str:
    from texts.say import say
    from texts.wording import state_name

    return state_name(goal.state, locale) + (say("screen.goal.paused", locale) if goal.paused else "")


def _print_people(people: "Iterable[Employee]", locale: "Locale", *, title: str | None = None) -> None:
    from domain.people.organisation import DIRECTORY_ZONE
    from texts.say import say

    left, away, today = (
        say("screen.people.left", locale),
        say("screen.people.away", locale),
        datetime.now(DIRECTORY_ZONE).date(),
    )

    def mark(one: "Employee") -> str:
        return left if not one.active else away if one.is_away(today) else ""

    def number(one: "Employee") -> str:
        return f"{one.id} ({one.number})" if one.number else one.id

    rows: list[tuple[Any, ...]] = [
        (number(one), one.name + mark(one), one.department, one.title or "", one.manager_id or "") for one in people
    ]
    if rows:
        print_table(heads("screen.people.heads", locale), rows, title=title)
