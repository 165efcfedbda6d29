"""`meguri goal review`: calling a review, looking back, and deciding."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.session.choices import Choice
from cli.session.help import Commands
from cli.session.options import (
    ActingFor,
    Actor,
    AsJson,
    CommandId,
    CommandOptions,
    Comment,
    GoalArgument,
    Reason,
    Seen,
    Viewer,
)

review = Commands()


class Verdict(StrEnum):
    CONTINUE = "continue"
    ACHIEVED = "achieved"
    UNREALISTIC = "unrealistic"


class Next(StrEnum):
    CONTINUE = "continue"
    RESET = "reset"
    CLOSE = "close"


VERDICT = Choice("verdict", Verdict)


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
    """Ask for a review before its date. The later reviews keep their dates."""
    from cli.goal.giving import give

    give(goal_id, "call_review", CommandOptions(actor, acting_for, command_id), {"reason": reason}, as_json=as_json)


@review.command("self")
def self_review(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    went_well: Annotated[str, typer.Option("--went-well", help="help.option.went_well")],
    progress: Annotated[str | None, typer.Option("--progress", help="help.option.self_progress")] = None,
    cause: Annotated[list[str] | None, typer.Option("--cause", help="help.option.cause")] = None,
    causes: Annotated[str | None, typer.Option("--causes", help="help.option.causes")] = None,
    to_improve: Annotated[str | None, typer.Option("--to-improve", help="help.option.to_improve")] = None,
    proposed: Annotated[
        Verdict, typer.Option("--proposed", parser=VERDICT, metavar="VERDICT", help="help.option.proposed")
    ] = Verdict.CONTINUE,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: write the self-review, for the reviewer."""
    from cli.goal.giving import give
    from texts.words import value_of

    fields = {
        "progress": progress,
        "went_well": went_well,
        "cause_kinds": tuple(value_of("cause", one) or one for one in cause or ()) or None,
        "causes": causes,
        "to_improve": to_improve,
        "proposed": proposed.value,
    }
    give(goal_id, "submit_self_review", CommandOptions(actor, acting_for, command_id), fields, as_json=as_json)


@review.command("form")
def form(
    goal_id: GoalArgument,
    *,
    new_target: Annotated[
        str | None,
        typer.Option("--target", metavar="NUMBER", help="help.option.form_target"),
    ] = None,
    new_weight: Annotated[
        str | None, typer.Option("--weight", metavar="NUMBER", help="help.option.form_weight")
    ] = None,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """Show the review form: progress, the self-review, causes to choose from, and the effect of a reset."""
    from cli.goal.review_form import show

    show(goal_id, new_target, new_weight, viewer, as_json=as_json)


@review.command("decide")
def decide_review(
    goal_id: GoalArgument,
    verdict: Annotated[
        Verdict,
        typer.Argument(parser=VERDICT, metavar="VERDICT", help="help.option.verdict"),
    ],
    *,
    actor: Actor,
    seen: Seen = None,
    then: Annotated[
        Next | None, typer.Option("--then", parser=Choice("next", Next), metavar="NEXT", help="help.option.then")
    ] = None,
    comment: Comment = None,
    praise: Annotated[str | None, typer.Option("--praise", help="help.option.praise")] = None,
    bonus: Annotated[int, typer.Option("--bonus", min=0, help="help.option.bonus")] = 0,
    new_weight: Annotated[
        str | None, typer.Option("--weight", metavar="NUMBER", help="help.option.next_weight")
    ] = None,
    new_target: Annotated[
        str | None, typer.Option("--target", metavar="NUMBER", help="help.option.next_target")
    ] = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Reviewer: give the verdict on what you saw. Without --seen, the goal is shown, and you are asked."""
    from cli.goal.giving import decide

    fields = {
        "verdict": verdict.value,
        "then": then and then.value,
        "comment": comment,
        "praise": praise,
        "bonus": bonus,
        "new_weight": new_weight,
        "new_target": new_target,
    }
    decide(goal_id, CommandOptions(actor, acting_for, command_id), fields, seen=seen, as_json=as_json)
