"""`meguri goal handover`: another owner goes on with a goal; what was earned stays. The effect is shown first."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.options import ActingFor, Actor, AsJson, CommandId, GoalArgument, Reason
from cli.session.output import print_json, print_line
from cli.session.session import Acting, acting, run, terminal

if TYPE_CHECKING:
    from cli.session.session import Terminal
    from service.handing_over import HandoverPreview


def handover(
    goal_id: GoalArgument,
    *,
    to: Annotated[str, typer.Option("--to", metavar="EMPLOYEE", help="help.option.hand_over_to")],
    actor: Actor,
    reason: Reason,
    weight: Annotated[
        str | None, typer.Option("--weight", metavar="NUMBER", help="help.option.hand_over_weight")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="help.option.apply")] = False,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Manager of the line or HR: show what handing the goal over to another owner would do.

    With --apply, hand it over.
    """

    async def work(session: Acting) -> None:
        from cli.goal.giving import print_given
        from domain.values import GoalId
        from service.handing_over import HandingOver

        caller, goal, screen = caller_for(actor), GoalId(goal_id), session.terminal
        service = HandingOver(session.engine, session.temporal)
        if not apply:
            _show(await service.preview(caller, goal, request), screen)
            return
        given = await service.hand_over(caller, goal, request, command_id)
        if as_json:
            print_json(given)
        else:
            screen.tell("screen.hand_over.done", goal=goal)
            print_given(given, screen)

    from domain.values import EmployeeId
    from service.handing_over import HandoverRequest

    request = HandoverRequest(EmployeeId(to), reason, weight, acting_for)
    run(terminal(as_json), acting, work)


def _show(preview: "HandoverPreview", to: "Terminal") -> None:
    if to.as_json:
        print_json(preview)
        return
    for line in _lines(preview, to):
        print_line(line)
    to.tell("screen.hand_over.shown_only")


def _lines(preview: "HandoverPreview", to: "Terminal") -> Iterator[str]:
    from texts.wording import person

    names = preview.names
    yield to.text("screen.hand_over.stays", goal=preview.goal, owner=person(preview.owner, names), score=preview.score)
    if preview.unreviewed:
        yield to.text("screen.hand_over.unreviewed", points=preview.unreviewed)
    yield to.text("screen.hand_over.goes_on", goal=preview.successor, person=person(preview.to, names))
    yield to.text(
        "screen.hand_over.content", steps=preview.step_count, weight=preview.weight, taken=preview.running_weight
    )
    if preview.baseline is not None:
        yield to.text("screen.hand_over.baseline", value=preview.baseline)
    if preview.approvers:
        approvers = " + ".join(person(one, names) for one in preview.approvers)
        yield to.text("screen.hand_over.approver", person=approvers)
    if preview.away:
        yield to.text("screen.hand_over.away", person=person(preview.to, names))
    if preview.follows:
        yield to.text("screen.hand_over.follows", goals=", ".join(preview.follows))
