"""Notices of the running cycles, for HR: how many were sent, what did not get through and why, and sending that again."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.people.organisation import DIRECTORY_ZONE
from service.notices import Notices
from web.console.forms import TypedForm
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/operations/notices"
_Cycle = Annotated[str, Query(max_length=100)]


@router.get(PATH)
async def read_notices(visit: AtPage, cycle: _Cycle = "") -> Response:
    return visit.page("notices.html", **await _values(visit, cycle), again=None)


@router.get(f"{PATH}/resend")
async def confirm(visit: AtPage, cycle: _Cycle = "") -> Response:
    """How many would be sent again, before they are."""
    values = await _values(visit, cycle)
    notices, entries = values["counts"].given_up, len(values["failures"].events)
    if not cycle or (not notices and not entries):
        return RedirectResponse(_path_of(cycle), SEE_OTHER)
    subject = visit.text("console.notices.to_resend", notices=notices, entries=entries)
    return visit.page(
        "final.html", what="resend", subject=subject, back=_path_of(cycle), action=f"{PATH}/resend", fields=[("cycle", cycle)]
    )  # fmt: skip


@router.post(f"{PATH}/resend")
async def resend(visit: AtPage, typed: TypedForm) -> Response:
    """Queues again what was given up, and says how many: nothing shows that later. A repeat finds nothing."""
    cycle = typed.get("cycle", "")
    again = await Notices(visit.opened.engine).retry(visit.caller, cycle)
    return visit.page("notices.html", **await _values(visit, cycle), again=again)


def _path_of(cycle: str) -> str:
    return f"{PATH}?{urlencode({'cycle': cycle})}" if cycle else PATH


async def _values(visit: Visit, cycle: str) -> dict[str, Any]:
    notices = Notices(visit.opened.engine)
    return {
        "counts": await notices.summary(visit.caller, cycle or None),
        "failures": await notices.failures(visit.caller, cycle or None),
        "cycle": cycle,
        "cycle_choices": [("", visit.text("console.list.all")), *((one, one) for one in _cycles(visit, cycle))],
        "zone": DIRECTORY_ZONE.key,
    }


def _cycles(visit: Visit, cycle: str) -> list[str]:
    running: list[str] = list(visit.who.cycles)
    return running if cycle in (*running, "") else [cycle, *running]
