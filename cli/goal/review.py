"""`meguri goal review`: calling a review, looking back, and deciding."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.session.options import ActingFor, Actor, AsJson, CommandId, Comment, GoalArgument, Reason, Seen, Viewer, Who

review = typer.Typer(no_args_is_help=True, help="Reviews: call one early, look back, decide.")


class Verdict(StrEnum):
    CONTINUE = "continue"
    ACHIEVED = "achieved"
    UNREALISTIC = "unrealistic"


class Next(StrEnum):
    CONTINUE = "continue"
    RESET = "reset"
    CLOSE = "close"


@review.command("call")
def call_review(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    reason: Reason,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a review before its date; the later ones stay where they are."""
    from cli.goal.giving import give

    give(goal_id, "call_review", Who(actor, acting_for, command_id), {"reason": reason}, as_json=as_json)


@review.command("self")
def self_review(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    went_well: Annotated[str, typer.Option("--went-well", help="what went well")],
    progress: Annotated[str | None, typer.Option("--progress", help="how far it is, in words")] = None,
    cause: Annotated[list[str] | None, typer.Option("--cause", help="of the list in `review form`; repeat")] = None,
    causes: Annotated[str | None, typer.Option("--causes", help="why it went as it did")] = None,
    to_improve: Annotated[str | None, typer.Option("--to-improve", help="what to do better")] = None,
    proposed: Annotated[Verdict, typer.Option("--proposed", help="the verdict that you propose")] = Verdict.CONTINUE,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: look back, for the reviewer."""
    from cli.goal.giving import give

    fields = {
        "progress": progress,
        "went_well": went_well,
        "cause_kinds": tuple(cause or ()) or None,
        "causes": causes,
        "to_improve": to_improve,
        "proposed": proposed.value,
    }
    give(goal_id, "submit_self_review", Who(actor, acting_for, command_id), fields, as_json=as_json)


@review.command("form")
def form(
    goal_id: GoalArgument,
    *,
    new_target: Annotated[
        str | None,
        typer.Option("--target", metavar="NUMBER", help="a reset's new target, to see it beside the old one"),
    ] = None,
    new_weight: Annotated[int | None, typer.Option("--weight", min=1, max=100, help="a reset's new weight")] = None,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """Show the review form: progress, the self-review, causes to choose from, and what a reset would do."""
    from cli.goal.review_form import show

    show(goal_id, new_target, new_weight, viewer, as_json=as_json)


@review.command("decide")
def decide_review(
    goal_id: GoalArgument,
    verdict: Annotated[
        Verdict,
        typer.Argument(metavar="VERDICT", help="continue, achieved (the goal closes) or unrealistic (it is reset)"),
    ],
    *,
    actor: Actor,
    seen: Seen = None,
    then: Annotated[Next | None, typer.Option("--then", help="what follows, where not the usual")] = None,
    comment: Comment = None,
    praise: Annotated[str | None, typer.Option("--praise", help="what you saw go well")] = None,
    bonus: Annotated[int, typer.Option("--bonus", min=0, help="points for extra initiatives; needs a comment")] = 0,
    new_weight: Annotated[
        int | None, typer.Option("--weight", min=1, max=100, help="percent, of the next revision after a reset")
    ] = None,
    new_target: Annotated[
        str | None, typer.Option("--target", metavar="NUMBER", help="of the next revision after a reset")
    ] = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Reviewer: give the verdict on what was seen. Without --seen, the goal is read and shown first."""
    from cli.goal.giving import give

    fields = {
        "verdict": verdict.value,
        "then": then and then.value,
        "comment": comment,
        "praise": praise,
        "bonus": bonus,
        "new_weight": new_weight,
        "new_target": new_target,
    }
    give(goal_id, "decide_review", Who(actor, acting_for, command_id), fields, seen=seen, as_json=as_json)
