"""Every notice is a complete sentence in both languages, with any facts."""

import string
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.lines import Reader, group_of, headline, line, one_line
from channels.texts import WORDINGS, Group
from domain.goal.commands import SYSTEM
from domain.goal.goal import Outcome
from domain.notices.notices import NoticeKind
from domain.values import Locale
from storage.outbox import QueuedNotice
from texts.translations import template
from texts.words import values

NAMES = {"M0012": "佐藤 花子", "M0003": "山田 太郎", "E0001": "Jane Doe"}
SENT = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "owner": "M0012",
    "actor": "M0003",
    "theme": "請求書の処理を早める",
    "due": "2026-10-09T09:00:00+00:00",
    "seq": 7,
    "revision": 2,
    "state": "active",
    "outcome": "achieved",
    "score": "42.5",
    "reason": "とても良い目標です。\nあと一歩、数字を添えてください。",
    "step": 0,
    "verdict": "continue",
}


def notice(kind: str, **facts: Any) -> QueuedNotice:
    return QueuedNotice("key", kind, "2026-q4.M0012.1", facts, SENT)


def japanese(reader: str = "M0012") -> Reader:
    return Reader(reader, Locale.JA, NAMES)


def english(reader: str = "E0001") -> Reader:
    return Reader(reader, Locale.EN, NAMES)


def test_every_kind_has_words_in_both_languages() -> None:
    assert set(WORDINGS) == set(NoticeKind)
    known = {"goal", "to", "actor", "step", "verdict", "revision"}
    for wording in WORDINGS.values():
        for sentence in (template(wording.key, locale) for locale in Locale):
            assert sentence.strip()
            assert {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None} <= known


def test_every_outcome_has_a_word_for_people() -> None:
    assert {outcome.value for outcome in Outcome} <= set(values("outcome"))


def test_japanese_sentences_are_polite_and_never_deduct() -> None:
    for wording in WORDINGS.values():
        assert template(wording.key, Locale.JA).endswith(("ください。", "でした。", "ました。", "ましょう。"))
        assert not any(word in template(wording.key, Locale.JA) for word in ("減点", "未達", "違反", "ゼロ", "罰"))


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("locale", Locale)
def test_a_notice_without_any_fact_still_reads_as_a_sentence(kind: NoticeKind, locale: Locale) -> None:
    told = line(notice(kind), Reader("M0012", locale, {}))
    assert told.endswith(("。", "."))
    assert "None" not in told
    assert "{" not in told


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("odd", [None, "", [], {}, "\x00\r\n", "{owner}", -1, 10**30])
def test_odd_facts_never_stop_a_notice(kind: NoticeKind, odd: object) -> None:
    facts = dict.fromkeys((*FACTS, "from", "to", "never heard of"), odd)
    for reader in (japanese(), english()):
        told = line(notice(kind, **facts), reader)
        assert told == one_line(told, len(told))


def test_a_kind_of_a_later_release_is_still_told() -> None:
    assert (
        headline(notice("celebrated", **FACTS), japanese())
        == "目標「請求書の処理を早める」についてお知らせがあります。"
    )
    assert group_of(notice("celebrated"), japanese()) is Group.TO_KNOW


def test_the_owner_hears_of_their_goal_and_others_hear_whose_it_is() -> None:
    requested = notice(NoticeKind.APPROVAL_REQUESTED, **FACTS)
    assert headline(requested, japanese("M0003")).startswith(
        "佐藤 花子さんの目標「請求書の処理を早める」が提出されました。"
    )
    assert headline(requested, english()).startswith("佐藤 花子’s goal “請求書の処理を早める” was submitted:")
    assert headline(requested, japanese("M0012")).startswith("目標「請求書の処理を早める」が")
    assert headline(requested, Reader("M0012", Locale.EN, NAMES)).startswith("Your goal “請求書の処理を早める”")


def test_a_returned_goal_names_who_returned_it_the_date_and_the_comment() -> None:
    told = line(notice(NoticeKind.RETURNED, **FACTS), japanese())
    assert told == (
        "目標「請求書の処理を早める」が山田 太郎さんから差し戻されました。コメントを参考に見直し、もう一度提出してください。"
        "(期限: 2026年10月9日(金) 18:00 JST、コメント: 「とても良い目標です。 あと一歩、数字を添えてください。」)"
    )


def test_a_deadline_is_shown_as_the_day_in_tokyo() -> None:
    after_midnight_in_tokyo = notice(NoticeKind.DRAFT_OPENED, due="2026-10-08T15:30:00+00:00")
    assert "期限: 2026年10月9日(金)" in line(after_midnight_in_tokyo, japanese())
    assert "due Fri 9 Oct 2026" in line(after_midnight_in_tokyo, english())


def test_steps_are_counted_from_one_for_people() -> None:
    assert "のステップ1に" in headline(notice(NoticeKind.STEP_DUE, **FACTS), japanese())
    assert headline(notice(NoticeKind.STEP_DUE, **FACTS), english()).startswith("Step 1 of 佐藤 花子’s goal")


def test_a_reminder_before_the_date_does_not_say_that_it_has_passed() -> None:
    early = notice(NoticeKind.STEP_OVERDUE, **FACTS)
    late = notice(NoticeKind.STEP_OVERDUE, **FACTS | {"due": "2026-09-30T09:00:00+00:00"})
    assert (group_of(early, japanese()), group_of(late, japanese())) == (Group.WAITS, Group.OVERDUE)
    assert "過ぎました" not in headline(early, japanese())
    assert "過ぎました" in headline(late, japanese())


def test_the_clock_is_nobody_by_name() -> None:
    told = headline(notice(NoticeKind.REOPENED, **FACTS | {"actor": SYSTEM}), english())
    assert SYSTEM not in told
    assert "the person in charge" in told


def test_a_program_is_told_by_its_name() -> None:
    changed = notice("directory_changed", actor="@program:hr-sync", instruction="sync-1")
    assert "プログラム「hr-sync」" in line(changed, japanese())
    assert line(changed, english()).startswith("Program hr-sync ")


def test_a_person_whom_the_directory_does_not_know_is_told_by_id() -> None:
    assert "M9999さんから" in headline(notice(NoticeKind.RETURNED, actor="M9999"), japanese())


def test_a_score_is_told_where_it_is_the_news() -> None:
    assert "結果: 達成、得点: 42.5" in line(notice(NoticeKind.GOAL_CLOSED, **FACTS), japanese())
    assert "得点" not in line(notice(NoticeKind.DRAFT_OPENED, **FACTS), japanese())


def test_a_task_that_moved_to_the_reader_waits_for_them() -> None:
    moved = notice(NoticeKind.REASSIGNED, to="M0003")
    assert (group_of(moved, japanese("M0003")), group_of(moved, japanese("M0012"))) == (Group.WAITS, Group.TO_KNOW)


def test_a_long_comment_is_shortened_to_one_line() -> None:
    told = line(notice(NoticeKind.COMMENTED, reason="長い話\n" * 1000), japanese())
    assert "\n" not in told
    assert len(told) < 400
    assert "…」" in told


def test_who_acted_in_whose_name_is_told() -> None:
    told = notice(NoticeKind.RETURNED, owner="M0012", actor="E0001", acting_for="M0003")
    assert "(山田 太郎さんの代理)" in line(told, japanese())
    assert "(on behalf of 山田 太郎)" in line(told, english())
    assert "代理" not in line(notice(NoticeKind.RETURNED, actor="M0003", acting_for="M0003"), japanese())


def test_a_reminder_that_an_outage_held_up_says_when_it_should_have_come() -> None:
    due, zone = "2026-10-01T22:00:00+00:00", "Europe/Berlin"
    late = notice(NoticeKind.DRAFT_REMINDER, late="1", rung_due=due, zone=zone)
    assert "2026年10月2日(金)にお送りする予定でしたが" in line(late, japanese())
    assert "should have come on Fri 2 Oct 2026" in line(late, english())
    assert "予定でしたが" not in line(notice(NoticeKind.DRAFT_REMINDER, rung_due=due), japanese())


def test_a_manager_in_copy_hears_who_was_reminded() -> None:
    copied = notice(NoticeKind.REMINDER_COPIED, owner="M0012", to="M0012", theme="決算を早める")
    assert headline(copied, japanese("M0003")).startswith(
        "佐藤 花子さんの目標「決算を早める」への対応を佐藤 花子さんにお願いしています。"
    )
    assert "担当: " not in line(copied, japanese("M0003"))


def test_a_date_in_an_unknown_zone_is_told_by_tokyos() -> None:
    told = line(notice(NoticeKind.DRAFT_OPENED, due="2026-10-08T15:30:00+00:00", zone="../etc/Mars"), japanese())
    assert "期限: 2026年10月9日(金)" in told


def test_a_cancelled_goal_says_so() -> None:
    assert "結果: 取り止め" in line(notice(NoticeKind.GOAL_CLOSED, outcome="cancelled"), japanese())
    assert "outcome: cancelled" in line(notice(NoticeKind.GOAL_CLOSED, outcome="cancelled"), english())


@pytest.mark.parametrize("facts", [{"outcome": "cancelled"}, {"outcome": "removed", "removed": "1"}, {"removed": "1"}])
def test_a_goal_whose_owner_takes_no_part_any_more_is_not_called_completed(facts: dict[str, str]) -> None:
    ended = notice(NoticeKind.GOAL_CLOSED, **facts)
    assert headline(ended, japanese()).endswith("目標の対象から外れました。ご対応は不要になりました。")
    assert "complete" not in headline(ended, english())
    assert "完了しました" in headline(notice(NoticeKind.GOAL_CLOSED, outcome="settled"), japanese())


def test_why_a_sign_off_was_not_applied_is_told_in_the_readers_language() -> None:
    refusal = {"key": "refusal.not_paused", "fields": {}}
    told = notice(NoticeKind.SIGN_OFF_REFUSED, refusal=refusal)
    assert "(理由: 目標は一時停止していません。)" in line(told, japanese())
    assert "reason: the goal is not paused" in line(told, english())


def test_a_signature_of_one_of_several_says_that_others_are_awaited_and_a_request_how_many_must_agree() -> None:
    for reader, awaiting, signatures in (
        (english(), "when the others who are asked with them agree too", "2 people must agree"),
        (japanese(), "ほかの承認者の承認を待っています", "2 人全員の承認が必要です"),
    ):
        assert awaiting in line(notice(NoticeKind.STAGE_APPROVED, **FACTS, awaited="1"), reader)
        assert awaiting not in line(notice(NoticeKind.STAGE_APPROVED, **FACTS), reader)
        for kind in (NoticeKind.APPROVAL_REQUESTED, NoticeKind.APPROVAL_REMINDER, NoticeKind.ESCALATED):
            assert signatures in line(notice(kind, **FACTS, signatures="2"), reader)
