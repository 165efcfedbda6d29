"""Notices of events: their recipients, their contents, and which of them are urgent."""

import json

import pytest

from domain.goal import commands
from domain.goal.decide import decide, stamp
from domain.goal.events import SignOffRefused
from domain.goal.evolve import evolve, evolve_all
from domain.notices.notices import Notice, NoticeKind, notices_of
from domain.policy.policy import Act, Ladder, Policy, Rung, TaskKind
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    BERLIN,
    DEPUTY,
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaited,
    awaiting_verdict,
    change_line,
    created,
    day,
    delegate,
    draft,
    fresh_id,
    pause,
    pending,
    policy,
    reassign,
    resume,
    verdict,
)  # fmt: skip
from tests.domain.command_cases import CASES, ready
from tests.domain.telling import NOW, at_rung, notices, recipients, rings, told


def test_everybody_is_told_of_the_draft_that_waits_on_them_also_who_launched_it() -> None:
    launched_by_owner = created().model_copy(update={"actor": OWNER})
    for event in (created(), launched_by_owner):
        assert [(one.kind, one.recipient) for one in notices_of(draft(), event)] == [(NoticeKind.DRAFT_OPENED, OWNER)]


def test_nobody_is_told_of_what_they_just_did() -> None:
    commented = told(pending(), commands.Comment(id=fresh_id(), actor=MANAGER, text="確認中です"))
    assert list(commented) == [(NoticeKind.COMMENTED, OWNER)]


def test_a_delegation_and_a_reassignment_say_from_whom_and_to_whom() -> None:
    delegated = told(pending(), delegate(MANAGER, DEPUTY, actor=HR, first=day(10, 7), last=day(10, 9)))
    assert set(delegated) == {(NoticeKind.DELEGATED, DEPUTY), (NoticeKind.DELEGATED, MANAGER)}
    assert {(facts["from"], facts["to"]) for facts in delegated.values()} == {(MANAGER, DEPUTY)}
    reassigned = told(pending(), reassign(STRANGER))
    assert set(reassigned) == {(NoticeKind.REASSIGNED, MANAGER), (NoticeKind.REASSIGNED, STRANGER)}
    assert {(facts["from"], facts["to"]) for facts in reassigned.values()} == {(MANAGER, STRANGER)}


# --- reminders, copies, escalation -----------------------------------------------------------------------------------


def test_a_copy_tells_the_manager_above_who_was_reminded_and_nobody_else() -> None:
    said = {(one.kind, one.recipient): one.facts for one in rings(at_rung(pending(), 1))}
    assert set(said) == {(NoticeKind.APPROVAL_REMINDER, MANAGER), (NoticeKind.REMINDER_COPIED, DIRECTOR)}
    assert {facts["to"] for facts in said.values()} == {MANAGER}
    assert "to" not in rings(pending())[0].facts


def test_an_escalation_tells_who_joins_and_who_was_there() -> None:
    said = {(one.kind, one.recipient) for one in rings(at_rung(pending(), 2))}
    assert said == {(NoticeKind.ESCALATED, DIRECTOR), (NoticeKind.ESCALATION_TOLD, MANAGER)}


def test_a_reminder_that_an_outage_held_up_says_so_with_its_true_time_and_one_on_time_does_not() -> None:
    for goal in (draft(), at_rung(draft(), 2)):
        alarm = awaited(goal)
        (late, *_) = rings(goal, at(day(11, 2)))
        assert (late.facts["late"], late.facts["rung_due"]) == ("1", alarm.at.isoformat())
        (on_time, *_) = rings(goal)
        assert not {"late", "rung_due"} & set(on_time.facts)


def test_a_date_is_told_with_the_zone_in_which_it_is_meant() -> None:
    abroad = pending(policy(sites={"berlin": BERLIN}), sites={MANAGER: "berlin"})
    facts = rings(abroad)[0].facts
    assert (facts["zone"], facts["due"]) == ("Europe/Berlin", "2026-10-12T15:00:00+00:00")
    assert rings(pending())[0].facts["zone"] == "Asia/Tokyo"


# --- the organisation ------------------------------------------------------------------------------------------------


def test_a_changed_line_tells_the_owner_and_who_newly_has_the_task() -> None:
    goal = pending()
    said = told(goal, change_line(goal, line=(STRANGER, DIRECTOR)))
    assert set(said) == {(NoticeKind.LINE_CHANGED, OWNER), (NoticeKind.APPROVAL_REQUESTED, STRANGER)}
    assert {(facts["from"], facts["to"]) for facts in said.values()} == {(MANAGER, STRANGER)}
    above = told(goal, change_line(goal, line=(MANAGER, STRANGER)))
    assert set(above) == {(NoticeKind.LINE_CHANGED, OWNER)}
    assert "from" not in above[NoticeKind.LINE_CHANGED, OWNER]


def test_whoever_keeps_the_task_is_not_asked_for_it_again() -> None:
    goal = at_rung(pending(), 3)
    said = told(goal, change_line(goal, line=(STRANGER, DIRECTOR)), at(day(10, 20)))
    assert set(said) == {(NoticeKind.LINE_CHANGED, OWNER), (NoticeKind.APPROVAL_REQUESTED, STRANGER)}


def test_a_move_tells_the_owner_the_new_weight() -> None:
    said = told(active(), change_line(active(), department="総務", settle=True, new_weight=35))
    assert [(kind, who) for kind, who in said] == [(NoticeKind.MOVED, OWNER)]
    assert said[NoticeKind.MOVED, OWNER]["weight"] == "35"


# --- what cannot wait ------------------------------------------------------------------------------------------------


def urgent(said: list[Notice]) -> set[tuple[NoticeKind, EmployeeId]]:
    return {(one.kind, one.recipient) for one in said if one.urgent}


def same_day(kind: TaskKind) -> Policy:
    ladders = policy().ladders | {kind: Ladder(due_in=0, rungs=(Rung(1, Act.REMIND),))}
    return policy(ladders=ladders)


def test_an_answer_that_stops_or_frees_somebodys_work_goes_out_at_once() -> None:
    returned = commands.ReturnForChanges(id=fresh_id(), actor=MANAGER, comment="基準値")
    assert urgent(notices(pending(), returned)) == {(NoticeKind.RETURNED, OWNER)}
    reviewed = awaiting_verdict()
    assert urgent(notices(reviewed, verdict(reviewed, "continue"))) == {(NoticeKind.VERDICT_GIVEN, OWNER)}
    assert urgent(notices(reviewed, verdict(reviewed, "unrealistic"))) == {(NoticeKind.GOAL_RESET, OWNER)}
    assert {who for _, who in urgent(notices(pending(), reassign(STRANGER)))} == {MANAGER, STRANGER}
    assert urgent(rings(at_rung(pending(), 2))) == {(NoticeKind.ESCALATED, DIRECTOR)}


def test_a_task_that_is_due_today_goes_out_at_once_and_one_that_is_not_waits_for_the_digest() -> None:
    asked = NoticeKind.APPROVAL_REQUESTED
    submit = commands.Submit(id=fresh_id(), actor=OWNER)
    assert urgent(notices(draft(same_day(TaskKind.APPROVAL)), submit)) == {(asked, MANAGER)}
    assert urgent(notices(draft(), submit)) == set()
    assert urgent(rings(pending())) == set()


def test_what_is_no_task_waits_for_the_digest_even_on_the_day_when_one_is_due() -> None:
    goal = pending(same_day(TaskKind.APPROVAL), on=day(10, 7))
    for command in (commands.Comment(id=fresh_id(), actor=DIRECTOR, text="確認中"), pause(), delegate(MANAGER, DEPUTY)):
        assert urgent(notices(goal, command)) == set()
    paused = after(goal, pause(), NOW)
    assert urgent(notices(paused, resume())) == set()


def test_that_a_task_is_done_waits_for_the_digest_even_where_the_next_one_is_due_today() -> None:
    goal = at_rung(pending(), 3)
    said = notices(goal, approve(goal, MANAGER), at(day(10, 23)))  # the first step's day
    assert recipients(said, NoticeKind.HANDLED) == {DIRECTOR}
    assert urgent(said) == set()


def test_what_is_due_today_is_said_by_the_day_where_the_task_is() -> None:
    rules = same_day(TaskKind.APPROVAL).model_copy(update={"sites": {"berlin": BERLIN}})
    goal = draft(rules, sites={MANAGER: "berlin"})
    early = at(day(10, 8), 6)  # 23:00 on the 7th in Berlin: due on that day
    assert urgent(notices(goal, commands.Submit(id=fresh_id(), actor=OWNER), early)) == {
        (NoticeKind.APPROVAL_REQUESTED, MANAGER)
    }


def test_every_notice_has_a_key_of_its_own() -> None:
    goal = at_rung(pending(), 5)
    keys = [one.key for one in notices(goal, approve(goal, MANAGER), at(day(10, 27)))]
    assert len(set(keys)) == len(keys)
    assert all(goal.id in key for key in keys)


def test_a_notice_of_a_refused_sign_off_repeats_nothing_of_what_people_wrote() -> None:
    goal = after(pending(), pause("長期の療養"), at(day(10, 6)))
    refused = SignOffRefused(code=Code.PAUSED, fields={"reason": "長期の療養"})
    by_signal = commands.Command.model_construct(id=fresh_id(), actor=commands.SYSTEM, acting_for=None)
    (event,) = stamp(goal, (refused,), by_signal, at(day(10, 7)))
    told = notices_of(evolve(goal, event), event, goal)
    assert [one.kind for one in told] == [NoticeKind.SIGN_OFF_REFUSED]
    assert "療養" not in json.dumps([one.facts for one in told], ensure_ascii=False)


def test_a_notice_of_what_a_delegate_did_says_in_whose_name() -> None:
    goal = after(pending(), delegate(MANAGER, DEPUTY), at(day(10, 6)))
    (event,) = decide(goal, approve(goal, DEPUTY, acting_for=MANAGER), at(day(10, 6)))
    (told,) = [one for one in notices_of(evolve(goal, event), event, goal) if one.recipient == OWNER]
    assert (told.facts["actor"], told.facts["acting_for"]) == (DEPUTY, MANAGER)
    (own,) = decide(goal, approve(goal, MANAGER), at(day(10, 6)))
    assert "acting_for" not in notices_of(evolve(goal, own), own, goal)[0].facts


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_notice_holds_what_a_person_wrote(name: str) -> None:
    goal = ready(name)
    command = CASES[name].make(goal)
    events = decide(goal, command, at(day(11, 4), 15))
    written = [
        getattr(command, field)
        for field in ("reason", "comment", "text", "evidence", "went_well")
        if getattr(command, field, None)
    ]
    told = json.dumps(
        [one.facts for event in events for one in notices_of(evolve_all(goal, events), event, goal)],
        default=str,
        ensure_ascii=False,
    )
    assert not [one for one in (*written, goal.content.theme) if one in told]
