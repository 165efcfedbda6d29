"""`meguri cycle scores` and `meguri goal adjust`: what people reached, how it is spread, and its calibration (甘辛調整)."""

from collections.abc import AsyncIterator, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.choices import Choice
from cli.session.options import ActingFor, Actor, AsJson, CommandId, CommandOptions, GoalArgument, Reason
from cli.session.output import json_line, print_json, print_part, print_table
from cli.session.session import Reading, Terminal, reading, run, terminal

if TYPE_CHECKING:
    from domain.results.calibration import Spread
    from service.results import Distribution, PersonScore, PersonScores


class By(StrEnum):
    PERSON = "person"
    REVIEWER = "reviewer"
    DEPARTMENT = "department"


def scores(
    cycle_id: Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.cycle")],
    by: Annotated[
        By, typer.Option("--by", parser=Choice("grouping", By), metavar="BY", help="help.option.by")
    ] = By.PERSON,
    *,
    actor: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="help.option.scores_actor")],
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="help.option.limit")] = 100,
    after: Annotated[str, typer.Option("--after", metavar="EMPLOYEE", help="help.option.after")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="help.option.everybody")] = False,
    as_json: AsJson = False,
) -> None:
    """HR: show the scores of a cycle by person, or their distribution by reviewer or department."""

    async def work(session: Reading) -> None:
        from cli.session.callers import caller_for
        from domain.values import CycleId
        from service.results import Grouping, Results

        results, caller, one = Results(session.engine), caller_for(actor), CycleId(cycle_id)
        if by is not By.PERSON:
            found = await results.distribution(caller, one, Grouping(by), department, after=after, limit=limit)
            _print_spreads(*found, session.terminal)
        elif everybody:
            await _print_everybody(results.stream_scores(caller, one, department), session.terminal)
        else:
            _print_people(*await results.scores(caller, one, department, after=after, limit=limit), session.terminal)

    run(terminal(as_json), reading, work, (department,))


async def _print_everybody(
    pages: "AsyncIterator[tuple[tuple[PersonScore, ...], dict[str, str]]]", to: Terminal
) -> None:
    """Page after page, of which one is in memory: as a table each, or as one JSON document."""
    if not to.as_json:
        async for people, names in pages:
            _print_table(people, names, to)
        return
    comma = '{"people": [\n'
    async for people, _ in pages:
        for one in people:
            print_part(comma + json_line(one, "people"))
            comma = ",\n"
    print_part((comma if comma.startswith("{") else "\n") + '], "next": null}\n')


def _print_people(scores: "PersonScores", names: dict[str, str], to: Terminal) -> None:
    if to.as_json:
        print_json(scores)
        return
    _print_table(scores.people, names, to)
    if scores.next:
        to.tell("screen.goal.more", after=scores.next)


def _print_table(people: "Iterable[PersonScore]", names: dict[str, str], to: Terminal) -> None:
    from texts.wording import person

    people = tuple(people)
    rows = [
        (person(one.person, names), one.department, one.goals, f"{one.score:f}", f"{one.adjusted:+f}", f"{one.final:f}",
         _at_work(one))
        for one in people
    ]  # fmt: skip
    if all(one.share_at_work is None for one in people):
        print_table(to.heads("screen.scores.heads"), [row[:-1] for row in rows])
    else:
        print_table(to.heads("screen.scores.heads_at_work"), rows)


def _at_work(one: "PersonScore") -> str:
    """As `62.30 % (38/61)`: business days at work, and those of the cycle."""
    if one.share_at_work is None:
        return ""
    days = "" if one.days_at_work is None else f" ({one.days_at_work}/{one.days_of_cycle})"
    return f"{one.share_at_work * 100:.2f} %{days}"


def _print_spreads(distribution: "Distribution", names: dict[str, str], to: Terminal) -> None:
    from texts.wording import person

    if to.as_json:
        spreads, overall = distribution.spreads, distribution.overall
        shown = {"spreads": [one._asdict() for one in spreads], "overall": overall and overall._asdict()}
        print_json(shown | {"next": distribution.next, "by_time_at_work": distribution.by_time_at_work})
        return
    rows = [_row(one, person(one.name, names)) for one in distribution.spreads]
    if distribution.overall:
        rows.append(_row(distribution.overall, to.text("screen.scores.all")))
    print_table(to.heads("screen.scores.spread_heads"), rows)
    _explain_buckets(to)
    if distribution.by_time_at_work:
        to.tell("screen.scores.by_time_at_work")
    if distribution.next:
        to.tell("screen.goal.more", after=distribution.next)


def _row(one: "Spread", name: str) -> tuple[str | int, ...]:
    points = (f"{value:f}" for value in (one.lowest, one.median, one.mean, one.highest))
    return (name, one.people, *points, " ".join(str(count) if count else "." for count in one.counts))


def _explain_buckets(to: Terminal) -> None:
    from domain.results.calibration import BUCKET, BUCKETS

    last = BUCKET * (BUCKETS - 1)
    to.tell("screen.scores.distribution", bucket=BUCKET, last=last)


def adjust(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    points: Annotated[str, typer.Option("--points", metavar="NUMBER", help="help.option.points")],
    reason: Reason,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """HR: calibrate a closed goal's score by points. The score itself stays beside it."""
    from cli.goal.giving import give

    fields = {"points": points, "reason": reason}
    give(goal_id, "adjust", CommandOptions(actor, acting_for, command_id), fields, as_json=as_json)


def exemplar(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    reason: Reason,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Reviewer, HR: show a closed goal to the company, without names, as an example to follow."""
    from cli.goal.giving import give

    give(goal_id, "mark_exemplar", CommandOptions(actor, acting_for, command_id), {"reason": reason}, as_json=as_json)
