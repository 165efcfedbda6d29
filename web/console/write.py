"""Writing a goal: from the catalogue, an example, the goal as it is, or blank. What is typed is kept, also what is no goal yet."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from domain.access import person_of
from domain.findings import Finding
from domain.goal.goal import Goal
from domain.refusals import Refusal
from domain.values import GoalId
from domain.writing import catalog
from domain.writing.rules import check
from service.answers import NoAnswer
from service.giving import NotReady
from service.giving import Request as Asked
from service.message_names import names_in_messages
from service.unsent import Unsent, UnsentChanged, UnsentForm
from service.writing import DraftSource, Writing, WritingPage
from sheets.fields import InvalidFields
from texts.findings import suggestion_text
from texts.say import say
from texts.words import word
from web.console.forms import Typed, TypedForm, fresh_id
from web.console.goal import PATH, goal_path
from web.console.goal_fields import (
    Rewrite,
    as_typed,
    by_field,
    changes_between,
    content_of,
    directions,
    field_of,
    kind_of,
    of_form,
    points_in,
    rewrite_of,
    rows_of_steps,
)
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_Segment = Annotated[str, Path(max_length=100)]
_CONFLICT = 412
_INVALID = 422


@router.get(f"{PATH}/edit")
async def write(  # noqa: PLR0917 - path and query
    visit: AtPage,
    cycle: _Segment,
    owner: _Segment,
    number: _Segment,
    source: Annotated[str, Query(alias="from", max_length=300)] = "",
    kept: Annotated[bool, Query()] = False,
) -> Response:
    """The form, as it was left: with what was typed and not sent, else as the goal is, or from a source."""
    goal = GoalId(f"{cycle}/{owner}/{number}")
    page, unsent = await _page(visit, goal), await Unsent(visit.opened.engine).read(visit.caller, _place(goal))
    if source:
        content = (await Writing(visit.opened.engine).draft(visit.caller, goal, _source(source))).content
        return _show(visit, page, as_typed(content), unsent=unsent, came_from=source)
    if unsent:
        return _show(visit, page, _fields(unsent), unsent=unsent, is_kept=kept)
    return _show(visit, page, as_typed(page.goal.content))


@router.post(f"{PATH}/edit")
async def save(visit: AtPage, typed: TypedForm, cycle: _Segment, owner: _Segment, number: _Segment) -> Response:
    """What the pressed button says: check, keep, submit, one more step, take a rewrite over, or discard what was typed."""
    goal = GoalId(f"{cycle}/{owner}/{number}")
    page, action = await _page(visit, goal), typed.get("action", "check")
    if action == "discard":
        await _forget(visit, goal, typed)
        return RedirectResponse(f"{goal_path(goal)}/edit", SEE_OTHER)
    fields = of_form(typed) | {"kind": kind_of(typed)}
    if action == "more_steps":
        return _show(visit, page, fields, typed=typed, more=3)
    if take := typed.filled("take"):
        return await _checked(visit, page, _taken(page.goal, fields, take), typed)
    if action == "check":
        return await _checked(visit, page, fields, typed)
    return await _send(visit, page, fields, typed, submits=action == "submit")


async def _send(visit: Visit, page: WritingPage, fields: dict[str, str], typed: Typed, *, submits: bool) -> Response:
    """Writes the draft into the ledger, or submits it. What is no goal yet is kept as it was typed, and the page says what is missing."""
    goal = page.goal
    try:
        content = content_of(goal, fields)
    except InvalidFields as invalid:
        return await _kept(visit, page, fields, typed, invalid.findings)
    if not submits and content == goal.content:
        await _forget(visit, goal.id, typed)
        return RedirectResponse(f"{goal_path(goal.id)}?done={typed.command_id}", SEE_OTHER)
    use_cases, name = await visit.opened.acting_on_goals(), "submit" if submits else "revise"
    asked = Asked(name, {"content": content}, None, typed.seen, typed.command_id)
    try:
        await (use_cases.submit if submits else use_cases.give)(visit.caller, goal.id, asked)
    except NotReady as refused:
        return await _kept(visit, page, fields, typed, refused.refusing)
    except (Refusal, NoAnswer) as refused:
        return await _refused(visit, goal.id, fields, typed, refused)
    await _forget(visit, goal.id, typed)
    return RedirectResponse(f"{goal_path(goal.id)}?done={typed.command_id}", SEE_OTHER)


async def _kept(
    visit: Visit, page: WritingPage, fields: dict[str, str], typed: Typed, findings: tuple[Finding, ...]
) -> Response:
    """The form again, with what prevents it; what was typed is kept on the server, and stays when the page is left."""
    try:
        unsent = await _keep(visit, page.goal, fields, typed)
    except UnsentChanged as changed:
        return _show(visit, page, fields, _CONFLICT, typed=typed, other=changed.kept, findings=findings)
    return _show(visit, page, fields, _INVALID, typed=typed, unsent=unsent, findings=findings, is_kept=True)


async def _refused(
    visit: Visit, goal: GoalId, fields: dict[str, str], typed: Typed, refused: Refusal | NoAnswer
) -> Response:
    """The form again, about the goal as it is now, and how what was typed differs from it."""
    page = await _page(visit, goal)
    names = await names_in_messages(visit.opened.engine, [refused.message])
    summary = say(refused.message, visit.locale, names)
    repeated = typed.command_id if isinstance(refused, NoAnswer) else None
    return _show(visit, page, fields, status_of(refused), typed=typed, summary=summary, repeated=repeated)


async def _checked(visit: Visit, page: WritingPage, fields: dict[str, str], typed: Typed) -> Response:
    """The form with what the writing rules find, also beside the person's other goals. Nothing is written."""
    try:
        content = content_of(page.goal, fields)
    except InvalidFields as invalid:
        return _show(visit, page, fields, typed=typed, findings=invalid.findings, is_checked=True)
    found = await Writing(visit.opened.engine).check(visit.caller, page.goal.id, content)
    return _show(visit, page, fields, typed=typed, findings=found.findings, is_checked=True)


def _taken(goal: Goal, fields: dict[str, str], take: str) -> dict[str, str]:
    """The fields with the rewrite that a finding suggests; as they are where the finding is not there any more."""
    try:
        findings = check(content_of(goal, fields), goal.policy)
    except InvalidFields:
        return fields
    for one in findings:
        if take == _name_of(one) and (rewrite := rewrite_of(one, fields)):
            return fields | {rewrite.field: rewrite.value}
    return fields


def _name_of(finding: Finding) -> str:
    return f"{finding.code}@{finding.where}"


async def _page(visit: Visit, goal: GoalId) -> WritingPage:
    return await Writing(visit.opened.engine).page(visit.caller, goal)


async def _keep(visit: Visit, goal: Goal, fields: Mapping[str, str], typed: Typed) -> UnsentForm:
    version = typed.filled("version")
    return await Unsent(visit.opened.engine).keep(
        visit.caller,
        _place(goal.id),
        dict(fields),
        seen=typed.seen or goal.seq,
        version=int(version) if version and version.isdecimal() else None,
        now=visit.now,
    )


async def _forget(visit: Visit, goal: GoalId, typed: Typed) -> None:
    """What was typed is in the ledger, or was discarded. What another tab kept meanwhile stays."""
    version = typed.filled("version")
    if version and version.isdecimal():
        try:
            await Unsent(visit.opened.engine).forget(visit.caller, _place(goal), int(version))
        except UnsentChanged:
            return


def _place(goal: GoalId) -> str:
    return f"goal/{goal}/content"


def _fields(unsent: UnsentForm) -> dict[str, str]:
    return {name: value if isinstance(value, str) else "\n".join(value) for name, value in unsent.fields.items()}


def _source(named: str) -> DraftSource:
    """`catalog:accounting/closing`, `example:ID`, `problem:ID`, `parent:ID`."""
    kind, _, value = named.partition(":")
    match kind:
        case "catalog":
            return DraftSource(catalog=value)
        case "example":
            return DraftSource(exemplar=value)
        case "problem":
            return DraftSource(answers=(value,))
        case "parent":
            return DraftSource(parent=value)
    return DraftSource()


def _show(
    visit: Visit,
    page: WritingPage,
    fields: Mapping[str, str],
    status: int = 200,
    *,
    typed: Typed | None = None,
    unsent: UnsentForm | None = None,
    other: UnsentForm | None = None,
    findings: tuple[Finding, ...] = (),
    is_checked: bool = False,
    is_kept: bool = False,
    came_from: str = "",
    summary: str = "",
    repeated: str | None = None,
    more: int = 0,
) -> Response:
    goal = page.goal
    is_older = bool(unsent and unsent.seen and unsent.seen < goal.seq and _is_about_content(goal, unsent.seen))
    version = unsent.version if unsent else (typed.filled("version") if typed else None)
    rewrites: dict[str, Rewrite] = {
        _name_of(one): rewrite for one in findings if (rewrite := rewrite_of(one, fields)) is not None
    }
    refusing = {where: one for where, one in by_field(findings).items() if one.level == "refuse"}
    values: dict[str, Any] = {
        "goal": goal,
        "page": page,
        "fields": fields,
        "kind": kind_of(fields),
        "steps": rows_of_steps(fields, more),
        "own_points": points_in(fields),
        "chosen_answers": fields.get("answers", "").split("\n"),
        "seen": goal.seq if not typed or summary else typed.seen or goal.seq,
        "version": version or "",
        "command_id": repeated or fresh_id(),
        "findings": findings,
        "rewrites": rewrites,
        "suggestions": {_name_of(one): suggestion_text(one, visit.locale) for one in findings if one.suggestion},
        "name_of": _name_of,
        "field_of": field_of,
        "errors": {where: say(one.message, visit.locale) for where, one in refusing.items()},
        "summary": summary,
        "is_checked": is_checked,
        "is_kept": is_kept,
        "unsent": unsent,
        "other": changes_between(_fields(other), fields) if other else [],
        "differs": changes_between(as_typed(goal.content), fields) if is_older or summary else [],
        "came_from": came_from,
        "directions": directions(visit.locale),
        "example": _example(goal),
        "is_own": person_of(visit.caller) == goal.owner,
        "kinds": [(one, word("measure", one, visit.locale)) for one in ("numeric", "qualitative")],
    }
    return visit.page("write.html", status, **values)


def _is_about_content(goal: Goal, seen: int) -> bool:
    """Whether the content was written after what the person saw."""
    return goal.written > seen


def _example(goal: Goal) -> catalog.CatalogEntry:
    """An entry of the catalogue for the department, whose texts show what good looks like."""
    try:
        return catalog.search("", goal.department)[0]
    except (Refusal, IndexError):
        return catalog.entries()[0]
