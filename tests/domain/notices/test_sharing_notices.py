"""What the contributors of a goal hear, and what its owner hears of them."""

import pytest

from domain.goal import commands
from domain.goal.commands import Command
from domain.goal.goal import Goal
from domain.notices.notices import NoticeKind
from domain.values import EmployeeId
from domain.writing.content import Content
from tests.domain.builders import (
    CONTENT,
    HR,
    MANAGER,
    OWNER,
    active,
    approve,
    at,
    awaiting_verdict,
    change_line,
    content,
    day,
    fresh_id,
    pending,
    verdict,
)
from tests.domain.telling import NOW, rings, told

FIRST, SECOND = EmployeeId("c1"), EmployeeId("c2")
K = NoticeKind


def shared() -> Content:
    """The first step is the owner's, the second one that of the first contributor."""
    named = [{"person": FIRST, "share": 30}, {"person": SECOND, "share": 20}]
    return content(contributors=named, steps=(CONTENT.steps[0], CONTENT.steps[1].model_copy(update={"by": FIRST})))


def heard(goal: Goal, command: Command, *people: EmployeeId) -> set[tuple[NoticeKind, str]]:
    when = at(day(11, 4)) if command.name == "decide_review" else NOW
    return {(kind, person) for kind, person in told(goal, command, when) if person in people}


def test_contributors_hear_of_the_approval_and_not_of_the_draft() -> None:
    goal = pending(content=shared())
    assert heard(goal, approve(goal), FIRST, SECOND) == {(K.APPROVED, FIRST), (K.APPROVED, SECOND)}
    returned = commands.ReturnForChanges(id=fresh_id(), actor=MANAGER, comment="基準値")
    assert heard(goal, returned, FIRST, SECOND) == set()


def test_a_contributor_hears_when_their_step_is_next_and_the_owner_when_it_is_done() -> None:
    goal = active(content=shared())
    assert not heard(goal, commands.CompleteStep(id=fresh_id(), actor=FIRST, step=1), FIRST, SECOND)
    by_owner = commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0)
    assert heard(goal, by_owner, FIRST, SECOND, OWNER) == {(K.STEP_DUE, FIRST)}
    by_contributor = commands.CompleteStep(id=fresh_id(), actor=FIRST, step=1)
    assert heard(goal, by_contributor, OWNER) == {(K.STEP_DONE, OWNER)}


def test_a_contributor_is_reminded_of_their_step_like_the_owner() -> None:
    first = content(
        contributors=[{"person": FIRST, "share": 30}],
        steps=(CONTENT.steps[0].model_copy(update={"by": FIRST}), CONTENT.steps[1]),
    )
    assert {(one.kind, one.recipient) for one in rings(active(content=first))} == {
        (K.STEP_OVERDUE, OWNER),
        (K.STEP_OVERDUE, FIRST),
    }


@pytest.mark.parametrize(
    ("goal", "command", "kind"),
    [
        (awaiting_verdict(content=shared()), "achieved", K.GOAL_CLOSED),
        (awaiting_verdict(content=shared()), "unrealistic", K.SHARED_RESET),
        (pending(content=shared()), commands.Withdraw(id=fresh_id(), actor=OWNER, reason="統合"), K.WITHDRAWN),
        (active(content=shared()), commands.Close(id=fresh_id(), actor=HR, reason="終了"), K.GOAL_CLOSED),
    ],
)
def test_contributors_hear_how_the_goal_ends(goal: Goal, command: Command | str, kind: NoticeKind) -> None:
    given = verdict(goal, command) if isinstance(command, str) else command
    assert heard(goal, given, FIRST, SECOND) == {(kind, FIRST), (kind, SECOND)}


def test_the_owner_hears_that_a_contributor_has_left_and_they_hear_nothing() -> None:
    goal = active(content=shared())
    left = change_line(goal, left=[FIRST])
    assert heard(goal, left, OWNER, FIRST, SECOND) == {(K.CONTRIBUTOR_LEFT, OWNER)}
