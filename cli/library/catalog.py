"""`meguri catalog`: measures by department, to write a goal from."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import AsJson
from cli.session.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from cli.session.session import Terminal
    from domain.writing.catalog import CatalogEntry


def catalog(
    what: Annotated[
        str | None,
        typer.Argument(metavar="DEPARTMENT|ENTRY", help="help.option.catalog_what"),
    ] = None,
    search: Annotated[str, typer.Option("--search", metavar="WORDS", help="help.option.search_catalog")] = "",
    as_json: AsJson = False,
) -> None:
    """List measures by department, or show one. `meguri goal draft GOAL --catalog ENTRY` makes a draft of it."""
    from cli.session.session import terminal
    from domain.refusals import Refusal
    from domain.writing.catalog import find
    from domain.writing.catalog import search as search_entries
    from texts.refusals import refusal_with_hint

    to = terminal(as_json)
    try:
        if what is not None and "/" in what:
            _show(find(what), to)
        else:
            _list(search_entries(search, what), to)
    except Refusal as refusal:
        raise to.refuse(refusal_with_hint(refusal, to.locale), kind=refusal.code) from refusal


def _list(entries: "tuple[CatalogEntry, ...]", to: "Terminal") -> None:
    if to.as_json:
        print_json({"entries": entries})
        return
    if not entries:
        to.tell("screen.catalog.none")
        return
    print_table(
        to.heads("screen.catalog.heads"),
        [
            (one.id, one.department.in_(to.locale), one.name.in_(to.locale), _unit(one, to), _cadence(one, to))
            for one in entries
        ],
    )


def _show(one: "CatalogEntry", to: "Terminal") -> None:
    if to.as_json:
        print_json(one, "entries")
        return
    locale = to.locale
    print_line(f"{one.id}  {one.name.in_(locale)}")
    for key, text in (
        ("screen.catalog.department", one.department.in_(locale)),
        ("screen.catalog.tells", one.tells.in_(locale)),
        ("screen.catalog.count", one.count.in_(locale)),
        ("screen.catalog.unit", _way(one, to)),
        ("screen.catalog.reviewed", _cadence(one, to)),
        ("screen.catalog.theme", one.theme.in_(locale)),
        ("screen.catalog.challenge", one.challenge.in_(locale)),
        ("screen.catalog.success", one.success_image.in_(locale) if one.success_image else ""),
    ):
        if text:
            print_line(to.text(key) + text)
    for criterion in one.criteria:
        print_line(to.text("screen.catalog.criterion") + criterion.in_(locale))
    for step in one.steps:
        print_line(to.text("screen.catalog.step", at=f"{step.at:>2}") + step.title.in_(locale))
    print_line("")
    to.tell("screen.catalog.make_draft", entry=one.id)


def _unit(one: "CatalogEntry", to: "Terminal") -> str:
    return one.unit.in_(to.locale) if one.unit else to.text("screen.catalog.picture")


def _way(one: "CatalogEntry", to: "Terminal") -> str:
    if one.unit is None:
        return ""
    better = to.text("screen.catalog.less_is_better") if one.direction == "down" else ""
    better = better or to.text("screen.catalog.more_is_better")
    example = to.text("screen.catalog.example", baseline=one.baseline, target=one.target)
    return to.text("screen.catalog.way", unit=one.unit.in_(to.locale), about=[better, example])


def _cadence(one: "CatalogEntry", to: "Terminal") -> str:
    from texts.words import word

    return word("cadence", one.cadence, to.locale)
