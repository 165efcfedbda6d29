"""New rules for a running cycle: compares a changed cycle file with the rules of the cycle, before anything is changed."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from domain.access import Action, Caller
from domain.cycle.amendments import check_amendment
from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding, refuse, refuses
from domain.goal.alarms import AlarmKind, due_alarms
from domain.goal.goal import Goal, Outcome
from domain.goal.steering import due_after, end_outcome
from domain.instructions.instructions import Amend, Selection, amended, part_hr_after
from domain.messages import Message, message
from domain.people.organisation import DIRECTORY_ZONE, Organisation
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import HrOfPart, Ladder, Leavers, Policy, Rung
from domain.values import CycleId, EmployeeId, GoalId
from service.calendars import freeze
from service.cycle_lookup import require_cycle
from service.relations import require_hr_of
from storage.cycles import Cycle
from storage.database import read_transaction
from storage.departments import names_meant
from storage.goals import load_aggregates, open_goals
from storage.people import load_organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_PAGE = 500  # goals that are read at once
_CALENDARS = ("calendar", "sites")


class RuleChange(NamedTuple):
    """A rule, by its key in the cycle file, before and after the change; the values are messages."""

    rule: str
    before: Message
    after: Message


class DueChange(NamedTuple):
    """An open task whose due date would change."""

    goal: GoalId
    owner: EmployeeId
    department: str
    before: date
    after: date


class EndingGoal(NamedTuple):
    """A goal that would end at once, and how: `settled` or `lapsed`."""

    goal: GoalId
    owner: EmployeeId
    department: str
    outcome: Outcome


class HrChange(NamedTuple):
    """A goal that would ask other HR of its owner's part of the company; nobody: HR of the cycle."""

    goal: GoalId
    owner: EmployeeId
    department: str
    before: tuple[EmployeeId, ...]
    after: tuple[EmployeeId, ...]


class Amendment(NamedTuple):
    """What the file would change: the rules, the number of goals whose rules change, and the due dates.

    `ending` are the goals that would end at once, `reviews_now` those whose review would open at once.

    `hr` are the goals that would have other HR of their owner's part.

    `misfits` are the goals for which the new rules would be invalid. Without `after`, the findings say why.
    """

    before: Policy | None
    after: Policy | None
    findings: tuple[Finding, ...]
    rules: tuple[RuleChange, ...] = ()
    goals: int = 0
    dues: tuple[DueChange, ...] = ()
    misfits: tuple[GoalId, ...] = ()
    ending: tuple[EndingGoal, ...] = ()
    reviews_now: tuple[GoalId, ...] = ()
    hr: tuple[HrChange, ...] = ()

    def instruction(self, selection: Selection, reason: str) -> Amend:
        """The instruction that makes the change. Raises `ValueError` if the comparison found errors."""
        if self.before is None or self.after is None:
            raise ValueError("rules are amended only after a comparison without errors")
        return Amend(selection=selection, reason=reason, before=self.before, after=self.after)


class Amending:
    """Compares rules and changes nothing. The change itself is an instruction (`Amendment.instruction`)."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def compare(
        self,
        caller: Caller,
        cycle: CycleId,
        data: bytes,
        selection: Selection,
        *,
        now: datetime,
        starts: date | None = None,
    ) -> Amendment:
        """Compares the file with the current rules of the cycle. The cycle's id and first day must be the same.

        `starts` moves all dates of the file, as at the launch. Raises a `Refusal` for an unknown cycle and for a caller who
        is not its HR.
        """
        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
            await require_hr_of(connection, caller, Action.STEER_CYCLE, row.rules.hr)
            organisation = await load_organisation(connection, as_of=now.astimezone(DIRECTORY_ZONE).date())
            amendment = _compare(row, data, starts, organisation, now)
            return await _at_goals(connection, amendment, cycle, selection, now, organisation)


def _compare(row: Cycle, data: bytes, starts: date | None, organisation: Organisation, now: datetime) -> Amendment:
    """Compares the rules of the file with those of the cycle. A finding that refuses leaves the comparison without `after`."""
    before, file = row.rules, read_cycle_file(data)
    if not isinstance(file, CycleFile):
        return Amendment(before, None, file)
    file = file.moved_to(starts) if starts else file
    if other := _other_cycle(file, row.id, before):
        return Amendment(before, None, other)
    findings = check_amendment(file, row.file, before, organisation, before.calendar.day_of(now))
    if refuses(findings):
        return Amendment(before, None, findings)
    after = freeze(file)
    if not isinstance(after, Policy):
        return Amendment(before, None, after)
    if _calendar_sections(file) == _calendar_sections(row.file):  # a newer list of holidays does not change the rules
        after = after.model_copy(update={name: getattr(before, name) for name in _CALENDARS})
    return Amendment(before, after, findings, tuple(_rules(before, after)))


async def _at_goals(  # noqa: PLR0917 - all of them are of the one amendment
    connection: "AsyncConnection",
    amendment: Amendment,
    cycle: CycleId,
    selection: Selection,
    now: datetime,
    organisation: Organisation,
) -> Amendment:
    """The amendment with its effects on the open goals of the selection."""
    before, after = amendment.before, amendment.after
    if before is None or after is None:
        return amendment
    selection = selection.model_copy(update={"departments": await names_meant(connection, *selection.departments)})
    goals, dues, misfits, last = 0, [], [], ""
    ending: list[EndingGoal] = []
    reviews: list[GoalId] = []
    asked_hr: list[HrChange] = []
    while page := await _page(connection, cycle, last):
        for form in page:
            goal = Goal.model_validate(form)
            if not _is_selected(goal, selection):
                continue
            try:
                policy = amended(goal.policy, before, after)
            except ValidationError:
                misfits.append(goal.id)
                continue
            hr = part_hr_after(goal, policy, organisation)
            if hr not in (None, goal.part_hr):
                asked_hr.append(HrChange(goal.id, goal.owner, goal.department, goal.part_hr, hr or ()))
            goals += policy != goal.policy
            due = due_after(goal, policy, goal.calendar.day_of(now))
            if due and goal.task and due != goal.task.due:
                dues.append(DueChange(goal.id, goal.owner, goal.department, goal.task.due, due))
            match rings_now(goal, policy, now):
                case AlarmKind.END:
                    ending.append(EndingGoal(goal.id, goal.owner, goal.department, end_outcome(goal)))
                case AlarmKind.REVIEW | AlarmKind.LEAVING:
                    reviews.append(goal.id)
        last = page[-1]["id"]
    return amendment._replace(
        goals=goals,
        dues=tuple(dues),
        misfits=tuple(misfits),
        ending=tuple(ending),
        reviews_now=tuple(reviews),
        hr=tuple(asked_hr),
    )


def rings_now(goal: Goal, policy: Policy, now: datetime) -> AlarmKind | None:
    """The kind of the alarm that rings at once under the new policy, if it would not ring under the present one."""
    anyway = {alarm.kind for alarm in due_alarms(goal, now)}
    due = due_alarms(goal.model_copy(update={"policy": policy}), now)
    return next((alarm.kind for alarm in due if alarm.kind not in anyway), None)


async def _page(connection: "AsyncConnection", cycle: CycleId, after: str) -> list[dict[str, Any]]:
    return await load_aggregates(connection, ids=await open_goals(connection, cycle, after, _PAGE))


def _is_selected(goal: Goal, selection: Selection) -> bool:
    return selection.is_everybody or goal.department in selection.departments or goal.owner in selection.people


def _calendar_sections(file: CycleFile) -> object:
    return file.calendar, file.sites, file.span


def _other_cycle(file: CycleFile, cycle: CycleId, before: Policy) -> tuple[Finding, ...]:
    found = []
    for where, given, expected in (
        ("cycle.id", file.cycle.id, cycle),
        ("cycle.starts", str(file.cycle.starts), str(before.starts)),
    ):
        if given != expected:
            found.append(refuse("other_cycle", where, wanted=expected, given=given))
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
            changes.append(RuleChange(name, _value(old), _value(new)))
    return changes


def _ladder(ladder: Ladder) -> Message:
    return message("rule.ladder", days=ladder.due_in, rungs=[_rung(rung) for rung in ladder.rungs])


def _rung(rung: Rung) -> Message:
    when = "rule.rung_on_day" if rung.days == 0 else "rule.rung_after" if rung.days > 0 else "rule.rung_before"
    return message(when, days=abs(rung.days), act=rung.act)


_WORDS: dict[bool | Leavers, str] = {
    True: "rule.yes",
    False: "rule.no",
    Leavers.SETTLE: "rule.leavers_settle",
    Leavers.VERDICT: "rule.leavers_verdict",
    Leavers.KEEP: "rule.leavers_keep",
}


def _value(value: object) -> Message:
    match value:
        case bool() | Leavers():
            return message(_WORDS[value])
        case () | {}:
            return message("rule.none")
        case tuple() | dict():
            return message("rule.several", values=[_text(one) for one in value])
        case BusinessCalendar():
            hours = {"opens": f"{value.opens:%H:%M}", "closes": f"{value.closes:%H:%M}"}
            calendar = message("rule.calendar", zone=value.timezone, **hours, n=len(value.days_off))
            return _with_single_days(calendar, value)
        case date():
            return message("rule.day", day=value)
    return message("rule.value", value=str(value))


def _with_single_days(calendar: Message, value: BusinessCalendar) -> Message:
    """The calendar with its working days on weekends and its short days, where it has some."""
    if not value.working_days and not value.short_days:
        return calendar
    short = [f"{day} {closes:%H:%M}" for day, closes in value.short_days.items()]
    return message("rule.calendar_days", calendar=calendar, working=value.working_days or "-", short=short or "-")


def _text(value: object) -> str:
    if isinstance(value, HrOfPart):
        return f"{value.name}: {', '.join(value.people)}"
    return value.isoformat() if isinstance(value, date) else str(value)
