"""What the check of a new cycle shows beside its findings: who takes part, and the days of one person as an example."""

from typing import NamedTuple

from domain.cycle.file import CycleFile
from domain.cycle.participation import Participation
from domain.findings import refuses
from domain.lifecycles import ParticipantState
from domain.policy.policy import Policy
from domain.refusals import Refusal
from domain.values import CycleId, EmployeeId
from service.cycle_example import CycleExample, CycleExamples
from service.cycles import Checked
from service.message_names import names_of_people
from service.people_search import FoundPerson, PeopleFilter, PeopleSearch
from texts.say import say
from web.console.forms import Typed
from web.console.visit import Visit

_NAMED = 100  # people who are left out by one key
_CANDIDATES = 20


class Turnout(NamedTuple):
    """Who takes part. `earlier`: the cycle whose file this was, and how many took part in it; `names`: of the people who are named."""

    people: int
    participation: Participation
    earlier: tuple[str, int] | None
    names: dict[str, str]


class Example(NamedTuple):
    """The days of one person, or why there are none. `candidates`: several people are called so, and `more` of them; `asked`: what the field holds."""

    asked: str
    course: CycleExample | None = None
    why: str | None = None
    candidates: tuple[FoundPerson, ...] = ()
    more: bool = False


async def turnout_of(visit: Visit, checked: Checked, earlier: str) -> Turnout | None:
    if checked.participation is None:
        return None
    people = [one for part in checked.participation.left_out for one in part.people[:_NAMED]]
    names = await names_of_people(visit.opened.engine, people)
    return Turnout(checked.people, checked.participation, await _earlier(visit, earlier), names)


async def _earlier(visit: Visit, cycle: str) -> tuple[str, int] | None:
    """The cycle and how many take part in it; None for one that does not exist."""
    if not cycle:
        return None
    try:
        found = await visit.opened.cycles.status(visit.caller, CycleId(cycle), visit.now)
    except Refusal:
        return None
    return cycle, found.people - found.participants.get(ParticipantState.REMOVED, 0)


async def example_of(visit: Visit, checked: Checked, typed: Typed) -> Example:
    """Of the person who was chosen or typed, by number or by the beginning of the name; else of whoever is at the page, or, where
    they take no part, of the first who does.
    """
    asked = typed.filled("pick") or typed.filled("person")
    if checked.file is None or checked.policy is None or refuses(checked.findings):
        return Example(asked or "")
    own = visit.who.employee
    try:
        person = await _person_called(visit, asked) if asked else own
        if not isinstance(person, str):
            return Example(asked or "", candidates=person[:_CANDIDATES], more=len(person) > _CANDIDATES)
        course = await _course(visit, checked.file, checked.policy, person)
        first = checked.participation.first if checked.participation else None
        if course is None and not asked and first:
            asked, course = first, await _course(visit, checked.file, checked.policy, first)
    except Refusal as refused:
        return Example(asked or own, why=say(refused.message, visit.locale))
    shown = asked or own
    return Example(shown, course, None if course else say("console.new.takes_no_part", visit.locale, person=shown))


async def _course(visit: Visit, file: CycleFile, policy: Policy, person: EmployeeId) -> CycleExample | None:
    return await CycleExamples(visit.opened.engine).show(visit.caller, file, policy, person, visit.now)


async def _person_called(visit: Visit, asked: str) -> EmployeeId | tuple[FoundPerson, ...]:
    """The one who has this number, or whose name alone begins so; else all whose names do. Raises a `Refusal` where nobody is."""
    people = PeopleSearch(visit.opened.engine)
    try:
        return await people.find(visit.caller, asked)
    except Refusal:
        found = (await people.search(visit.caller, PeopleFilter(beginning=asked), visit.now)).people
        if not found:
            raise
        return found[0].employee if len(found) == 1 else found
