"""The directory by a file of people: compared first, then applied, as web/api/directory.py does for programs."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from domain.csv_text import ENCODINGS
from domain.findings import Level
from domain.people.people_columns import PEOPLE
from domain.people.provisioned import owned_fields
from domain.refusals import Code, Refusal
from domain.values import Locale
from service.answers import NoAnswer
from service.message_names import names_in_messages
from service.people_files import PeopleSource, read_header
from service.reorganisation import Compared, Reorganisation
from service.sync_history import SyncHistory
from texts.say import say
from texts.words import word
from web.console.carried_file import carried, uncarried
from web.console.forms import Typed, TypedForm, errors_of, fresh_id, read_file
from web.console.route import SEE_OTHER, PageRoute
from web.console.sync_form import FREE, SyncForm, columns_of, read_sync_form
from web.console.sync_rows import changes_of, effects_that_are, shown_findings
from web.console.visit import AtPage, Visit
from web.problems import ManyLeave, OtherComparison, status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LONGEST_REASON = 1000


@dataclass(frozen=True)
class Look:
    """A file that was compared: its bytes, what the form said of it, and the comparison."""

    data: bytes
    header: tuple[str, ...]
    form: SyncForm
    compared: Compared

    @property
    def tag(self) -> str:
        """Stands for the directory, the file and the form: what is applied is what was seen."""
        return self.compared.tag(self.data, *self.form.for_tag)


@router.get("/sync")
async def show(visit: AtPage) -> Response:
    return await _first(visit, Typed({}), {})


@router.post("/sync")
async def compare(visit: AtPage, request: Request, typed: TypedForm) -> Response:
    """The difference between the file and the directory. Writes nothing."""
    data = await _data(request, typed)
    if data is None:
        return await _first(visit, typed, {"upload": say("console.sync.no_file", visit.locale)})
    try:
        look = await _look(visit, data, typed)
    except Refusal as refused:
        return await _first(visit, typed, _at_fields(refused, visit))
    return await _compared(visit, look, typed, {})


@router.post("/sync/apply")
async def apply(visit: AtPage, request: Request, typed: TypedForm) -> Response:
    """Applies what was compared, if it is the same. Keyed by the form's id: sent again, it leads to the same instruction."""
    data, instruction = await _data(request, typed), _instruction(typed)
    if await _is_given(visit, instruction):
        return RedirectResponse(f"/instructions/{instruction}", SEE_OTHER)
    if data is None:
        return await _first(visit, typed, {"upload": say("console.sync.again", visit.locale)})
    look = await _look(visit, data, typed)
    if look.compared.difference is None or look.compared.is_empty or look.tag != typed.get("tag", ""):
        error = OtherComparison()  # a page with nothing to apply has no such form
        return await _compared(visit, look, typed, {}, say(error.message, visit.locale), status_of(error))
    if errors := _errors(look, typed, visit):
        return await _compared(visit, look, typed, errors, say("console.sync.not_applied", visit.locale), 422)
    try:
        temporal = await visit.opened.temporal.client()
        given = await Reorganisation(visit.opened.engine).apply(
            visit.caller, temporal, look.compared, typed["reason"].strip(), instruction
        )
    except (Refusal, NoAnswer) as refused:
        names = await names_in_messages(visit.opened.engine, [refused.message])
        return await _compared(visit, look, typed, {}, say(refused.message, visit.locale, names), status_of(refused))
    return RedirectResponse(f"/instructions/{given}", SEE_OTHER)


def _instruction(typed: Typed) -> str:
    """The id of the instruction by that of the form, which a page made of letters and digits."""
    given = typed.command_id[:40]
    return f"sync-{given if given.isascii() and given.isalnum() else fresh_id()}"


async def _data(request: Request, typed: Typed) -> bytes | None:
    """The file that was handed in now, else the one that the form carries."""
    return await read_file(request, "upload") or uncarried(typed.get("carried", ""))


async def _is_given(visit: Visit, instruction: str) -> bool:
    try:
        await visit.opened.instructions.progress(visit.caller, instruction)
    except Refusal as refused:
        if refused.code is Code.UNKNOWN_INSTRUCTION:
            return False
        raise
    return True


async def _look(visit: Visit, data: bytes, typed: Typed) -> Look:
    """Raises a `Refusal` for a form that cannot be read, and for somebody who may not change the directory."""
    settings = visit.opened.settings
    encoding, locale = typed.filled("encoding"), Locale(settings.company_locale)
    source = PeopleSource(data, None, encoding if encoding in ENCODINGS else None, locale)
    form = read_sync_form(typed, header := await read_header(source))
    compared = await Reorganisation(visit.opened.engine, owned_fields(settings.scim_owns)).compare(
        visit.caller,
        data,
        form.mapping,
        tops=form.tops,
        orphans_to=form.orphans_to,
        encoding=form.encoding,
        locale=locale,
        said=form.said,
        absent_left=form.absent_left,
        renamed=form.renamed,
    )
    return Look(data, header, form, compared)


def _errors(look: Look, typed: Typed, visit: Visit) -> dict[str, str]:
    """What is missing in the form before the comparison can be applied."""
    found: dict[str, str] = {}
    if not 0 < len(typed.get("reason", "").strip()) <= _LONGEST_REASON:
        found["reason"] = say("console.sync.no_reason", visit.locale)
    if look.compared.many and "many_leave" not in typed:
        found["many_leave"] = say(ManyLeave(look.compared.many).message, visit.locale)
    return found


def _at_fields(refused: Refusal, visit: Visit) -> dict[str, str]:
    """The errors at their fields. Raises the refusal where it is about none."""
    if refused.code is not Code.INVALID:
        raise refused
    return {where: say(one, visit.locale) for where, one in errors_of(refused).items()}


async def _first(visit: Visit, typed: Typed, errors: dict[str, str]) -> Response:
    history = await SyncHistory(visit.opened.engine).latest(visit.caller)
    values = {"errors": errors, "history": history} | _options(visit, typed)
    return visit.page("sync.html", HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK, **values)


async def _compared(  # noqa: PLR0917 - the page and what is wrong
    visit: Visit, look: Look, typed: Typed, errors: dict[str, str], summary: str | None = None, status: int = 200
) -> Response:
    compared = look.compared
    is_other = status == status_of(OtherComparison())
    names = {one.id: one.name for one in compared.difference.after} if compared.difference else {}
    in_messages = await names_in_messages(visit.opened.engine, [one.message for one in compared.findings])
    values: dict[str, Any] = {
        "compared": compared,
        "difference": compared.difference,
        "columns": columns_of(look.header, look.form.mapping),
        "changes": changes_of(compared.difference) if compared.difference else [],
        "findings": {level: shown_findings(compared.findings, level) for level in Level},
        "effects": effects_that_are(compared.effects),
        "names": names,
        "in_messages": in_messages | {str(key): name for key, name in names.items()},
        "tag": look.tag,
        "carried": carried(look.data),
        "command_id": fresh_id() if is_other else typed.command_id,
        "errors": errors,
        "summary": summary,
    }
    return visit.page("sync_compared.html", status, **(values | _options(visit, typed)))


def _options(visit: Visit, typed: Typed) -> dict[str, Any]:
    locale = visit.locale
    return {
        "typed": typed,
        "is_special": any(typed.filled(one) for one in (*FREE, "encoding")),
        "encodings": [("", say("console.sync.recognise", locale)), *((one, one) for one in ENCODINGS)],
        "fields": [
            ("", say("console.sync.unused", locale)),
            *((one, word("column", one, locale)) for one in PEOPLE.headers),
        ],
    }
