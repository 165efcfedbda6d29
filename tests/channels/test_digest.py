"""Digests: one per person and working day, with open tasks first and then news."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from channels.compose import Links, ListedTask, compose, is_empty_digest
from channels.message import Message
from domain.notices.notices import NoticeKind
from domain.policy.policy import TaskKind
from domain.values import Locale
from storage.outbox import QueuedNotice

NOW = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
NAMES = {"M0012": "佐藤 花子", "M0003": "山田 太郎"}


def task(number: int, kind: str = TaskKind.APPROVAL, days: int = 3, **changes: Any) -> ListedTask:
    said: dict[str, Any] = {
        "goal_id": f"2026-q4.M0012.{number}",
        "owner": "M0012",
        "theme": f"テーマ{number}",
        "kind": kind,
        "due_at": NOW + timedelta(days=days),
        "zone": "Asia/Tokyo",
        "seq": 4,
    }
    return ListedTask(**(said | changes))


def entries(sent: Message) -> list[Any]:
    return list(Calendar.from_ical(sent.calendar).walk("VEVENT")) if sent.calendar else []


def notice(number: int, kind: NoticeKind, **facts: Any) -> QueuedNotice:
    return QueuedNotice(f"key-{number}-{kind}", kind, f"2026-q4.M0012.{number}", {"owner": "M0012", **facts}, NOW)


def digest(
    *notices: QueuedNotice, tasks: tuple[ListedTask, ...] = (), locale: Locale = Locale.JA, base: str | None = None
) -> Message:
    return compose(
        "M0003",
        notices,
        NAMES,
        locale,
        to="taro@example.com",
        message_id="abc@example.com",
        links=Links(base),
        digest=True,
        tasks=tasks,
        now=NOW,
        zone="Asia/Tokyo",
    )


def test_a_task_of_a_goal_whose_owner_has_left_says_so() -> None:
    tasks = (task(1, TaskKind.VERDICT, gone=True), task(2, TaskKind.VERDICT))
    lines = digest(tasks=tasks).body.splitlines()
    assert [("本人は退職済み" in line) for line in lines if "テーマ" in line] == [True, False]
    english = digest(tasks=tasks, locale=Locale.EN).body
    assert english.count("the owner has left") == 1


def test_late_comes_first_then_what_waits_then_what_was_decided_then_the_rest() -> None:
    sent = digest(
        notice(3, NoticeKind.COMMENTED, actor="M0012"),
        notice(4, NoticeKind.GOAL_CLOSED, outcome="achieved"),
        tasks=(task(1), task(2, days=-1)),
    )
    assert [line for line in sent.body.splitlines() if line.startswith("■")] == [
        "■ 期限を過ぎているもの(1件)",
        "■ ご対応をお願いします(1件)",
        "■ 決まったこと(1件)",
        "■ お知らせ(1件)",
    ]
    assert sent.subject == "【Meguri】2026年10月1日(木)のまとめ: 期限超過1件、対応待ち1件"
    assert sent.digest
    assert sent.thread is None


def test_a_task_says_what_to_do_whose_goal_and_until_when_by_the_clock_of_its_office() -> None:
    late_evening = datetime(2026, 10, 8, 15, 30, tzinfo=UTC)
    told = digest(tasks=(task(1, due_at=late_evening), task(2, due_at=late_evening, zone="Europe/Berlin"))).body
    assert "・承認: 佐藤 花子さんの目標「テーマ1」(期限: 2026年10月9日(金) 00:30 JST) [2026-q4.M0012.1]" in told
    assert "テーマ2」(期限: 2026年10月8日(木) 17:30 CEST)" in told


def test_the_english_digest_is_english() -> None:
    sent = digest(tasks=(task(1), task(2, TaskKind.VERDICT, days=-1)), locale=Locale.EN)
    assert sent.subject == "[Meguri] your day, Thu 1 Oct 2026: 1 overdue, 1 waiting"
    assert (
        "Past the due date (1)\n- Give the verdict: 佐藤 花子’s goal “テーマ2” (due Wed 30 Sep 2026 09:00 JST)"
        in sent.body
    )


def test_a_notice_that_asks_for_a_task_in_the_list_is_not_said_again() -> None:
    sent = digest(notice(1, NoticeKind.APPROVAL_REQUESTED), notice(1, NoticeKind.ESCALATED), tasks=(task(1),))
    assert sent.body.count("2026-q4.M0012.1") == 1


def test_a_request_that_was_answered_meanwhile_is_not_said() -> None:
    asked = notice(2, NoticeKind.APPROVAL_REQUESTED)
    assert "提出されました" not in digest(asked, tasks=(task(1),)).body
    assert is_empty_digest((asked,), ())
    assert not is_empty_digest((asked,), (task(1),))
    assert not is_empty_digest((asked, notice(3, NoticeKind.APPROVED)), ())


def test_what_led_to_a_task_in_the_list_is_news_and_the_task_is_counted_once() -> None:
    sent = digest(notice(1, NoticeKind.RETURNED, actor="M0012", reason="数字を添えてください"), tasks=(task(1),))
    assert [line for line in sent.body.splitlines() if line.startswith("■")] == [
        "■ ご対応をお願いします(1件)",
        "■ 決まったこと(1件)",
    ]
    assert "数字を添えてください" in sent.body


def test_no_heading_stands_twice() -> None:
    sent = digest(notice(9, NoticeKind.STEP_OVERDUE), notice(8, NoticeKind.RETURNED), tasks=(task(1), task(2, days=-1)))
    headings = [line for line in sent.body.splitlines() if line.startswith("■")]
    assert headings == ["■ 期限を過ぎているもの(1件)", "■ ご対応をお願いします(2件)"]


def test_two_hundred_tasks_are_one_message_that_can_be_read() -> None:
    sent = digest(tasks=tuple(task(n, days=n % 30 - 10, theme="長いテーマ" * 30) for n in range(200)))
    assert "■ 期限を過ぎているもの(70件)" in sent.body
    assert "・ほか20件" in sent.body
    assert "・ほか80件" in sent.body
    assert sent.html.count("[2026-q4.") == 0
    assert sent.html.count("2026-q4.M0012.") == 100
    assert len(sent.html) < 100_000  # what Gmail shows without cutting


def test_the_longest_late_stand_first() -> None:
    body = digest(tasks=(task(1, days=-1), task(2, days=-9))).body
    assert body.index("テーマ2") < body.index("テーマ1")


def test_the_calendar_holds_the_tasks_of_the_list_at_most_fifty() -> None:
    sent = digest(notice(500, NoticeKind.COMMENTED), tasks=tuple(task(n, seq=n) for n in range(60)))
    assert sent.calendar is not None
    found = entries(sent)
    assert len(found) == 50
    assert found[0]["dtstamp"].dt == NOW
    assert found[0]["dtend"].dt == NOW + timedelta(days=3)
    assert Calendar.from_ical(sent.calendar)["method"] == "PUBLISH"


def test_a_task_is_the_same_entry_whether_a_notice_or_a_digest_tells_of_it() -> None:
    due = (NOW + timedelta(days=3)).isoformat()
    for kind, state, asked in (
        (TaskKind.APPROVAL, "pending_approval", NoticeKind.APPROVAL_REMINDER),
        (TaskKind.VERDICT, "in_review", NoticeKind.REVIEW_REMINDER),
        (TaskKind.SELF_REVIEW, "in_review", NoticeKind.ESCALATED),
    ):
        at_once = compose(
            "M0003",
            (notice(1, asked, due=due, state=state, seq=2),),
            NAMES,
            Locale.JA,
            to=None,
            message_id="m@example.com",
        )
        [first], [then] = entries(at_once), entries(digest(tasks=(task(1, kind),)))
        assert first["uid"] == then["uid"]
        assert first["dtend"].dt == then["dtend"].dt
        assert first["sequence"] < then["sequence"]


def test_a_digest_says_where_to_change_it() -> None:
    assert "`meguri prefer`" in digest(tasks=(task(1),)).body
    assert "https://meguri.example.com/preferences" in digest(tasks=(task(1),), base="https://meguri.example.com").body


def test_a_task_of_a_later_release_is_told_in_general_words() -> None:
    assert "・対応事項: 佐藤 花子さんの目標" in digest(tasks=(task(1, "celebrate"),)).body


def test_a_person_whom_the_directory_does_not_know_is_told_by_id() -> None:
    sent = compose(
        "M7777", (), {}, Locale.JA, to=None, message_id="m@e", digest=True, tasks=(task(1, owner="M9999"),), now=NOW
    )
    assert sent.body.startswith("M7777さん\n")
    assert "M9999さんの目標" in sent.body


def test_a_digest_without_its_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="give `now`"):
        compose("M0003", (), NAMES, Locale.JA, to=None, message_id="m@e", digest=True, tasks=(task(1),))


@pytest.mark.parametrize("kind", [NoticeKind.DELIVERY_TROUBLE, NoticeKind.DIRECTORY_CHANGED])
def test_what_tells_hr_of_trouble_or_of_a_changed_directory_is_about_no_goal(kind: NoticeKind) -> None:
    sent = digest(notice(1, kind))
    assert "[2026-q4.M0012.1]" not in sent.body
    assert "meguri goal show" not in sent.body
    assert "meguri inbox M0003" in sent.body
