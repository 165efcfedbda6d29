"""Use cases of sessions in browsers: see one's own, end one of them, and sign somebody out everywhere."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from domain import access
from domain.access import Action, Caller, Relation, person_of
from domain.journal import OPERATOR
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, Moment
from service.relations import relations_to_company, system_relations
from storage import sessions
from storage.database import read_transaction
from storage.people import find_employee


class ListedSession(Frozen):
    """A browser in which the person is signed in. `used_at` is to the minute; `here`: it is the one that asks."""

    session: str
    began_at: Moment
    used_at: Moment
    expires_at: Moment
    here: bool


class SessionList(Frozen):
    """The caller's open sessions, the one that was used last first."""

    sessions: tuple[ListedSession, ...]


class SignedOut(Frozen):
    """How many sessions of the person were ended."""

    employee: EmployeeId
    ended: int


class Sessions:
    """Every method raises a `Refusal` for a caller without permission. `idle`: after so long without a request a session is over."""

    def __init__(self, engine: AsyncEngine, idle: timedelta) -> None:
        self._engine, self._idle = engine, idle

    async def list_sessions(self, caller: Caller, here: str | None, now: datetime) -> SessionList:
        """`here`: the id of the session by which the caller asks, if it is one."""
        person = person_of(caller)
        async with read_transaction(self._engine) as connection:
            access.require(caller, Action.USE_SESSIONS, _own(await relations_to_company(connection, caller)))
            found = await sessions.open_of_person(connection, person, now, self._idle)
        listed = (ListedSession(here=one.session == here, **one._asdict()) for one in found)
        return SessionList(sessions=tuple(listed))

    async def end(self, caller: Caller, session: str, now: datetime) -> SignedOut:
        """Ends one of the caller's own sessions. A repeat changes nothing."""
        person = person_of(caller)
        async with self._engine.begin() as connection:
            access.require(caller, Action.USE_SESSIONS, _own(await relations_to_company(connection, caller)))
            ended = await sessions.end_one(connection, person, session, now)
        if ended is None:
            raise Refusal(Code.UNKNOWN_SESSION, session=session[:80])
        return SignedOut(employee=person, ended=ended)

    async def sign_out(self, caller: Caller, employee: EmployeeId, now: datetime) -> SignedOut:
        """Ends all sessions of the person. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            access.require(caller, Action.SIGN_OUT_SOMEBODY, held)
            if await find_employee(connection, employee) is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
            ended = await sessions.sign_out(connection, employee, by=caller.employee or OPERATOR, now=now)
        return SignedOut(employee=employee, ended=ended)


def _own(held: frozenset[Relation]) -> frozenset[Relation]:
    return held | {Relation.OWNER} if Relation.COLLEAGUE in held else held
