"""Whom an event concerns."""

from domain import commands as ask
from domain.decide import decide
from domain.evolve import evolve_all
from domain.goal import Goal
from domain.notices import NoticeKind, notices_of
from tests.domain.builders import (
    DEPUTY,
    HR,
    MANAGER,
    OWNER,
    STRANGER,
    at,
    created,
    day,
    draft,
    fresh_id,
    pending,
)  # fmt: skip


def told(goal: Goal, command: ask.Command) -> dict[tuple[NoticeKind, str], dict[str, str | int]]:
    events = decide(goal, command, at(day(10, 7)))
    left = evolve_all(goal, events)
    return {(one.kind, one.recipient): one.facts for event in events for one in notices_of(left, event)}


def test_everybody_is_told_of_the_draft_that_waits_on_them_also_who_launched_it() -> None:
    launched_by_owner = created().model_copy(update={"actor": OWNER})
    for event in (created(), launched_by_owner):
        assert [(one.kind, one.recipient) for one in notices_of(draft(), event)] == [(NoticeKind.DRAFT_OPENED, OWNER)]


def test_nobody_is_told_of_what_they_just_did() -> None:
    commented = told(pending(), ask.Comment(id=fresh_id(), actor=MANAGER, text="確認中です"))
    assert list(commented) == [(NoticeKind.COMMENTED, OWNER)]


def test_a_delegation_and_a_reassignment_say_from_whom_and_to_whom() -> None:
    delegated = told(
        pending(),
        ask.Delegate(id=fresh_id(), actor=HR, delegator=MANAGER, to=DEPUTY, first=day(10, 7), last=day(10, 9)),
    )
    assert set(delegated) == {(NoticeKind.DELEGATED, DEPUTY), (NoticeKind.DELEGATED, MANAGER)}
    assert {(facts["from"], facts["to"]) for facts in delegated.values()} == {(MANAGER, DEPUTY)}
    reassigned = told(pending(), ask.Reassign(id=fresh_id(), actor=HR, assignees=(STRANGER,), reason="異動"))
    assert set(reassigned) == {(NoticeKind.REASSIGNED, MANAGER), (NoticeKind.REASSIGNED, STRANGER)}
    assert {(facts["from"], facts["to"]) for facts in reassigned.values()} == {(MANAGER, STRANGER)}
