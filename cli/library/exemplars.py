"""`meguri exemplars`: goals to follow (見倣うべき事例), without names."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.options import AsJson, Viewer
from cli.session.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from domain.results.exemplars import Exemplar


def exemplars(
    exemplar: Annotated[str | None, typer.Argument(metavar="ID", help="help.option.exemplar")] = None,
    *,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    search: Annotated[str, typer.Option("--search", metavar="WORDS", help="help.option.search_exemplars")] = "",
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """List examples to follow, or show one. `meguri goal draft GOAL --exemplar ID` makes a draft of it."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from service.exemplars import Exemplars

        examples = Exemplars(session.engine)
        if exemplar is not None:
            _show(await examples.show(caller_for(viewer), exemplar), session.terminal)
        else:
            _list(await examples.search(caller_for(viewer), department=department, words=search), session.terminal)

    run(terminal(as_json), reading, work, (department,))


def _list(found: "list[Exemplar]", to: "Terminal") -> None:
    from domain.values import percent
    from texts.wording import visible

    if to.as_json:
        print_json({"exemplars": found})
    elif not found:
        to.tell("screen.exemplars.none")
    else:
        rows = [
            (
                one.id,
                one.department,
                visible(one.content.theme, 40),
                visible(one.content.measure.name, 40) if one.content.measure else "",
                percent(one.attained),
            )
            for one in found
        ]
        print_table(to.heads("screen.exemplars.heads"), rows)


def _show(one: "Exemplar", to: "Terminal") -> None:
    from domain.values import percent
    from service.content_toml import as_toml
    from texts.wording import visible

    if to.as_json:
        print_json(one, "exemplars")
        return
    print_line(f"{one.id}  {one.department}  {percent(one.attained)}")
    print_line(to.text("screen.exemplars.reason") + visible(one.reason))
    if one.learnt:
        print_line(to.text("screen.exemplars.learnt") + visible(one.learnt))
    print_line("")
    print_line(as_toml(one.content))
