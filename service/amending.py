"""Other rules for a running cycle: what a changed cycle file would change, before anything is."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding, refuse
from domain.goal.goal import Goal
from domain.goal.steering import due_after
from domain.instructions.instructions import Amend, Selection, amended
from domain.messages import Message, message
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Ladder, Policy, Rung
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.calendars import freeze
from storage import cycles
from storage.database import read_transaction
from storage.goals import load_aggregates, open_goals

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_PAGE = 500
_CALENDARS = ("calendar", "sites")


class RuleChange(NamedTuple):
    """One rule by its key in the cycle file, as it is and as it would be; the values are messages."""

    rule: str
    before: Message
    after: Message


class DueChange(NamedTuple):
    """One open task whose due date would move."""

    goal: GoalId
    owner: EmployeeId
    department: str
    before: date
    after: date


class Amendment(NamedTuple):
    """What the file changes: the rules, how many goals hear of it, which due dates move, at which goals it cannot be."""

    before: Policy | None
    after: Policy | None
    findings: tuple[Finding, ...]
    rules: tuple[RuleChange, ...] = ()
    goals: int = 0
    dues: tuple[DueChange, ...] = ()
    misfits: tuple[GoalId, ...] = ()

    def asked(self, selection: Selection, reason: str) -> Amend:
        if self.before is None or self.after is None:
            raise ValueError("rules are amended after their comparison found nothing against it")
        return Amend(selection=selection, reason=reason, before=self.before, after=self.after)


class Amending:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def compare(
        self, cycle: CycleId, data: bytes, selection: Selection, now: datetime, starts: date | None = None
    ) -> Amendment:
        """Compares the file with the cycle's rules as they are; writes nothing. The cycle's id and first day must agree.

        `starts` moves every date of the file, as it did when the cycle was launched from it.
        """
        async with read_transaction(self._engine) as connection:
            row = await cycles.find_cycle(connection, cycle)
        if row is None:
            raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
        before = row.rules
        file = read_cycle_file(data)
        if not isinstance(file, CycleFile):
            return Amendment(before, None, file)
        file = file.moved_to(starts) if starts else file
        findings = _other_cycle(file, cycle, before)
        if findings:
            return Amendment(before, None, findings)
        after = freeze(file)
        if not isinstance(after, Policy):
            return Amendment(before, None, after)
        if _places(file) == _places(row.file):  # a newer list of holidays is no change of rules
            after = after.model_copy(update={name: getattr(before, name) for name in _CALENDARS})
        rules = tuple(_rules(before, after))
        return await self._at_goals(Amendment(before, after, (), rules), cycle, selection, now)

    async def _at_goals(self, amendment: Amendment, cycle: CycleId, selection: Selection, now: datetime) -> Amendment:
        before, after = amendment.before, amendment.after
        if before is None or after is None:
            return amendment
        goals, dues, misfits, last = 0, [], [], ""
        while page := await self._page(cycle, last):
            for form in page:
                goal = Goal.model_validate(form)
                if not _is_meant(goal, selection):
                    continue
                try:
                    policy = amended(goal.policy, before, after)
                except ValidationError:
                    misfits.append(goal.id)
                    continue
                goals += policy != goal.policy
                due = due_after(goal, policy, goal.calendar.day_of(now))
                if due and goal.task and due != goal.task.due:
                    dues.append(DueChange(goal.id, goal.owner, goal.department, goal.task.due, due))
            last = page[-1]["id"]
        return amendment._replace(goals=goals, dues=tuple(dues), misfits=tuple(misfits))

    async def _page(self, cycle: CycleId, after: str) -> list[dict[str, Any]]:
        async with read_transaction(self._engine) as connection:
            ids = await open_goals(connection, cycle, after, _PAGE)
            return await load_aggregates(connection, ids=ids)


def _is_meant(goal: Goal, selection: Selection) -> bool:
    return selection.is_everybody or goal.department in selection.departments or goal.owner in selection.people


def _places(file: CycleFile) -> object:
    return file.calendar, file.sites, file.span


def _other_cycle(file: CycleFile, cycle: CycleId, before: Policy) -> tuple[Finding, ...]:
    found = []
    for where, said, wanted in (
        ("cycle.id", file.cycle.id, cycle),
        ("cycle.starts", str(file.cycle.starts), str(before.starts)),
    ):
        if said != wanted:
            found.append(refuse("other_cycle", where, wanted=wanted, given=said))
    return tuple(found)


def _rules(before: Policy, after: Policy) -> list[RuleChange]:
    changes = []
    for name in Policy.model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if name == "ladders":
            changes += [
                RuleChange(f"ladders.{kind}", _ladder(old[kind]), _ladder(new[kind]))
                for kind in old
                if old[kind] != new[kind]
            ]
        elif old != new:
            changes.append(RuleChange(name, _said(old), _said(new)))
    return changes


def _ladder(ladder: Ladder) -> Message:
    return message("rule.ladder", days=ladder.due_in, rungs=[_rung(rung) for rung in ladder.rungs])


def _rung(rung: Rung) -> Message:
    when = "rule.rung_on_day" if rung.days == 0 else "rule.rung_after" if rung.days > 0 else "rule.rung_before"
    return message(when, days=abs(rung.days), act=rung.act)


def _said(value: object) -> Message:
    match value:
        case bool():
            return message("rule.yes" if value else "rule.no")
        case () | {}:
            return message("rule.none")
        case tuple() | dict():
            return message("rule.several", values=[_plain(one) for one in value])
        case BusinessCalendar():
            hours = {"opens": f"{value.opens:%H:%M}", "closes": f"{value.closes:%H:%M}"}
            return message("rule.calendar", zone=value.timezone, **hours, n=len(value.days_off))
        case date():
            return message("rule.day", day=value)
    return message("rule.value", value=str(value))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
