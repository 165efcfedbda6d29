"""`meguri hearing lessons` and `carry`: what an earlier cycle taught (見直し), for the hearing of the next one."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.options import Actor, AsJson, Viewer
from cli.session.output import print_json, print_table

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from service.lessons import LessonList

_Cycle = Annotated[str, typer.Option("--cycle", metavar="CYCLE", help="help.option.hearing_cycle")]
_Earlier = Annotated[str, typer.Option("--from", metavar="CYCLE", help="help.option.lessons_from")]


def list_lessons(
    *,
    earlier: _Earlier,
    cycle: _Cycle,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """List what an earlier cycle taught: causes and improvements of its reviews, and problems that no goal answered."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from service.lessons import Lessons

        found = await Lessons(session.engine).list_lessons(caller_for(viewer), earlier, cycle, department=department)
        if as_json:
            print_json(found)
        else:
            _print(found, session.terminal)

    run(terminal(as_json), reading, work)


def take_over(
    lesson: Annotated[str, typer.Argument(metavar="LESSON", help="help.option.lesson")],
    *,
    earlier: _Earlier,
    cycle: _Cycle,
    text: Annotated[str | None, typer.Option("--text", help="help.option.lesson_text")] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.lesson_department")
    ] = None,
    planned: Annotated[bool, typer.Option("--planned", help="help.option.planned")] = False,
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """Take a lesson over as a problem of the next cycle: a problem that was not answered, or, as HR or owner, what a review says."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from service.lessons import Lessons

        problem = await Lessons(session.engine).take_over(
            caller_for(actor), lesson, earlier, cycle, text=text, department=department, planned=planned
        )
        if as_json:
            print_json({"problem": problem, "source": lesson})
        else:
            session.terminal.tell("screen.hearing.taken_over", problem=problem, lesson=lesson)

    run(terminal(as_json), reading, work)


def _print(found: "LessonList", to: "Terminal") -> None:
    from cli.session.output import print_line
    from texts.wording import visible
    from texts.words import word

    if not (found.cause_counts or found.lessons or found.problems):
        to.tell("screen.hearing.no_lessons")
    if found.cause_counts:
        causes = [(one.department, word("cause", one.cause, to.locale), one.reviews) for one in found.cause_counts]
        print_table(to.heads("screen.hearing.cause_heads"), causes)
        print_line("")
    if found.lessons:
        rows = [
            (one.id, one.department, one.taken_as or "", visible(one.cause or ""), visible(one.improvement or ""))
            for one in found.lessons
        ]
        print_table(to.heads("screen.hearing.lesson_heads"), rows)
        print_line("")
    if found.problems:
        problems = [(one.id, one.department, one.taken_as or "", visible(one.text)) for one in found.problems]
        print_table(to.heads("screen.hearing.open_heads"), problems)
