"""What goals are written from: measures of the catalogue, and good goals of earlier cycles."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from domain.values import Storable
from domain.writing import catalog
from service.exemplars import Exemplars
from texts.say import say
from web.api.parameters import IdPath
from web.console.queries import LineQuery
from web.console.route import PageRoute
from web.console.visit import AtPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST_EXAMPLES = 60


@router.get("/catalog")
async def list_entries(
    visit: AtPage, department: Annotated[str, Query(max_length=40)] = "", search: LineQuery = ""
) -> Response:
    """The measures by department; those for all departments come with each."""
    chosen = department if department in catalog.DEPARTMENTS else ""
    found = catalog.search(search, chosen or None)
    names = {one.id.partition("/")[0]: one.department.in_(visit.locale) for one in catalog.entries()}
    grouped = groupby(found, key=lambda one: one.department.in_(visit.locale))
    return visit.page(
        "catalog.html",
        language=visit.locale,
        groups=[(name, list(entries)) for name, entries in grouped],
        query={"department": chosen, "search": search},
        options=[("", say("console.list.all", visit.locale)), *names.items()],
    )


@router.get("/catalog/{entry:path}")
async def read_entry(visit: AtPage, entry: Annotated[str, Path(max_length=100), Storable]) -> Response:
    return visit.page("catalog_entry.html", language=visit.locale, entry=catalog.find(entry))


@router.get("/examples")
async def list_examples(visit: AtPage, department: LineQuery = "", words: LineQuery = "") -> Response:
    found = await Exemplars(visit.opened.engine).search(
        visit.caller, department=department.strip() or None, words=words
    )
    return visit.page(
        "examples.html",
        examples=found[:_MOST_EXAMPLES],
        more=max(0, len(found) - _MOST_EXAMPLES),
        query={"department": department, "words": words},
    )


@router.get("/examples/{exemplar}")
async def read_example(visit: AtPage, exemplar: IdPath) -> Response:
    found = await Exemplars(visit.opened.engine).show(visit.caller, exemplar)
    return visit.page("example.html", example=found, content=found.content)
