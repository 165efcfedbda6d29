"""Immediate messages: one per person, with notices in groups."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from channels.compose import Links, compose
from channels.message import Message
from domain.notices.calendar_entries import CalendarEntry, KnownEntry
from domain.notices.notices import NoticeKind
from domain.values import Locale
from storage.outbox import QueuedNotice

SENT = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
NAMES = {"M0012": "佐藤 花子", "M0003": "山田 太郎"}


def notice(number: int, kind: NoticeKind, **facts: Any) -> QueuedNotice:
    return QueuedNotice(f"key-{number}", kind, f"2026-q4.M0012.{number}", {"owner": "M0012", **facts}, SENT)


FOUR = (
    notice(1, NoticeKind.COMMENTED, actor="M0003", reason="よいですね"),
    notice(2, NoticeKind.APPROVED, theme="在庫を見える化する"),
    notice(3, NoticeKind.DRAFT_REMINDER, due=(SENT - timedelta(days=1)).isoformat(), theme="決算を早める"),
    notice(4, NoticeKind.RETURNED, actor="M0003", theme="請求書の処理を早める", due="2026-10-09T09:00:00+00:00"),
)


def composed(locale: Locale = Locale.JA, notices: tuple[QueuedNotice, ...] = FOUR, base: str | None = None) -> Message:
    return compose(
        "M0012", notices, NAMES, locale, to="hanako@example.com", message_id="abc@example.com", links=Links(base)
    )


def entries(sent: Message) -> list[Any]:
    return list(Calendar.from_ical(sent.calendar).walk("VEVENT")) if sent.calendar else []


def test_a_message_groups_what_waits_what_is_late_what_was_decided_and_the_rest() -> None:
    body = composed().body
    headings = [
        "■ ご対応をお願いします(1件)",
        "■ 期限を過ぎているもの(1件)",
        "■ 決まったこと(1件)",
        "■ お知らせ(1件)",
    ]
    assert [line for line in body.splitlines() if line.startswith("■")] == headings
    assert body.startswith("佐藤 花子さん\n")
    assert (
        body.index("請求書の処理")
        < body.index("決算を早める")
        < body.index("在庫を見える化")
        < body.index("よいですね")
    )


def test_a_request_for_a_verdict_says_that_the_owner_leaves_or_has_left_and_other_news_do_not() -> None:
    for facts, says in (
        ({"gone": "1"}, "本人は退職済みです"),
        ({"leaves": "2026-11-20"}, "本人の最終日 2026年11月20日"),
    ):
        asks, tells = (notice(9, kind, **facts) for kind in (NoticeKind.ESCALATED, NoticeKind.COMMENTED))
        assert says in composed(notices=(asks,)).body
        assert says not in composed(notices=(tells,)).body


def test_every_group_says_which_command_comes_next() -> None:
    commands = [line.strip() for line in composed().body.splitlines() if "→" in line]
    assert commands == [
        "→ meguri inbox M0012",
        "→ meguri inbox M0012",
        "→ meguri goal show 2026-q4.M0012.2",
        "→ meguri goal show 2026-q4.M0012.1",
    ]


def test_the_subject_says_how_many_and_the_first() -> None:
    assert composed().subject.startswith(
        "【Meguri】対応のお願い2件・お知らせ2件: 目標「請求書の処理を早める」が山田 太郎さんから"
    )
    assert composed(Locale.EN).subject.startswith(
        "[Meguri] 2 to do, 2 to know: Your goal “請求書の処理を早める” was returned"
    )


def test_the_english_message_is_english_but_for_what_people_wrote() -> None:
    body = composed(Locale.EN, FOUR[2:3]).body
    assert body.startswith("Dear 佐藤 花子,\n")
    assert "Past the due date (1)\n- Your goal “決算を早める” is awaited" in body
    assert "due Wed 30 Sep 2026" in body


def test_the_same_notices_make_the_same_message() -> None:
    assert composed() == composed()


def test_a_name_with_line_breaks_stays_on_its_line() -> None:
    nasty = "山田\r\nBcc: all@example.com\u2028\x00太郎"
    sent = compose("M0012", FOUR, {"M0012": nasty, "M0003": nasty}, Locale.JA, to="a@example.com", message_id="m@e")
    assert len(sent.subject.splitlines()) == 1
    assert "\x00" not in sent.body
    assert not any(line.startswith("Bcc:") for line in sent.body.splitlines())


def test_thousands_of_notices_make_a_message_that_can_be_read() -> None:
    many = tuple(notice(n, NoticeKind.ESCALATED, theme="とても長いテーマ" * 20) for n in range(3000))
    sent = composed(notices=many)
    assert "■ 期限を過ぎているもの(3000件)" in sent.body
    assert "・ほか2950件" in sent.body
    assert len(sent.body) < 20_000
    assert len(sent.subject) < 120


def test_nothing_of_a_person_shows_when_a_message_is_printed_for_programmers() -> None:
    shown = repr(composed())
    assert "abc@example.com" in shown
    assert "hanako" not in shown
    assert "佐藤" not in shown


def test_messages_about_one_goal_hang_together_by_thread_and_by_the_start_of_their_subjects() -> None:
    submitted = notice(1, NoticeKind.STAGE_APPROVED, actor="M0003", theme="請求書の処理を早める")
    reopened = notice(1, NoticeKind.REOPENED, actor="M0003", theme="請求書の処理を早める")
    first, second = composed(notices=(submitted,)), composed(notices=(submitted, reopened))
    assert first.thread == second.thread
    assert first.thread is not None
    assert re.fullmatch(r"goal-[0-9a-f]{24}@example\.com", first.thread)
    for sent in (first, second, composed(notices=(reopened,))):
        assert sent.subject.startswith("【Meguri】目標「請求書の処理を早める」")
    english = composed(Locale.EN, (reopened,)).subject
    assert english.startswith("[Meguri] Your goal “請求書の処理を早める”, which was complete, was opened again")


def test_a_message_about_several_goals_hangs_on_no_thread() -> None:
    assert composed(notices=FOUR).thread is None


def test_a_sentence_that_does_not_begin_with_the_goal_gets_it_in_front_in_the_subject() -> None:
    amended = composed(Locale.EN, (notice(1, NoticeKind.POLICY_AMENDED, theme="決算を早める"),)).subject
    assert (
        amended == "[Meguri] your goal “決算を早める”: Rules for your goal “決算を早める” changed: please review them."
    )


def test_a_theme_of_any_length_leaves_room_for_what_happened_to_the_goal() -> None:
    sent = composed(notices=(notice(1, NoticeKind.RETURNED, actor="M0003", theme="長い" * 90),))
    assert "差し戻されました" in sent.subject
    assert len(sent.subject) <= 110


def test_with_pages_every_line_leads_to_its_goal_and_what_waits_to_the_inbox() -> None:
    sent = composed(base="https://meguri.example.com/")
    assert "よいですね」) https://meguri.example.com/goals/2026-q4.M0012.1\n" in sent.body
    assert "  → https://meguri.example.com/inbox" in sent.body
    assert "meguri goal show" not in sent.body
    assert 'href="https://meguri.example.com/goals/2026-q4.M0012.1"' in sent.html
    assert 'href="https://meguri.example.com/inbox"' in sent.html


def test_the_same_line_is_said_once() -> None:
    twice = notice(1, NoticeKind.COMMENTED, actor="M0003", reason="よいですね")
    body = composed(notices=(twice, twice._replace(key="another"))).body
    assert body.count("よいですね") == 1
    assert "■ お知らせ(1件)" in body


def test_what_people_write_is_text_in_html_too() -> None:
    nasty = '<script src="https://evil.example/x.js"></script><img src=x>'
    sent = compose(
        "M0012",
        (notice(1, NoticeKind.COMMENTED, actor="M0003", theme=nasty, reason=nasty),),
        {"M0012": nasty, "M0003": nasty},
        Locale.JA,
        to="a@example.com",
        message_id="m@example.com",
        links=Links("https://meguri.example.com"),
    )
    assert "<script" not in sent.html
    assert "<img" not in sent.html
    assert "&lt;script" in sent.html


@pytest.mark.parametrize("locale", Locale)
def test_html_and_text_say_the_same_and_fetch_nothing(locale: Locale) -> None:
    sent = composed(locale)
    shown = html.unescape(re.sub(r"<[^>]+>", "", sent.html.split("<body")[1]))
    for line in sent.body.splitlines():
        for part in re.split(r"^(?:・|- |■ |  → )| \[2026|^-- $", line):
            assert part.removesuffix("]").split("-q4.")[-1] in shown
    assert f'lang="{locale}"' in sent.html
    assert not re.search(r"<(img|link|script|iframe)|url\(|@import|src=", sent.html)


def test_the_due_dates_of_what_is_asked_are_in_the_calendar_and_no_others() -> None:
    due = "2026-10-09T09:00:00+00:00"
    sent = composed(
        notices=(
            notice(1, NoticeKind.RETURNED, due=due, state="draft", seq=4, theme="決算を早める"),
            notice(2, NoticeKind.COMMENTED, due=due, state="active", seq=9),
        )
    )
    [entry] = entries(sent)
    assert str(entry["uid"]) == "2026-q4.M0012.1#draft@meguri"
    assert str(entry["summary"]) == "下書きの提出: 目標「決算を早める」"
    assert entry["sequence"] == 4
    assert entry["dtstamp"].dt == SENT
    assert entry["dtend"].dt == datetime(2026, 10, 9, 9, tzinfo=UTC)


@pytest.mark.parametrize("due", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "2026-10-09", "soon", "", 7])
@pytest.mark.parametrize("seq", [-1, 10**30, "x", None])
def test_odd_dates_and_numbers_never_stop_a_message(due: object, seq: object) -> None:
    sent = composed(notices=(notice(1, NoticeKind.DRAFT_OPENED, due=due, seq=seq, state="draft"),))
    assert "ご用意しました" in sent.body
    for entry in entries(sent):
        assert 0 <= entry["sequence"] < 2**31


def test_a_task_that_is_told_twice_is_one_entry_with_its_latest_date() -> None:
    early, late = "2026-10-09T09:00:00+00:00", "2026-10-16T09:00:00+00:00"
    moved = notice(1, NoticeKind.DRAFT_OPENED, due=late, state="draft", seq=8)
    opened = notice(1, NoticeKind.DRAFT_REMINDER, due=early, state="draft", seq=2)
    for order in ((opened, moved), (moved, opened)):
        [entry] = entries(composed(notices=order))
        assert entry["dtend"].dt == datetime(2026, 10, 16, 9, tzinfo=UTC)


def test_in_a_review_the_owner_looks_back_and_the_others_decide() -> None:
    facts = {"due": "2026-10-09T09:00:00+00:00", "state": "in_review", "theme": "決算を早める"}
    [mine] = entries(composed(notices=(notice(1, NoticeKind.REVIEW_REMINDER, **facts),)))
    [theirs] = entries(composed(notices=(notice(1, NoticeKind.REVIEW_REMINDER, **facts | {"owner": "M0003"}),)))
    assert str(mine["summary"]) == "自己評価: 目標「決算を早める」"
    assert str(theirs["summary"]) == "見直しの判定: 山田 太郎さんの目標「決算を早める」"


def test_an_entry_of_an_earlier_mail_is_taken_back_in_a_file_of_its_own() -> None:
    due = datetime(2026, 10, 9, 9, tzinfo=UTC)
    gone = KnownEntry(CalendarEntry("2026-q4/M0003/1", "approval", due, 4), "M0003", "決算を早める", None, 9)
    moved = KnownEntry(CalendarEntry("2026-q4/M0012/1", "review", due, 4), "M0012", "", due + timedelta(days=1), 9)
    stays = KnownEntry(CalendarEntry("2026-q4/M0012/2", "draft", due, 4), "M0012", "", due, 9)
    sent = compose(
        "M0012", (notice(2, NoticeKind.COMMENTED),), NAMES, Locale.JA, to="hanako@example.com", message_id="abc@example.com",
        known=(gone, moved, stays), organizer="meguri@example.com",
    )  # fmt: skip
    assert sent.cancelled
    cancelled = Calendar.from_ical(sent.cancelled)
    [entry] = cancelled.walk("VEVENT")
    assert (cancelled["method"], str(entry["uid"]), entry["sequence"]) == (
        "CANCEL", "2026-q4/M0003/1#approval@meguri", 9,
    )  # fmt: skip
    assert (str(entry["status"]), str(entry["organizer"])) == ("CANCELLED", "mailto:meguri@example.com")
    assert str(entry["summary"]) == "承認: 山田 太郎さんの目標「決算を早める」"
    [update] = entries(sent)
    assert (str(update["uid"]), update["sequence"], update["dtend"].dt) == (
        "2026-q4/M0012/1#review@meguri", 9, due + timedelta(days=1),
    )  # fmt: skip
    assert str(update["summary"]).startswith("自己評価")
    assert [one.is_cancelled for one in sent.entries] == [False, True]
