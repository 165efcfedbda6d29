"""HR: erasing what people wrote, on request or when its time is over. The entries stay, and their chains still verify."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from domain.journal import Log
from domain.values import Frozen, Prose
from service.erasure import Erasure, erase_in_journal
from service.giving import Given
from web.api.goals import GOAL_PATH, Goal
from web.api.parameters import Key
from web.bodies import JSON_ONLY, strict
from web.callers import CycleActor
from web.conditions import tag
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["erasure"])

_Entries = Annotated[tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], ...], Field(min_length=1, max_length=1000)]


class TextsToErase(Frozen):
    """Numbers of entries of a goal's ledger."""

    entries: _Entries
    reason: Prose


class JournalTextsToErase(TextsToErase):
    """Numbers of entries of one log of the journal."""

    log: Log


class ErasedTexts(Frozen):
    """The entries that had texts."""

    log: Log
    erased: tuple[int, ...]


@router.post(f"{GOAL_PATH}/erase_texts", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def erase_texts(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    response: Response,
    caller: CycleActor,
    goal: Goal,
    body: strict(TextsToErase),  # type: ignore[valid-type]  # made at run time
    key: Key = None,
) -> Given:
    """HR, except for their own goals. Of an open goal, the entry with its present content is refused."""
    opened = opened_of(request)
    erasure = Erasure(opened.engine, await opened.temporal.client())
    given = await erasure.erase_texts(caller, goal, body.entries, body.reason, key)
    tag(response, given.seq)
    return given


@router.post("/journal/erase_texts", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def erase_texts_in_journal(
    request: Request,
    caller: CycleActor,
    body: strict(JournalTextsToErase),  # type: ignore[valid-type]  # made at run time
) -> ErasedTexts:
    """HR. A repeat erases nothing more."""
    erased = await erase_in_journal(opened_of(request).engine, caller, body.log, body.entries, body.reason)
    return ErasedTexts(log=body.log, erased=tuple(erased))
