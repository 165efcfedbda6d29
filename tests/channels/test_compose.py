"""One message per person, grouped by what it asks of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from channels.compose import compose
from channels.message import Message
from domain.notices import NoticeKind
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


def composed(locale: Locale = Locale.JA, notices: tuple[QueuedNotice, ...] = FOUR) -> Message:
    return compose("M0012", notices, NAMES, locale, to="hanako@example.com", message_id="abc@example.com")


def test_a_message_groups_what_waits_what_is_late_what_was_decided_and_the_rest() -> None:
    body = composed().body
    headings = [
        "■ ご対応をお願いします（1件）",
        "■ 期限を過ぎているもの（1件）",
        "■ 決まったこと（1件）",
        "■ お知らせ（1件）",
    ]
    assert [line for line in body.splitlines() if line.startswith("■")] == headings
    assert body.startswith("佐藤 花子さん\n")
    assert (
        body.index("請求書の処理")
        < body.index("決算を早める")
        < body.index("在庫を見える化")
        < body.index("よいですね")
    )


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
    assert composed(notices=FOUR[1:2]).subject.startswith("【Meguri】お知らせ1件: ")


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
    assert "■ 期限を過ぎているもの（3000件）" in sent.body
    assert "・ほか2950件" in sent.body
    assert len(sent.body) < 20_000
    assert len(sent.subject) < 120


def test_nothing_of_a_person_shows_when_a_message_is_printed_for_programmers() -> None:
    shown = repr(composed())
    assert "abc@example.com" in shown
    assert "hanako" not in shown
    assert "佐藤" not in shown
