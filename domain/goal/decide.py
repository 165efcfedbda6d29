"""`decide(goal, command, now) -> events`: the events of a command, or a `Refusal` with the reason why it is not allowed."""

from collections.abc import Callable
from datetime import date
from typing import Any

from domain.findings import Level, refuses
from domain.goal import commands, events, scoring
from domain.goal.assignees import asked_first, awaited, signed_parts
from domain.goal.authority import (
    principal,
    require_concerned_with_all,
    require_decider,
    require_owner,
    require_seen,
    require_sharing,
    require_state,
)
from domain.goal.goal import Goal, Outcome
from domain.goal.handing import HANDING
from domain.goal.steering import STEERING, Bodies, next_revision
from domain.goal.working import WORKING
from domain.lifecycle import State
from domain.messages import message
from domain.policy.policy import TaskKind
from domain.reasons import AWAY
from domain.refusals import Code, Refusal, wrong_state
from domain.values import EmployeeId, Moment
from domain.writing import causes
from domain.writing.content import Content, NumericMeasure
from domain.writing.rules import check


def decide(goal: Goal, command: commands.Command, now: Moment) -> tuple[events.Event, ...]:
    """The events of `command` at `now`; none if the goal has already carried out the command with this id.

    Raises a `Refusal` if the rules do not allow the command.
    """
    if command.id == commands.UNSTAMPED:
        raise ValueError(f"`{command.name}` has no id: its id must be the id of the update")
    if command.id in goal.commands:
        return ()
    _refuse_while_paused(goal, command)
    if goal.is_closed and not isinstance(command, ON_CLOSED):
        raise wrong_state(goal.state, *(state for state in State if state is not State.CLOSED))
    bodies = _DECIDERS[type(command)](goal, command, _day(goal, command, now))
    return stamp(goal, bodies, command, now)


def _day(goal: Goal, command: commands.Command, now: Moment) -> date:
    """The day at the owner's site; if the command changes the site, at the new one, so that a repetition decides the same."""
    sites = command.sites if isinstance(command, commands.ChangeLine) else goal.sites
    return goal.policy.calendar_at(sites.get(goal.owner)).day_of(now)


def stamp(goal: Goal, bodies: Bodies, command: commands.Command, now: Moment) -> tuple[events.Event, ...]:
    """The bodies as the next entries of the goal's ledger."""
    return tuple(
        events.Event(
            seq=goal.seq + n,
            revision=goal.revision,
            at=now,
            actor=command.actor,
            acting_for=command.acting_for,
            command=command.id,
            body=body,
        )
        for n, body in enumerate(bodies, start=1)
    )


# --- checks for several commands -------------------------------------------------------------------------------------


# Commands that a paused goal accepts: HR's, and comments.
_WHILE_PAUSED = (
    commands.Resume,
    commands.Comment,
    commands.Close,
    commands.Reassign,
    commands.Delegate,
    commands.EndDelegation,
    commands.Extend,
    commands.AmendPolicy,
    commands.ChangeLine,
    commands.NoteRepair,
    commands.HandOver,
    commands.FollowParent,
)


ON_CLOSED = (commands.Reopen, commands.Adjust, commands.MarkExemplar, commands.EraseTexts, commands.NoteRepair)


def _refuse_while_paused(goal: Goal, command: commands.Command) -> None:
    if isinstance(command, commands.Pause) and not goal.is_paused_by_hr:
        return
    if goal.is_paused and not isinstance(command, _WHILE_PAUSED):
        raise Refusal(Code.PAUSED, reason=AWAY if goal.pause_reason is None else goal.pause_reason)


# --- writing and signing off -----------------------------------------------------------------------------------------


def _revise(goal: Goal, command: commands.Revise, day: date) -> Bodies:
    if principal(goal, command, day) not in goal.hr:
        require_owner(goal, command, day)
    require_state(goal, State.DRAFT)
    _require_written_from(goal, command)
    if command.content == Content() and goal.content != Content():
        raise Refusal(Code.NOTHING_WRITTEN)
    require_sharing(goal.owner, command.content, goal.policy.hr)
    return _revision(goal, command.content)


def _require_written_from(goal: Goal, command: commands.Revise | commands.Submit) -> None:
    """Raises a `Refusal` if somebody changed the goal after the version from which the new content was written."""
    if command.expected_seq is not None:
        require_seen(goal, command.expected_seq)


def _revision(goal: Goal, content: Content) -> Bodies:
    fields = content.changed_fields(goal.content)
    return (events.Revised(content=content, fields=fields),) if fields else ()


def _submit(goal: Goal, command: commands.Submit, day: date) -> Bodies:
    require_owner(goal, command, day)
    require_state(goal, State.DRAFT)
    _require_written_from(goal, command)
    content = command.content or goal.content
    require_sharing(goal.owner, content, goal.policy.hr)
    findings = check(content, goal.policy)
    if refuses(findings):
        refused = [finding for finding in findings if finding.level is Level.REFUSE]
        raise Refusal(
            Code.NOT_READY,
            findings=[message("part.finding", where=one.where, finding=one.message) for one in refused],
            codes=[one.code for one in refused],
        )
    advice = tuple(finding.code for finding in findings)
    return (*_revision(goal, content), events.Submitted(advice=advice))


def _recall(goal: Goal, command: commands.Recall, day: date) -> Bodies:
    require_owner(goal, command, day)
    require_state(goal, State.PENDING_APPROVAL)
    return (events.Recalled(),)


def _withdraw(goal: Goal, command: commands.Withdraw, day: date) -> Bodies:
    require_owner(goal, command, day)
    require_state(goal, State.DRAFT, State.PENDING_APPROVAL)
    return (events.Withdrawn(reason=command.reason),)


def _approve(goal: Goal, command: commands.Approve, day: date) -> Bodies:
    require_state(goal, State.PENDING_APPROVAL)
    if goal.task and goal.task.parts and command.acting_for is None:  # who has agreed is no assignee any more
        _require_not_signed(goal, command.actor)
    require_decider(goal, command, day)
    require_seen(goal, command.expected_seq)
    who = principal(goal, command, day)
    _require_not_signed(goal, command.actor, who)
    said: dict[str, Any] = {"saw": command.expected_seq, "comment": command.comment}
    signed = goal.model_copy(update={"signed": (*goal.signed, command.actor, who)})
    parts = signed_parts(signed, who) if goal.task and goal.task.parts else ()
    if others := awaited(parts):
        return (events.StageApproved(stage=goal.stage, awaited=others, **said),)
    agreed = {who, *(part.agreed for part in parts if part.agreed)}
    stage = _stage_reached(goal, agreed)
    kind = events.Approved if _is_last(signed, stage, agreed) else events.StageApproved
    return (kind(stage=stage, **said),)


def _require_not_signed(goal: Goal, *people: EmployeeId) -> None:
    if again := next((one for one in people if one in goal.signed), None):
        raise Refusal(Code.ALREADY_SIGNED, who=again)


def _is_last(signed: Goal, stage: int, agreed: set[EmployeeId]) -> bool:
    """Whether no other approval is needed, or nobody is left to give it. HR that stands in for two stages approves once."""
    following = signed.next_stage(stage)
    if following is None or not any((*signed.chains_of_stage(stage), *signed.chains_of_stage(following))):
        return True
    return not asked_first(signed, following, agreed)


def _stage_reached(goal: Goal, agreed: set[EmployeeId]) -> int:
    """The stage that this approval completes: also the next ones, as long as the same people are asked for them or are above."""
    stage = goal.stage
    while (following := goal.next_stage(stage)) is not None and _approve_all_of(goal, following, agreed):
        stage = following
    return stage


def _approve_all_of(goal: Goal, stage: int, agreed: set[EmployeeId]) -> bool:
    """Whether one of the people is who is asked for that stage, or a manager of the line above its place.

    Of a joint stage, whether all who are asked are among them.
    """
    if chains := goal.joint_chains(stage):
        return all(agreed & set(chain[:1]) for chain in chains)
    own = goal.deciding(goal.stages[stage]) if stage < len(goal.stages) else ()
    return bool(agreed & set(own[:1] or goal.deciding(goal.line)[stage:]))


def _return_for_changes(goal: Goal, command: commands.ReturnForChanges, day: date) -> Bodies:
    require_state(goal, State.PENDING_APPROVAL)
    require_decider(goal, command, day)
    if command.expected_seq is not None:
        require_seen(goal, command.expected_seq)
    return (events.Returned(comment=command.comment),)


# --- reviewing -------------------------------------------------------------------------------------------------------


def _call_review(goal: Goal, command: commands.CallReview, day: date) -> Bodies:
    require_concerned_with_all(goal, command, day)
    require_state(goal, State.ACTIVE)
    return (events.ReviewOpened(reason=command.reason),)


def _submit_self_review(goal: Goal, command: commands.SubmitSelfReview, day: date) -> Bodies:
    require_owner(goal, command, day)
    require_state(goal, State.IN_REVIEW)
    known = causes.known(goal.policy)
    for cause in command.cause_kinds or ():
        if cause not in known:
            raise Refusal(Code.UNKNOWN_CAUSE, cause=cause[:40], known=known)
    fields = command.model_dump(exclude={"id", "actor", "acting_for"})
    return (events.SelfReviewed(**fields | {"cause_kinds": command.cause_kinds or None}),)


def _require_reviewer(goal: Goal, command: commands.DecideReview, day: date) -> None:
    """Before the self-review, only a reviewer who joined by escalation may decide."""
    waits_for_owner = goal.task is not None and goal.task.kind is TaskKind.SELF_REVIEW
    reviewers = (*goal.line, *goal.evaluators, *goal.hr)
    if waits_for_owner and goal.task and goal.task.assignees == (goal.owner,):
        who = principal(goal, command, day)
        if who in reviewers and not {*goal.sharers} & {command.actor, who}:
            raise Refusal(Code.SELF_REVIEW_FIRST)
    require_decider(goal, command, day)


def _decide_review(goal: Goal, command: commands.DecideReview, day: date) -> Bodies:
    require_state(goal, State.IN_REVIEW)
    _require_reviewer(goal, command, day)
    require_seen(goal, command.expected_seq)
    then = _follows(goal, command, day)
    if command.comment is None and (command.bonus or then == "reset"):
        raise Refusal(Code.COMMENT_REQUIRED, what=message("part.bonus" if command.bonus else "part.reset"))
    if command.new_target is not None and not isinstance(goal.content.measure, NumericMeasure):
        raise Refusal(Code.WRONG_MEASURE, needs=message("part.needs_no_target"))
    if goal.bonus + command.bonus > goal.policy.max_bonus:
        raise Refusal(Code.BONUS_TOO_HIGH, most=goal.policy.max_bonus, given=goal.bonus)
    return (_verdict(goal, command, then),)


def _follows(goal: Goal, command: commands.DecideReview, day: date) -> commands.Next:
    """What follows the verdict. A goal that nobody would go on with is closed: the owner leaves, or has left."""
    ends = goal.ends_with_verdict(day)
    closes = ends or (goal.gone and command.next == "reset")
    if closes and command.then not in (None, "close"):
        raise Refusal(Code.OWNER_LEAVES, then=command.then)
    then = "close" if closes else command.next
    if not ends and (command.verdict == "continue") != (then == "continue"):
        raise Refusal(Code.VERDICT_CONTRADICTS, verdict=command.verdict, then=then)
    return then


def _verdict(goal: Goal, command: commands.DecideReview, then: commands.Next) -> events.Body:
    attained = scoring.confirmed(goal)
    fields: dict[str, Any] = {
        "verdict": command.verdict,
        "saw": command.expected_seq,
        "attained": attained,
        "bonus": command.bonus,
        "comment": command.comment,
        "praise": command.praise,
    }
    total = goal.banked + scoring.revision_score(goal, attained, goal.bonus + command.bonus)
    match then:
        case "continue":
            return events.Continued(**fields)
        case "reset":
            content = next_revision(goal, goal.value, command.new_weight, command.new_target)
            return events.Reset(**fields, banked=total, content=content)
        case "close":
            return events.Closed(**fields, outcome=_OUTCOMES[command.verdict], score=total)


_OUTCOMES = {
    "achieved": Outcome.ACHIEVED,
    "unrealistic": Outcome.UNREALISTIC,
    "continue": Outcome.SETTLED,  # the owner leaves before it is achieved
}


_DECIDERS: dict[type[commands.Command], Callable[[Goal, Any, date], Bodies]] = {
    commands.Revise: _revise,
    commands.Submit: _submit,
    commands.Recall: _recall,
    commands.Approve: _approve,
    commands.ReturnForChanges: _return_for_changes,
    commands.CallReview: _call_review,
    commands.SubmitSelfReview: _submit_self_review,
    commands.DecideReview: _decide_review,
    commands.Withdraw: _withdraw,
    **WORKING,
    **STEERING,
    **HANDING,
}
