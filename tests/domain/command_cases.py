"""One case for every command: who may give it, and in which situations it is accepted."""

from collections.abc import Callable
from typing import Any, NamedTuple

from domain.goal import commands
from domain.goal.commands import Command
from domain.goal.goal import Goal
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    SITUATIONS,
    STRANGER,
    active,
    after,
    approve,
    at,
    change_line,
    content,
    day,
    fresh_id,
    pause,
    policy,
    verdict,
)

NOW = at(day(11, 4), 15)
OPEN = ("draft", "pending_approval", "active", "in_review", "awaiting_verdict")
IN_PROGRESS = ("active", "in_review", "awaiting_verdict")


class Case(NamedTuple):
    """A command from a permitted actor, the situations in which it is accepted, and the people who may not give it."""

    make: Callable[[Goal], Command]
    accepted: tuple[str, ...]
    not_by: tuple[EmployeeId, ...]


def _of(command: type[Command], actor: EmployeeId, **fields: Any) -> Callable[[Goal], Command]:
    def make(_goal: Goal) -> Command:
        return command.model_validate({"id": fresh_id(), "actor": actor} | fields)

    return make


NOT_OWNER = (MANAGER, DIRECTOR, HR, STRANGER)
NOT_HR = (OWNER, MANAGER, DIRECTOR, STRANGER)
NOT_APPROVER = (DIRECTOR, HR, STRANGER)
DELEGATION = {"delegator": MANAGER, "to": DEPUTY, "first": day(11, 4), "last": day(11, 6)}


def _reassign(goal: Goal) -> Command:
    """A reassignment to somebody who can do the task: drafts, steps and self-reviews stay with the owner."""
    owners = goal.task is not None and OWNER in goal.task.assignees
    return commands.Reassign(id=fresh_id(), actor=HR, assignees=(OWNER if owners else DIRECTOR,), reason="休職")


CASES: dict[str, Case] = {
    "revise": Case(_of(commands.Revise, OWNER, content=content(weight=70)), ("draft",), (MANAGER, DIRECTOR, STRANGER)),
    "submit": Case(_of(commands.Submit, OWNER), ("draft",), NOT_OWNER),
    "recall": Case(_of(commands.Recall, OWNER), ("pending_approval",), NOT_OWNER),
    "approve": Case(lambda goal: approve(goal, MANAGER), ("pending_approval",), NOT_APPROVER),
    "return_for_changes": Case(
        _of(commands.ReturnForChanges, MANAGER, comment="基準値を確認してください"), ("pending_approval",), NOT_APPROVER
    ),
    "report_progress": Case(
        _of(commands.ReportProgress, OWNER, value="8", evidence="締め日報"), IN_PROGRESS, NOT_OWNER
    ),
    "undo_report": Case(_of(commands.UndoReport, OWNER, step=0, reason="別のステップでした"), (), NOT_OWNER),
    "complete_step": Case(_of(commands.CompleteStep, OWNER, step=0, evidence="手順書"), IN_PROGRESS, NOT_OWNER),
    "call_review": Case(_of(commands.CallReview, DIRECTOR, reason="早めに話したい"), ("active",), (STRANGER, DEPUTY)),
    "submit_self_review": Case(
        _of(commands.SubmitSelfReview, OWNER, went_well="手順が揃った"), ("in_review", "awaiting_verdict"), NOT_OWNER
    ),
    "decide_review": Case(lambda goal: verdict(goal, "continue"), ("awaiting_verdict",), NOT_APPROVER),
    "withdraw": Case(_of(commands.Withdraw, OWNER, reason="異動"), ("draft", "pending_approval"), NOT_OWNER),
    "comment": Case(_of(commands.Comment, DIRECTOR, text="期待しています"), OPEN, (STRANGER, DEPUTY)),
    "reassign": Case(_reassign, OPEN, NOT_HR),
    "delegate": Case(_of(commands.Delegate, MANAGER, **DELEGATION), OPEN, (OWNER, DIRECTOR, STRANGER)),
    "extend": Case(_of(commands.Extend, HR, due=day(12, 7), reason="繁忙期"), OPEN, NOT_HR),
    "pause": Case(_of(commands.Pause, HR, reason="長期休暇"), OPEN, NOT_HR),
    "resume": Case(_of(commands.Resume, HR), (), NOT_HR),  # a paused goal only: see below
    "reopen": Case(_of(commands.Reopen, HR, reason="誤って完了した"), ("closed",), NOT_HR),
    "close": Case(_of(commands.Close, HR, reason="退職"), OPEN, NOT_HR),
    "amend_policy": Case(_of(commands.AmendPolicy, HR, policy=policy(max_bonus=30), reason="規程の変更"), OPEN, NOT_HR),
    "adjust": Case(_of(commands.Adjust, HR, points="5", reason="部署間の調整"), ("closed",), NOT_HR),
    "end_delegation": Case(
        _of(commands.EndDelegation, MANAGER, delegator=MANAGER, to=DEPUTY), (), (OWNER, DIRECTOR, STRANGER)
    ),
    "mark_exemplar": Case(_of(commands.MarkExemplar, MANAGER, reason="全社の手本"), ("closed",), (STRANGER, DEPUTY)),
    "note_repair": Case(
        _of(commands.NoteRepair, HR, how=("workflow_started",), expected_seq=1), (*OPEN, "closed"), NOT_HR
    ),
    "erase_texts": Case(_of(commands.EraseTexts, HR, entries=(1,), reason="本人の請求"), ("closed",), NOT_HR),
    "change_line": Case(lambda goal: change_line(goal, line=(DIRECTOR,)), OPEN, NOT_HR),
}
WHILE_PAUSED = {
    "resume",
    "comment",
    "close",
    "reassign",
    "delegate",
    "end_delegation",
    "extend",
    "amend_policy",
    "change_line",
    "note_repair",
}


def ready(name: str) -> Goal:
    """A goal that accepts the command."""
    if name == "resume":
        return after(active(), pause(), at(day(11, 2)))
    if name == "undo_report":
        done = commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0)
        return after(active(), done, at(day(11, 2)))
    if name == "end_delegation":
        given = commands.Delegate.model_validate({"id": fresh_id(), "actor": MANAGER} | DELEGATION)
        return after(active(), given, NOW)
    return SITUATIONS[CASES[name].accepted[0]]()
