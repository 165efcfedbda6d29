"""Review forms: causes from the list, praise of the reviewer, a reset with a new target; and imports by HR."""

from decimal import Decimal

from domain.goal import commands, events
from domain.goal.decide import decide
from domain.notices.notices import NoticeKind, notices_of
from domain.refusals import Code
from domain.writing.causes import CAUSES, known
from domain.writing.content import NumericMeasure
from tests.domain.builders import (
    HR,
    MANAGER,
    OWNER,
    PICTURE,
    after,
    at,
    awaiting_verdict,
    content,
    day,
    draft,
    fresh_id,
    in_review,
    list_of,
    policy,
    refusal,
    verdict,
)

NOW = at(day(11, 4), 15)


def look_back(*causes: str) -> commands.SubmitSelfReview:
    return commands.SubmitSelfReview(
        id=fresh_id(), actor=OWNER, went_well="手順が揃った", progress="半分", cause_kinds=causes
    )


def test_causes_are_of_our_list_or_the_companys() -> None:
    goal = in_review(policy(causes=("監査の指摘",)))
    (event,) = decide(goal, look_back("time", "監査の指摘"), NOW)
    assert isinstance(event.body, events.SelfReviewed)
    assert (event.body.cause_kinds, event.body.progress) == (("time", "監査の指摘"), "半分")
    said = refusal(goal, look_back("time", "月"), NOW, Code.UNKNOWN_CAUSE)
    assert said.fields["cause"] == "月"
    assert list_of(said, "known")[-1] == "監査の指摘"
    refusal(in_review(), look_back("監査の指摘"), NOW, Code.UNKNOWN_CAUSE)
    assert set(CAUSES) < set(known(goal.policy))


def test_a_reset_states_its_new_target_and_needs_a_comment() -> None:
    goal = awaiting_verdict()
    silent = verdict(goal, "unrealistic", new_target=Decimal(8)).model_copy(update={"comment": None})
    refusal(goal, silent, NOW, Code.COMMENT_REQUIRED)
    reset = after(goal, verdict(goal, "unrealistic", new_target=Decimal(8), comment="対象を絞ろう"), NOW)
    assert isinstance(reset.content.measure, NumericMeasure)
    assert reset.content.measure.target == 8
    bare = goal.content.measure
    assert isinstance(bare, NumericMeasure)
    kept = after(goal, verdict(goal, "unrealistic", comment="対象を絞ろう"), NOW)
    assert isinstance(kept.content.measure, NumericMeasure)
    assert kept.content.measure.target == bare.target


def test_a_picture_has_no_target_to_set() -> None:
    goal = awaiting_verdict(content=content(measure=PICTURE))
    refusal(goal, verdict(goal, "unrealistic", new_target=Decimal(8), comment="絞ろう"), NOW, Code.WRONG_MEASURE)


def test_what_the_reviewer_saw_go_well_stands_in_the_ledger() -> None:
    goal = awaiting_verdict()
    (event,) = decide(goal, verdict(goal, "continue", praise="丁寧な聞き取り"), NOW)
    assert isinstance(event.body, events.Continued)
    assert event.body.praise == "丁寧な聞き取り"


def test_hr_takes_a_sheet_into_a_draft_and_nobody_else_writes_in_it() -> None:
    revise = commands.Revise(id=fresh_id(), actor=HR, content=content(weight=30))
    (event,) = decide(draft(), revise, NOW)
    assert event.actor == HR
    told = notices_of(after(draft(), revise, NOW), event, draft())
    assert [(one.kind, one.recipient) for one in told] == [(NoticeKind.DRAFT_CHANGED, OWNER)]
    own = commands.Revise(id=fresh_id(), actor=OWNER, content=content(weight=30))
    (by_owner,) = decide(draft(), own, NOW)
    assert not notices_of(after(draft(), own, NOW), by_owner, draft())
    refusal(draft(), revise.model_copy(update={"actor": MANAGER}), NOW, Code.NOT_ALLOWED)
