"""The delivery activity: the result of every message when the mail server or the database fails."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from channels.message import Message
from domain.commitments import commit
from domain.goal.commands import SYSTEM
from domain.goal.events import Event, SignOffRefused
from domain.notices.notices import NoticeKind
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Code
from domain.values import CommandId
from storage import outbox
from storage.tables import EmployeeRow, GoalEventRow
from tests.activities.mailroom import (
    MAIL_FROM,
    Recording,
    by_mail,
    employ,
    errors,
    give_task,
    open_cycle,
    queue,
    rows_of,
    send,
)
from tests.channels.mail_server import mail_server
from tests.salts import fresh_salts
from workflows.delivery import SendResult


async def test_everybody_gets_one_mail_in_their_language(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1", "M1", "E1", theme="請求書の処理を早める")
    async with mail_server() as mailbox:
        assert await send(database, by_mail(mailbox)) == SendResult(sent=2)
        assert await send(database, by_mail(mailbox)) == SendResult()
    texts = {str(mail["To"]): mailbox.text_of(mail) for mail in mailbox.arrived}
    assert set(texts) == {"hanako@example.com", "jane@example.com"}
    assert "■ 決まったこと(1件)" in texts["hanako@example.com"]
    assert "Decided (1)\n- Your goal “請求書の処理を早める” was approved." in texts["jane@example.com"]


async def test_a_server_that_fails_every_second_connection_still_gets_every_mail_once(database: AsyncEngine) -> None:
    people = [(f"P{n}", f"社員{n}", f"p{n}@example.com", "ja") for n in range(12)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    async with mail_server() as mailbox:
        mailbox.refuse_every_second_connection = True
        for minutes in range(24):
            result = await send(database, by_mail(mailbox), minutes=minutes)
            if not result.waiting:
                break
    assert result.waiting == 0
    assert sorted(mailbox.recipients) == sorted(mail for _, _, mail, _ in people)


async def test_one_refused_recipient_does_not_stop_the_others(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1", "M2", "E1", "N1", "X9")
    async with mail_server() as mailbox:
        mailbox.refuse["hanako@example.com"] = "550 no such user hanako@example.com"
        mailbox.refuse["taro@example.com"] = "452 mailbox full"
        assert await send(database, by_mail(mailbox)) == SendResult(sent=1, given_up=3, failed=1, waiting=1)
        assert mailbox.recipients == ["jane@example.com"]
        mailbox.refuse.clear()
        assert await send(database, by_mail(mailbox)) == SendResult(waiting=1), "it rests for a minute"
        assert await send(database, by_mail(mailbox), minutes=1) == SendResult(sent=1)
    assert mailbox.recipients == ["jane@example.com", "taro@example.com"]
    assert await errors(database) == {
        "M1": "smtp_550",
        "M2": None,
        "E1": None,
        "N1": "no_address",
        "X9": "no_such_person",
    }


async def test_a_server_that_is_down_loses_nothing_and_is_not_asked_for_each_mail(database: AsyncEngine) -> None:
    people = [(f"P{n}", f"社員{n}", f"p{n}@example.com", "ja") for n in range(40)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        result = await send(database, by_mail(mailbox))
        assert result == SendResult(failed=4, waiting=40, ready=36, down=("mail",), unreachable=True)
        assert mailbox.connections == 4
        await queue(database, "P0")
        mailbox.refuse_all_connections = False
        assert await send(database, by_mail(mailbox), minutes=1) == SendResult(sent=40)
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 40


async def test_a_mail_whose_record_was_lost_comes_at_most_once_more_and_as_the_same(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await employ(database)
    await queue(database, "M1", "M1")

    async def lost(*_: object) -> None:
        raise ConnectionError("the database went away")

    async with mail_server() as mailbox:
        with monkeypatch.context() as broken:
            broken.setattr(outbox, "record_sent", lost)
            with pytest.raises(ConnectionError):
                await send(database, by_mail(mailbox))
        await queue(database, "M1", theme="来てからの知らせ")
        assert await send(database, by_mail(mailbox)) == SendResult(sent=2)
        assert await send(database, by_mail(mailbox)) == SendResult()
    first, *others = mailbox.arrived
    [again] = [mail for mail in others if mail["Message-ID"] == first["Message-ID"]]
    assert mailbox.text_of(again) == mailbox.text_of(first)
    assert again["Subject"] == first["Subject"]
    [later] = [mail for mail in others if mail["Message-ID"] != first["Message-ID"]]
    assert "来てからの知らせ" in mailbox.text_of(later)


async def test_an_answer_lost_after_the_mail_was_taken_repeats_the_same_mail(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with mail_server() as mailbox:
        mailbox.hang_up_after_taking = True
        assert await send(database, by_mail(mailbox)) == SendResult(failed=1, waiting=1)
        mailbox.hang_up_after_taking = False
        assert await send(database, by_mail(mailbox)) == SendResult(waiting=1), "it rests for a minute"
        assert await send(database, by_mail(mailbox), minutes=1) == SendResult(sent=1)
    assert len(mailbox.message_ids) == 2
    assert len(set(mailbox.message_ids)) == 1


async def test_a_name_with_line_breaks_adds_no_header_and_no_recipient(database: AsyncEngine) -> None:
    await employ(
        database,
        [("M1", "花子\r\nBcc: all@example.com", "hanako@example.com", "ja"), ("M2", "太郎\nX-A: b", None, "ja")],
    )
    await queue(database, "M1", theme="テーマ\r\nBcc: all@example.com")
    async with mail_server() as mailbox:
        assert await send(database, by_mail(mailbox)) == SendResult(sent=1)
    assert mailbox.recipients == ["hanako@example.com"]
    assert mailbox.arrived[0]["Bcc"] is None
    assert "Bcc: all@example.com" in mailbox.arrived[0]["Subject"]


async def test_a_bug_that_one_message_meets_is_recorded_by_its_class_and_stops_nobody(database: AsyncEngine) -> None:
    class Fragile(Recording):
        async def send(self, message: Message) -> None:
            if message.to == "hanako@example.com":
                raise KeyError(message.to)
            await super().send(message)

    await employ(database)
    await queue(database, "M1", "M2")
    channel = Fragile()
    assert await send(database, channel) == SendResult(sent=1, failed=1, waiting=1)
    assert await errors(database) == {"M1": "unexpected_KeyError", "M2": None}


async def test_a_second_sender_leaves_the_work_to_the_first(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    channel = Recording()
    async with outbox.sender_lock(database):
        assert await send(database, channel) == SendResult(waiting=1, ready=1, unreachable=True)
    assert channel.sent == []
    assert await send(database, channel) == SendResult(sent=1)


async def test_no_more_than_four_messages_are_on_their_way_at_once(database: AsyncEngine) -> None:
    class Slow(Recording):
        on_their_way = most = 0

        async def send(self, message: Message) -> None:
            self.on_their_way += 1
            self.most = max(self.most, self.on_their_way)
            await asyncio.sleep(0.01)
            self.on_their_way -= 1
            await super().send(message)

    people = [(f"P{n}", f"社員{n}", None, "ja") for n in range(12)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    channel = Slow()
    assert await send(database, channel) == SendResult(sent=12)
    assert channel.most == 4


async def test_the_activity_fails_where_the_database_does_and_nothing_is_lost(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox RENAME TO away"))
    with pytest.raises(DBAPIError) as failed:
        await send(database, Recording())
    assert "example.com" not in str(failed.value).replace(MAIL_FROM, "")
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO outbox"))
    assert await send(database, Recording()) == SendResult(sent=1)


async def test_a_server_that_stays_down_is_asked_less_and_less_and_nothing_is_given_up(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    tried = []
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        for minutes in range(120):
            before = mailbox.connections
            await send(database, by_mail(mailbox), minutes=minutes)
            tried += [minutes] * (mailbox.connections - before)
        assert tried == [0, 1, 3, 8, 18, 48, 78, 108]
        mailbox.refuse_all_connections = False
        assert await send(database, by_mail(mailbox), minutes=138) == SendResult(sent=1)
    assert mailbox.recipients == ["hanako@example.com"]


async def test_a_recipient_who_is_refused_for_now_five_times_is_given_up_where_there_is_no_other_way(
    database: AsyncEngine,
) -> None:
    await employ(database)
    await queue(database, "M1")
    async with mail_server() as mailbox:
        mailbox.refuse["hanako@example.com"] = "452 mailbox full"
        for minutes in (0, 1, 3, 8):
            assert await send(database, by_mail(mailbox), minutes=minutes) == SendResult(failed=1, waiting=1)
        assert await send(database, by_mail(mailbox), minutes=18) == SendResult(given_up=1)
    [row] = await rows_of(database)
    assert (row.error, row.attempts, row.sent_at) == ("smtp_452", 5, None)


async def test_what_comes_while_a_message_rests_takes_it_along(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        await send(database, by_mail(mailbox))
        mailbox.refuse_all_connections = False
        await queue(database, "M1", theme="あとから来た知らせ")
        assert await send(database, by_mail(mailbox)) == SendResult(sent=1)
    assert "あとから来た知らせ" in mailbox.text_of(mailbox.arrived[0])
    assert [row.sent_at is not None for row in await rows_of(database)] == [True, True]


async def test_a_message_tells_how_things_are_when_it_is_written(database: AsyncEngine) -> None:
    await employ(database)
    await open_cycle(database, hr=("M2",))
    goal = await give_task(database, "M1", ["M1"], due_at=datetime.now(UTC) + timedelta(days=9), kind="draft")
    await queue(database, "M2", goal=goal, kind=NoticeKind.APPROVAL_REQUESTED, theme="請求書")
    await queue(database, "M2", goal=goal, kind=NoticeKind.RECALLED, theme="請求書")
    await queue(database, "M1", goal=goal, kind=NoticeKind.RETURNED, theme="請求書")
    async with mail_server() as mailbox:
        await send(database, by_mail(mailbox))
    assert mailbox.recipients == ["hanako@example.com"]  # the approver was asked and let go within a minute
    assert {row.channel for row in await rows_of(database, "M2")} == {"none"}


async def test_people_who_left_are_told_nothing(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1", "M2", theme="請求書")
    async with database.begin() as connection:
        yesterday = datetime.now(DIRECTORY_ZONE).date() - timedelta(days=1)
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == "M1").values(leaves=yesterday))
    async with mail_server() as mailbox:
        assert await send(database, by_mail(mailbox)) == SendResult(sent=1)
    assert mailbox.recipients == ["taro@example.com"]
    (row,) = await rows_of(database, "M1")
    assert (row.sent_at, row.gave_up_at) == (None, None)
    assert row.withdrawn_at is not None


async def test_what_people_wrote_is_read_when_the_message_is_written_and_the_outbox_holds_none_of_it(
    database: AsyncEngine,
) -> None:
    await employ(database)
    await open_cycle(database, hr=("M2",))
    goal = await give_task(
        database, "M1", ["M1"], due_at=datetime.now(UTC) + timedelta(days=9), kind="draft", theme="請求書"
    )
    values = {
        "goal_id": goal, "seq": 7, "revision": 1, "kind": "returned", "at": datetime.now(UTC), "actor": "M2", "command_id": "c",
        "body": {"kind": "returned", "comment": {"sha256": commit("00" * 16, "数字で書いてください")}},
        "texts": {"/comment": {"salt": "00" * 16, "text": "数字で書いてください"}}, "prev_hash": "a", "hash": "b",
    }  # fmt: skip
    async with database.begin() as connection:
        await connection.execute(insert(GoalEventRow), values)
    await queue(database, "M1", goal=goal, kind=NoticeKind.RETURNED, seq=7)
    (row,) = await rows_of(database, "M1")
    async with mail_server() as mailbox:
        await send(database, by_mail(mailbox))
    (mail,) = mailbox.arrived
    assert "請求書" in mailbox.text_of(mail)
    assert "数字で書いてください" in mailbox.text_of(mail)
    assert "数字" not in str(row.facts)


async def test_why_a_sign_off_was_refused_is_read_from_the_ledger_when_the_message_is_written(
    database: AsyncEngine,
) -> None:
    await employ(database)
    await open_cycle(database, hr=("M2",))
    goal = await give_task(database, "M1", ["M1"], due_at=datetime.now(UTC) + timedelta(days=9), kind="approval")
    refused = Event(
        seq=7, revision=1, at=datetime.now(UTC), actor=SYSTEM, command=CommandId("signal:1"),
        body=SignOffRefused(code=Code.PAUSED, fields={"reason": "長期の療養"}),
    ).salted(fresh_salts())  # fmt: skip
    values = {
        "goal_id": goal, "seq": 7, "revision": 1, "kind": refused.kind, "at": refused.at, "actor": refused.actor,
        "command_id": refused.command, "body": refused.json_form["body"], "texts": refused.texts, "prev_hash": "a", "hash": "b",
    }  # fmt: skip
    async with database.begin() as connection:
        await connection.execute(insert(GoalEventRow), values)
    await queue(database, "M1", goal=goal, kind=NoticeKind.SIGN_OFF_REFUSED, seq=7)
    async with mail_server() as mailbox:
        await send(database, by_mail(mailbox))
    (mail,) = mailbox.arrived
    assert "長期の療養" in mailbox.text_of(mail)
