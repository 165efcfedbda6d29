"""`meguri cycle scores` and `meguri goal adjust`: what people reached, how it is spread, and its calibration (甘辛調整)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.options import ActingFor, Actor, AsJson, CommandId, GoalArgument, Reason, Who
from cli.session.output import print_json, print_table
from cli.session.session import Reading, Terminal, reading, run, terminal

if TYPE_CHECKING:
    from domain.results.calibration import Result, Spread


class By(StrEnum):
    PERSON = "person"
    REVIEWER = "reviewer"
    DEPARTMENT = "department"


def scores(
    cycle_id: Annotated[str, typer.Argument(metavar="CYCLE")],
    by: Annotated[
        By, typer.Option("--by", help="person, or how they are spread by reviewer or department")
    ] = By.PERSON,
    *,
    actor: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="who looks: HR")],
    department: Annotated[str | None, typer.Option("--department", help="of one department")] = None,
    as_json: AsJson = False,
) -> None:
    """HR: show the scores of a cycle, by person, or their distribution by reviewer or department."""

    async def work(session: Reading) -> None:
        from domain.access import Action
        from domain.results import calibration
        from domain.values import CycleId
        from service.projection import goals_of_cycle
        from service.relations import require_hr
        from storage.database import read_transaction

        async with read_transaction(session.engine) as connection:
            await require_hr(connection, caller_for(actor), Action.SEE_RESULTS, cycle_id)
            goals = await goals_of_cycle(connection, CycleId(cycle_id), department=department)
        results = calibration.results_of(goals)
        if by is By.PERSON:
            await _print_people(session, results)
            return
        spreads = (calibration.by_reviewer if by is By.REVIEWER else calibration.by_department)(results)
        await _print_spreads(session, spreads, calibration.overall(results))

    run(terminal(as_json), reading, work)


async def _print_people(session: Reading, results: "Sequence[Result]") -> None:
    from cli.session.wording import person

    to = session.terminal
    if to.as_json:
        print_json({"people": [one._asdict() | {"final": one.final} for one in results]})
        return
    names = await session.names({one.person for one in results})
    rows = [
        (person(one.person, names), one.department, one.goals, f"{one.score:f}", f"{one.adjusted:+f}", f"{one.final:f}")
        for one in results
    ]
    print_table(to.heads("screen.scores.heads"), rows)


async def _print_spreads(session: Reading, spreads: "Sequence[Spread]", overall: "Spread | None") -> None:
    from cli.session.wording import person

    to = session.terminal
    if to.as_json:
        print_json({"spreads": [one._asdict() for one in spreads], "overall": overall and overall._asdict()})
        return
    names = await session.names({one.name for one in spreads})
    rows = [_row(one, person(one.name, names)) for one in spreads]
    if overall:
        rows.append(_row(overall, to.text("screen.scores.all")))
    print_table(to.heads("screen.scores.spread_heads"), rows)
    _explain_buckets(to)


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
    points: Annotated[str, typer.Option("--points", metavar="NUMBER", help="to add; 0: looked at")],
    reason: Reason,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """HR: calibrate a closed goal's score by points; the score itself stays beside it."""
    from cli.goal.giving import give

    fields = {"points": points, "reason": reason}
    give(goal_id, "adjust", Who(actor, acting_for, command_id), fields, as_json=as_json)


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

    give(goal_id, "mark_exemplar", Who(actor, acting_for, command_id), {"reason": reason}, as_json=as_json)
