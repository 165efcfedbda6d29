"""The channel of a message whose first channel failed, and the notice to HR."""

from sqlalchemy.ext.asyncio import AsyncEngine

from storage import undelivered
from tests.activities.mailroom import (
    CYCLE,
    Recording,
    by_chat,
    by_mail,
    employ,
    now,
    open_cycle,
    prefer,
    queue,
    rows_of,
    send,
)
from tests.channels.mail_server import mail_server
from tests.channels.web_server import web_server
from workflows.delivery import SendResult


async def test_everybody_is_told_by_the_way_that_they_chose(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1", "M2", "N1")
    async with mail_server() as mailbox, web_server() as desk:
        await prefer(database, "M1", channel="chat", chat_url=desk.url("/hanako"))
        await prefer(database, "N1", chat_url=desk.url("/nobody"))
        assert await send(database, by_mail(mailbox), by_chat()) == SendResult(sent=3)
        assert mailbox.recipients == ["taro@example.com"]
        assert sorted(request.path for request in desk.posted) == ["/hanako", "/nobody"]
    assert {row.recipient_id: row.channel for row in await rows_of(database)} == {
        "M1": "chat", "M2": "mail", "N1": "chat",
    }  # fmt: skip


async def test_a_mail_address_that_is_refused_for_good_lets_the_message_go_by_chat_under_the_same_id(
    database: AsyncEngine,
) -> None:
    await employ(database)
    await queue(database, "M1", "M2")
    async with mail_server() as mailbox, web_server() as desk:
        await prefer(database, "M1", chat_url=desk.url("/hanako"))
        mailbox.refuse["hanako@example.com"] = "550 no such user"
        assert await send(database, by_mail(mailbox), by_chat()) == SendResult(sent=1, fell_back=1, waiting=1, ready=1)
        assert await send(database, by_mail(mailbox), by_chat()) == SendResult(sent=1)
        assert await send(database, by_mail(mailbox), by_chat()) == SendResult()
        [request] = desk.posted
    [row] = await rows_of(database, "M1")
    assert (row.channel, row.fell_back) == ("chat", "mail:smtp_550")
    assert request.headers["meguri-message-id"] == row.message_id


async def test_after_five_tries_the_other_way_is_taken_and_then_nothing_is_left(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with mail_server() as mailbox, web_server() as desk:
        await prefer(database, "M1", chat_url=desk.url("/hanako"))
        mailbox.refuse["hanako@example.com"] = "452 mailbox full"
        desk.status = 503
        for minutes in (0, 1, 3, 8):
            assert await send(database, by_mail(mailbox), by_chat(), minutes=minutes) == SendResult(failed=1, waiting=1)
        result = await send(database, by_mail(mailbox), by_chat(), minutes=18)
        assert result == SendResult(fell_back=1, waiting=1, ready=1)
        for minutes in (18, 19, 21, 26):
            assert await send(database, by_mail(mailbox), by_chat(), minutes=minutes) == SendResult(failed=1, waiting=1)
        assert await send(database, by_mail(mailbox), by_chat(), minutes=36) == SendResult(given_up=1)
        assert (mailbox.connections, len(desk.posted)) == (5, 5)
    [row] = await rows_of(database)
    assert (row.error, row.fell_back, row.sent_at, row.gave_up_at is None) == ("chat_503", "mail:smtp_452", None, False)


async def test_who_has_another_way_does_not_wait_for_a_mail_server_that_stays_down(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1", "M2")
    async with mail_server() as mailbox, web_server() as desk:
        await prefer(database, "M1", chat_url=desk.url("/hanako"))
        mailbox.refuse_all_connections = True
        for minutes in (0, 1, 3, 8, 18, 18, 48, 78):
            result = await send(database, by_mail(mailbox), by_chat(), minutes=minutes)
        assert (result.sent, result.waiting) == (0, 1)
        assert [request.path for request in desk.posted] == ["/hanako"]
        assert {row.recipient_id: row.fell_back for row in await rows_of(database)} == {
            "M1": "mail:smtp_unreachable", "M2": None,
        }  # fmt: skip
        mailbox.refuse_all_connections = False
        assert await send(database, by_mail(mailbox), by_chat(), minutes=108) == SendResult(sent=1)
    assert mailbox.recipients == ["taro@example.com"]


async def test_a_person_s_own_webhook_that_is_gone_falls_back_to_mail(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with mail_server() as mailbox, web_server() as desk:
        await prefer(database, "M1", channel="chat", chat_url=desk.url("/hanako"))
        desk.status = 410
        assert await send(database, by_mail(mailbox), by_chat()) == SendResult(fell_back=1, waiting=1, ready=1)
        assert await send(database, by_mail(mailbox), by_chat()) == SendResult(sent=1)
    assert mailbox.recipients == ["hanako@example.com"]


async def test_the_console_comes_last(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "N1", "M1")
    console = Recording("console")
    async with mail_server() as mailbox:
        mailbox.refuse["hanako@example.com"] = "550 no such user"
        result = await send(database, by_mail(mailbox), console, by_chat())
        assert result == SendResult(sent=1, fell_back=1, waiting=1, ready=1)
        assert await send(database, by_mail(mailbox), console, by_chat()) == SendResult(sent=1)
    assert len(console.sent) == 2


async def test_nobody_s_notices_reach_the_company_s_room_because_their_mail_failed(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with mail_server() as mailbox, web_server() as desk:
        mailbox.refuse["hanako@example.com"] = "550 no such user"
        assert await send(database, by_mail(mailbox), by_chat(desk.url())) == SendResult(given_up=1)
        assert desk.posted == []


async def test_what_was_given_up_is_sent_after_hr_puts_it_back(database: AsyncEngine) -> None:
    await employ(database)
    await open_cycle(database)
    await queue(database, "M1", "M1")
    async with mail_server() as mailbox:
        mailbox.refuse["hanako@example.com"] = "550 no such user"
        assert await send(database, by_mail(mailbox)) == SendResult(given_up=1)
        mailbox.refuse.clear()
        assert await send(database, by_mail(mailbox), minutes=1440) == SendResult(sent=1), "what tells HR"
        async with database.begin() as connection:
            assert await undelivered.put_back(connection, [CYCLE]) == 2
        assert await send(database, by_mail(mailbox), at=now()) == SendResult(sent=1)
        async with database.begin() as connection:
            assert await undelivered.put_back(connection, [CYCLE]) == 0
    assert mailbox.recipients == ["taro@example.com", "hanako@example.com"]
