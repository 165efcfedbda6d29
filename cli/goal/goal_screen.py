"""What `goal list` and `goal show` print."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from cli.session.callers import caller_for
from cli.session.output import print_json, print_line, print_table
from cli.session.session import Reading, Terminal, reading, run, terminal
from domain.goal import scoring
from domain.goal.goal import Goal
from domain.policy.calendar import BusinessCalendar
from domain.reasons import AWAY
from domain.values import GoalId, percent
from domain.writing.content import NumericMeasure, QualitativeMeasure, Step
from service.goal_documents import GoalFilter, GoalList, GoalPage, ListedGoal, Names, is_overdue
from texts.dates import moment_text
from texts.wording import (
    event_name,
    facts,
    outcome_name,
    person,
    person_then,
    state_name,
    task_name,
    visible,
)
from texts.words import reason_text

_THEME = 40


def show_list(wanted: GoalFilter, viewer: str | None, *, as_json: bool) -> None:
    async def work(session: Reading) -> None:
        found = await session.goals.list_goals(caller_for(viewer), wanted)
        if as_json:
            print_json(found)
        else:
            _print_list(found, session.terminal)

    run(terminal(as_json), reading, work, (wanted.department,))


def _print_list(found: GoalList, to: Terminal) -> None:
    if not found.goals:
        to.tell("screen.goal.none")
        return
    print_table(to.heads("screen.goal.list_heads"), [_row(line, to) for line in found.goals])
    if found.next:
        to.tell("screen.goal.more", after=found.next)


def _row(line: ListedGoal, to: Terminal) -> tuple[str | int, ...]:
    waits = task_name(line.task.kind, to.locale) if line.task else ""
    if line.outcome:
        waits = outcome_name(line.outcome, to.locale)
    return (
        line.goal, visible(line.owner_name) + (f" +{len(line.shared_with)}" if line.shared_with else ""), line.department, state_mark(line.state, to, paused=line.paused, gone=line.gone), line.revision,
        waits, due_mark(line, to), f"{line.score:f}",
        visible(line.theme, _THEME),
    )  # fmt: skip


def department_of(goal: Goal, to: Terminal) -> str:
    """The goal's department, with a mark where it is that of an additional post of the owner."""
    return goal.department + (to.text("screen.goal.additional") if goal.additional else "")


def state_mark(state: str, to: Terminal, *, paused: bool, gone: bool = False) -> str:
    """The state, whether the goal is paused, and whether its owner has left."""
    marks = [to.text("screen.goal.paused")] * paused + [to.text("screen.goal.gone")] * gone
    return state_name(state, to.locale) + "".join(marks)


def due_mark(line: ListedGoal, to: Terminal) -> str:
    """The deadline, and whether it has passed; nothing for a paused goal, whose deadline moves when it is resumed."""
    if line.due_at is None or line.paused:
        return ""
    return moment_text(line.due_at, line.time_zone) + (to.text("screen.goal.overdue") if line.overdue else "")


def show_goal(goal_id: str, viewer: str | None, *, as_json: bool) -> None:
    async def work(session: Reading) -> None:
        page = await session.goals.look(caller_for(viewer), GoalId(goal_id))
        if as_json:
            print_json(page.document())
            return
        for line in _lines(page.goal, page.names, session.terminal):
            print_line(line)
        _print_steps(page, session.terminal)
        _print_ledger(page, session.terminal)

    run(terminal(as_json), reading, work)


def _lines(goal: Goal, names: Names, to: Terminal) -> Iterator[str]:
    state = state_mark(goal.state, to, paused=goal.is_paused)
    outcome = f" — {outcome_name(goal.outcome, to.locale)}" if goal.outcome else ""
    terms, owner = scoring.terms(goal), person(goal.owner, names)
    yield f"{goal.id}  {visible(goal.content.theme)}"
    yield to.text("screen.goal.owner", owner=owner, department=department_of(goal, to))
    yield from sharing_lines(goal, names, to)
    yield from leaving_lines(goal, to)
    if goal.stages or goal.joint:
        approvers = [" + ".join(person(one, names) for one in people) for people in goal.approvers_in_order()]
        yield to.text("screen.goal.evaluators", people=" → ".join(approvers))
    if goal.part_hr:
        yield to.text("screen.goal.part_hr", people=", ".join(person(one, names) for one in goal.part_hr))
    yield to.text("screen.goal.state", state=state, outcome=outcome, revision=goal.revision, seq=goal.seq)
    if goal.paused_on is not None:
        reason = AWAY if goal.pause_reason is None else goal.pause_reason
        yield to.text("screen.goal.paused_since", day=goal.paused_on, reason=visible(reason_text(reason, to.locale)))
    if goal.content.parent:
        yield to.text("screen.goal.parent") + goal.content.parent
    if goal.carried_from:
        yield to.text("screen.goal.carried_from") + goal.carried_from
    if goal.handed_from:
        yield to.text("screen.goal.handed_from") + goal.handed_from
    if goal.handed_to:
        yield to.text("screen.goal.handed_to") + goal.handed_to
    if goal.content.challenge:
        heard = f" ({', '.join(goal.content.answers)})" if goal.content.answers else ""
        yield to.text("screen.goal.challenge") + visible(goal.content.challenge) + heard
    yield from measure_lines(goal, to)
    yield from _task_line(goal, names, to)
    yield to.text(
        "screen.goal.score_weighted" if goal.policy.weighted else "screen.goal.score",
        score=scoring.score(goal),
        weight=goal.content.weight,
        banked=terms.banked,
        steps=terms.steps,
        measure=terms.measure,
        bonus=terms.bonus,
    )
    if goal.adjusted:
        final = scoring.calibrated(goal)
        yield to.text("screen.goal.adjusted", adjusted=f"{goal.adjusted:+f}", final=final)


def sharing_lines(goal: Goal, names: Names, to: Terminal) -> Iterator[str]:
    """Of a shared goal: everybody's share, and their points. Who contributes no more has points without a share."""
    for one, credit in (goal.credited or {}).items():
        share = f"{goal.shares[one]} %" if one in goal.shares else "-"
        yield to.text("screen.goal.share", person=person(one, names), share=share, points=f"{credit.final:f}")


def leaving_lines(goal: Goal, to: Terminal) -> Iterator[str]:
    """That the owner has left, or when they leave; and whether the verdict closes the goal."""
    if goal.is_closed and not goal.gone:
        return
    if goal.gone_on is not None:
        yield to.text("screen.goal.gone_on", day=goal.gone_on)
    elif goal.leaves is not None:
        yield to.text("screen.goal.leaves", day=goal.leaves)
    if not goal.is_closed and goal.last_review_on is not None:
        yield to.text("screen.goal.last_review", day=goal.last_review_on)


def measure_lines(goal: Goal, to: Terminal) -> Iterator[str]:
    """The measure with its target and how much of it is reached."""
    reached = to.text(
        "screen.goal.reached", reached=percent(scoring.attainment(goal)), confirmed=percent(goal.attained)
    )
    match goal.content.measure:
        case NumericMeasure() as measure:
            now = "-" if goal.value is None else f"{goal.value:f}"
            start = "-" if measure.baseline is None else f"{measure.baseline:f}"
            way = to.text("screen.goal.way", start=start, target=f"{measure.target:f}", unit=measure.unit, now=now)
            yield to.text("screen.goal.measure") + visible(f"{measure.name}: {way} ({reached})")
        case QualitativeMeasure() as measure:
            yield to.text("screen.goal.measure") + visible(f"{measure.name} ({reached})")
            yield f"        {visible(measure.success_image)}"
            for n, criterion in enumerate(measure.criteria):
                yield f"        {n + 1}: {_mark(n in goal.met)} {visible(criterion)}"
        case None:
            yield to.text("screen.goal.no_measure")


def _task_line(goal: Goal, names: Names, to: Terminal) -> Iterator[str]:
    if goal.task is None:
        return
    parts = [part.assignees for part in goal.task.parts if part.is_awaited] or [goal.task.assignees]
    people = " + ".join(", ".join(person(one, names) for one in assignees) for assignees in parts)
    yield to.text("screen.goal.task", task=task_name(goal.task.kind, to.locale), people=people, due=_due(goal, to))
    if agreed := [person(part.agreed, names) for part in goal.task.parts if part.agreed]:
        yield to.text("screen.goal.agreed", people=", ".join(dict.fromkeys(agreed)))


def _due(goal: Goal, to: Terminal) -> str:
    if goal.due_at is None or goal.is_paused:
        return to.text("screen.goal.due_after_resume")
    overdue = is_overdue(goal.due_at, datetime.now(UTC), paused=goal.is_paused)
    return moment_text(goal.due_at, goal.task_zone) + (to.text("screen.goal.overdue") if overdue else "")


def _mark(done: bool) -> str:
    return "[x]" if done else "[ ]"


def _print_steps(page: GoalPage, to: Terminal) -> None:
    goal = page.goal
    rows: Iterable[tuple[str | int, ...]] = [
        (
            f"{n + 1}:", _mark(n in goal.done), step_title(step, page.names),
            step_day(step.due, goal.calendar, to), step.points,
        )
        for n, step in enumerate(goal.content.steps)
    ]  # fmt: skip
    if goal.content.steps:
        print_line("")
        print_table(to.heads("screen.goal.step_heads"), rows)


def step_title(step: Step, names: Names) -> str:
    """The title, with the contributor who does the step."""
    return visible(step.title) + (f" [{person(step.by, names)}]" if step.by else "")


def step_day(due: date, calendar: BusinessCalendar, to: Terminal) -> str:
    """The day of a step, and the working day that ends it if that is another one."""
    if calendar.is_business_day(due):
        return due.isoformat()
    return to.text("screen.goal.day_off", day=due.isoformat(), moved=calendar.on_or_after(due).isoformat())


def _print_ledger(page: GoalPage, to: Terminal) -> None:
    zone = page.goal.policy.calendar.timezone
    rows = [
        (
            line.event["seq"],
            moment_text(line.event["at"], zone),
            event_name(line.kind, to.locale),
            person_then(line.event["actor"], line.event["at"], page.names_then),
            facts(line.event["body"], to.locale, zone),
        )
        for line in page.ledger
    ]
    print_line("")
    print_table(to.heads("screen.goal.ledger_heads"), rows)
