"""A new cycle in three steps: its file, the check, the launch. The file goes from page to page with what was typed; nothing is stored."""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from domain.cycle.file_lines import FileLines
from domain.cycle.participation import for_everybody
from domain.findings import Finding, Level, refuses
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Refusal
from domain.values import CycleId
from service.answers import NoAnswer
from service.cycle_list import CycleLists
from service.cycle_toml import CycleFiles
from service.cycles import Checked
from service.message_names import names_in_messages
from texts.say import say
from web.console.cycle_preview import example_of, turnout_of
from web.console.forms import Typed, TypedForm, read_file
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST_BYTES = 500_000  # of a cycle file; the form has it as a field
_SAME = "same_cycle_runs"  # the finding that a person may overrule


@dataclass(frozen=True)
class Placed:
    """A finding with its line in the file: the number, and what stands there."""

    finding: Finding
    line: int | None
    text: str


@dataclass(frozen=True)
class Look:
    """A checked file as the pages show it."""

    text: str
    checked: Checked
    is_confirmed: bool
    placed: dict[Level, list[Placed]] = field(default_factory=dict)
    lines: FileLines = field(default_factory=lambda: FileLines(""))

    @property
    def is_launchable(self) -> bool:
        return self.checked.file is not None and self.checked.policy is not None and not refuses(self.checked.findings)

    @property
    def asks_to_confirm(self) -> bool:
        """Whether a running cycle is from the same file, which a person may mean."""
        return self.is_confirmed or any(one.code == _SAME for one in self.checked.findings)


@router.get("/cycles/new")
async def choose(visit: AtPage, earlier: Annotated[str, Query(max_length=100)] = "") -> Response:
    return await _first_step(visit, Typed({"earlier": [earlier]}))


@router.post("/cycles/new")
async def go_on(visit: AtPage, request: Request, typed: TypedForm) -> Response:
    """The next step, by the button that was pressed. Writes nothing."""
    if typed.get("step") == "begin":
        return await _begin(visit, typed, await read_file(request, "upload"))
    written = typed.get("file", "")
    text = for_everybody(written) if typed.get("step") == "everybody" else written
    look = await _look(visit, text, is_confirmed="confirmed" in typed)
    if typed.get("step") == "confirm":
        return (
            _last_step(visit, look, typed)
            if look.is_launchable
            else await _second_step(visit, look, typed, is_failed=True)
        )
    return await _second_step(visit, look, typed)


@router.post("/cycles")
async def launch(visit: AtPage, typed: TypedForm) -> Response:
    """Launches the cycle of the file. Keyed by the cycle's id: sent again with the same file, it changes nothing."""
    look = await _look(visit, typed.get("file", ""), is_confirmed="confirmed" in typed)
    if look.checked.file is None or not look.is_launchable:
        return await _second_step(visit, look, typed, is_failed=True)
    try:
        await (await visit.opened.acting_on_cycles()).launch(visit.caller, look.checked, visit.now)
    except (Refusal, NoAnswer) as refused:
        names = await names_in_messages(visit.opened.engine, [refused.message])
        return _last_step(visit, look, typed, status_of(refused), summary=say(refused.message, visit.locale, names))
    return RedirectResponse(f"/cycles/{look.checked.file.cycle.id}/launch", SEE_OTHER)


async def _begin(visit: Visit, typed: Typed, upload: bytes | None) -> Response:
    """From the file that was handed in, else from an earlier cycle's, else from what was typed."""
    if upload is not None:
        try:
            text = _text_of(upload)
        except ValueError as unreadable:
            return await _first_step(visit, typed, {"upload": say(str(unreadable), visit.locale)})
    elif typed.filled("earlier"):
        starts = _day(typed.get("starts", ""))
        if typed.filled("starts") and starts is None:
            return await _first_step(visit, typed, {"starts": say("console.new.wrong_day", visit.locale)})
        files = CycleFiles(visit.opened.engine)
        try:
            text = await files.begin_from(visit.caller, CycleId(typed["earlier"]), starts)
        except Refusal as refused:
            return await _first_step(visit, typed, {"earlier": say(refused.message, visit.locale)})
    else:
        return await _first_step(visit, typed, {"upload": say("console.new.nothing", visit.locale)})
    return await _second_step(visit, await _look(visit, text, is_confirmed=False), typed)


def _text_of(upload: bytes) -> str:
    """The text of a file. Raises `ValueError` with the key of a sentence."""
    if len(upload) > _MOST_BYTES:
        raise ValueError("console.new.too_large")
    try:
        return upload.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ValueError("console.new.not_utf8") from error


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


async def _look(visit: Visit, text: str, *, is_confirmed: bool) -> Look:
    today = visit.now.astimezone(DIRECTORY_ZONE).date()
    checked = await visit.opened.cycles.check(visit.caller, text.encode(), today, confirmed=is_confirmed)
    lines = FileLines(text)
    placed: dict[Level, list[Placed]] = {level: [] for level in Level}
    for one in checked.findings:
        line = lines.line_of(one.where)
        placed[one.level].append(Placed(one, line, lines.text_of(line)[:80] if line else ""))
    return Look(text, checked, is_confirmed, placed, lines)


async def _first_step(visit: Visit, typed: Typed, errors: dict[str, str] | None = None) -> Response:
    found = await CycleLists(visit.opened.engine).page(visit.caller)
    choices = [("", say("console.new.no_earlier", visit.locale))]
    choices += [(one.cycle, f"{one.name} ({one.cycle})") for one in found.cycles]
    return visit.page("cycle_new.html", 422 if errors else 200, typed=typed, errors=errors or {}, choices=choices)


async def _second_step(visit: Visit, look: Look, typed: Typed, *, is_failed: bool = False) -> Response:
    earlier = typed.get("earlier", "")[:100]
    values = _values(look) | {
        "earlier": earlier,
        "turnout": await turnout_of(visit, look.checked, earlier),
        "example": await example_of(visit, look.checked, typed),
        "is_failed": is_failed,
        "names": await names_in_messages(visit.opened.engine, [one.message for one in look.checked.findings]),
    }
    return visit.page("cycle_check.html", 422 if is_failed else 200, **values)


def _last_step(visit: Visit, look: Look, typed: Typed, status: int = 200, summary: str | None = None) -> Response:
    return visit.page("cycle_confirm.html", status, **_values(look), earlier=typed.get("earlier", ""), summary=summary)


def _values(look: Look) -> dict[str, Any]:
    file = look.checked.file
    return {
        "look": look,
        "checked": look.checked,
        "cycle": file.cycle if file else None,
        "name": file.name if file else "",
    }
