"""Chat over a real HTTP server: what is posted, the meaning of each answer, and that the address stays secret."""

import asyncio
import json
import logging
import socket
from datetime import UTC, datetime

import pytest

from channels import web
from channels.cards import escaped_json, for_slack, for_teams
from channels.chat import ChatChannel, WrongChatAddress
from channels.compose import Links, compose
from channels.message import Message, NotDeliverable, ServerUnavailable, TemporaryFailure
from channels.public_hosts import is_public_name, public_address
from domain.notices.notices import NoticeKind
from domain.values import Locale
from storage.outbox import QueuedNotice
from tests.channels.web_server import web_server

SENT = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)


def message(body: str = "佐藤 花子さん\n\n目標が承認されました。\n", to: str | None = None) -> Message:
    return Message(message_id="abc@example.com", to=to, subject="【Meguri】お知らせ1件", body=body)


def about(theme: str, count: int = 1, base: str | None = None, locale: Locale = Locale.JA) -> Message:
    notices = [
        QueuedNotice(f"k{n}", NoticeKind.COMMENTED, f"2026-q4.M0012.{n}", {"owner": "M0012", "theme": theme}, SENT)
        for n in range(count)
    ]
    return compose("M0003", notices, {}, locale, to=None, message_id="abc@example.com", links=Links(base))


async def test_slack_gets_blocks_a_text_for_the_notification_and_an_id_that_a_repeat_keeps() -> None:
    async with web_server() as desk:
        channel = ChatChannel(desk.url())
        await channel.send(message())
        await channel.send(message())
    first, second = desk.posted
    assert first.path == "/services/T0/B0/SECRET"
    assert first.headers["content-type"] == "application/json"
    assert first.headers["meguri-message-id"] == second.headers["meguri-message-id"] == "abc@example.com"
    assert first.json["text"] == "【Meguri】お知らせ1件"
    assert [block["type"] for block in first.json["blocks"]] == ["header", "section"]
    assert first.json["blocks"][1]["text"]["text"] == "佐藤 花子さん\n\n目標が承認されました。"


async def test_teams_gets_an_adaptive_card() -> None:
    async with web_server() as desk:
        await ChatChannel(desk.url(), "teams").send(message())
    [attachment] = desk.posted[0].json["attachments"]
    assert desk.posted[0].json["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"
    texts = [block["inlines"][0]["text"] for block in attachment["content"]["body"]]
    assert texts == ["【Meguri】お知らせ1件", "佐藤 花子さん", "目標が承認されました。"]


async def test_a_persons_own_webhook_goes_before_the_companys() -> None:
    async with web_server() as desk:
        await ChatChannel("https://chat.example.com/company", private_hosts=True).send(message(to=desk.url("/own")))
    assert [one.path for one in desk.posted] == ["/own"]


async def test_a_persons_own_webhook_must_not_lead_into_a_private_network() -> None:
    async with web_server() as desk:
        for host in ("127.0.0.1", "localhost", "127.0.0.1.nip.io", "[::1]", "2130706433"):
            url = desk.url("/own").replace("127.0.0.1", host)
            with pytest.raises((TemporaryFailure, NotDeliverable)):
                await ChatChannel("https://chat.example.com/company").send(message(to=url))
    assert desk.posted == []


async def test_a_name_that_leads_to_a_private_address_is_found_out_when_the_message_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with web_server() as desk:

        async def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(2, 1, 6, "", ("93.184.215.14", desk.port)), (2, 1, 6, "", ("127.0.0.1", desk.port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
        with pytest.raises(TemporaryFailure, match=r"^chat_host_not_public$"):
            await ChatChannel(None).send(message(to=f"https://chat.example.com:{desk.port}/own"))
    assert desk.posted == []


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("hooks.slack.com", True), ("93.184.215.14", True), ("[2606:2800:21f::1]", True),
        ("10.0.0.5", False), ("169.254.169.254", False), ("192.168.1.1", False), ("127.1", False), ("0x7f000001", False),
        ("127.0.0.0x1", False),
        ("2130706433", False), ("[::1]", False), ("[fd00::1]", False), ("[::ffff:127.0.0.1]", False), ("localhost", False),
        ("chat", False), ("chat.local", False), ("chat.internal", False), ("a.localhost.", False), ("", False),
        ("chat.home.arpa", False), ("home.arpa.example.com", True), ("224.0.0.1", False), ("[ff02::1]", False),
        ("[fec0::1]", False), ("[2002:7f00:1::]", False), ("[64:ff9b::a00:5]", False), ("[64:ff9b::5db8:d70e]", True),
        ("[::7f00:1]", False),
    ],
)  # fmt: skip
def test_a_host_is_public_by_its_name(host: str, public: bool) -> None:
    assert is_public_name(host) is public


@pytest.mark.parametrize(
    "address", ["fec0::1", "64:ff9b::a00:5", "2002:a00:5::", "::7f00:1", "ff02::1%eth0", "10.0.0.5"]
)
async def test_a_name_that_stands_for_a_private_address_in_any_form_is_not_public(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolved(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", (address, 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    assert await public_address("chat.example.com", 443) is None


async def test_a_host_is_written_to_at_its_first_address_and_not_at_all_if_it_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {"two.example.com": ["93.184.215.14", "93.184.215.15"], "none.example.com": []}

    async def resolved(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        if host not in known:
            raise socket.gaierror
        return [(2, 1, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    hosts = ("two.example.com", "none.example.com", "unknown.example.com")
    assert [await public_address(host, 443) for host in hosts] == ["93.184.215.14", None, None]


async def test_nobody_is_written_to_without_an_address() -> None:
    with pytest.raises(NotDeliverable, match=r"^no_address$"):
        await ChatChannel(None).send(message())


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example.com/x",
        "ftp://127.0.0.1/x",
        "https://:443",
        "https://[::1",
        "chat",
        "http://127.0.0.1.evil.example/x",
        "file:///etc/passwd",
    ],
)
async def test_an_address_in_the_clear_or_none_at_all_is_refused(url: str) -> None:
    with pytest.raises(NotDeliverable, match=r"^bad_address$"):
        await ChatChannel(None).send(message(to=url))
    with pytest.raises(WrongChatAddress, match="MEGURI_CHAT_URL") as refused:
        ChatChannel(url)
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, NotDeliverable) for status in (302, 400, 404, 410)),
        *((status, TemporaryFailure) for status in (408, 429, 500, 503)),
    ],
)
async def test_an_answer_says_whether_another_try_makes_sense(status: int, error: type[Exception]) -> None:
    async with web_server() as desk:
        desk.status = status
        desk.answer_headers = {"Location": desk.url("/elsewhere"), "Retry-After": "30"}
        with pytest.raises(error, match=rf"^chat_{status}$"):
            await ChatChannel(desk.url()).send(message())
    assert [one.path for one in desk.posted] == ["/services/T0/B0/SECRET"]  # no redirect is followed


async def test_where_nothing_listens_the_company_waits_and_a_person_is_on_their_own() -> None:
    async with web_server() as desk:
        url = desk.url()
    with pytest.raises(ServerUnavailable, match=r"^chat_unreachable$"):
        await ChatChannel(url).send(message())
    with pytest.raises(ServerUnavailable, match=r"^chat_unreachable$"):
        await ChatChannel(url).send(message(to=url))
    with pytest.raises(TemporaryFailure, match=r"^chat_unreachable$"):
        await ChatChannel("https://chat.example.com/company", private_hosts=True).send(message(to=url))


async def test_a_server_that_hangs_up_says_nothing_or_never_ends_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("channels.chat._TIMEOUT", 0.3)
    async with web_server() as desk:
        desk.hang_up = True
        with pytest.raises(TemporaryFailure, match=r"^chat_interrupted$"):
            await ChatChannel(desk.url()).send(message())
        desk.hang_up, desk.say_nothing = False, True
        with pytest.raises(TemporaryFailure, match=r"^chat_interrupted$"):
            await ChatChannel(desk.url()).send(message())
        desk.say_nothing, desk.mumble = False, True
        with pytest.raises(TemporaryFailure, match=r"^chat_interrupted$"):
            async with asyncio.timeout(5):
                await ChatChannel(desk.url()).send(message())


async def test_an_answer_without_end_is_not_waited_for() -> None:
    async with web_server() as desk:
        desk.talk_for_ever = True
        await ChatChannel(desk.url()).send(message())
    assert len(desk.posted) == 1


async def test_the_address_is_in_no_log_error_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with web_server() as desk:
        channel = ChatChannel(desk.url())
        await channel.send(message(to=desk.url()))
        desk.status = 500
        with pytest.raises(TemporaryFailure) as refused:
            await channel.send(message())
    assert "SECRET" not in caplog.text + repr(channel) + repr(message(to=desk.url())) + repr(refused.value)
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)


async def test_a_bad_address_that_only_the_client_finds_is_told_without_it() -> None:
    assert await web.post("https://exa mple.com\x00/", b"{}", {}, 1.0) == web.PostFailure.BAD_ADDRESS


def test_slack_takes_nothing_of_what_people_write_for_markup() -> None:
    card = for_slack(about("<!channel> & <https://evil.example|click>"))
    shown = card["text"] + "".join(block["text"]["text"] for block in card["blocks"][1:])
    assert "<" not in shown
    assert "&lt;!channel&gt; &amp; " in shown


def test_slack_makes_links_of_our_addresses_and_of_no_other() -> None:
    card = for_slack(about("https://evil.example", base="https://meguri.example.com"))
    shown = "".join(block["text"]["text"] for block in card["blocks"][1:])
    assert "<https://meguri.example.com/goals/2026-q4.M0012.0>" in shown
    assert "<https://evil" not in shown


def test_slack_gets_whole_lines_within_its_limits() -> None:
    lines = [f"{number} " + "&" * 300 for number in range(600)]
    card = for_slack(message("\n".join(lines)))
    sections = [block["text"]["text"] for block in card["blocks"][1:]]
    assert len(card["blocks"]) == 50
    assert max(map(len, sections)) <= 3000
    assert sections[-1] == "続きは Meguri でご覧ください。"
    told = "\n".join(sections[:-1]).split("\n")
    assert told == [line.replace("&", "&amp;") for line in lines[: len(told)]]


def test_slack_gets_a_line_that_is_too_long_without_half_an_escape() -> None:
    [_, section] = for_slack(message("&" * 4000))["blocks"]
    assert section["text"]["text"].removesuffix("…").replace("&amp;", "") == ""
    assert len(section["text"]["text"]) <= 3000


def test_slack_gets_no_empty_section() -> None:
    assert [block["type"] for block in for_slack(message(" \n\n "))["blocks"]] == ["header"]


@pytest.mark.parametrize("theme", ["とても長いテーマ" * 15, "x" * 110, "\U0001f600" * 60, '"\\' * 60])
def test_teams_gets_no_more_than_it_takes_and_says_that_there_is_more(theme: str) -> None:
    card = for_teams(about(theme, count=50).model_copy(update={"body": about(theme, count=50).body * 5}))
    assert 18_000 < len(escaped_json(card)) <= 20_000
    assert card["attachments"][0]["content"]["body"][-1]["inlines"][0]["text"] == "続きは Meguri でご覧ください。"


def test_teams_takes_nothing_of_what_people_write_for_a_link() -> None:
    card = for_teams(about("[click](https://evil.example)", base="https://meguri.example.com"))
    blocks = card["attachments"][0]["content"]["body"]
    assert {block["type"] for block in blocks} == {"RichTextBlock"}  # which knows no Markdown
    actions = [run["selectAction"]["url"] for block in blocks for run in block["inlines"] if "selectAction" in run]
    assert actions == [
        "https://meguri.example.com/goals/2026-q4.M0012.0",
    ]


def test_a_short_message_is_not_said_to_be_cut() -> None:
    for card in (for_slack(message()), for_teams(message())):
        assert "続きは" not in json.dumps(card, ensure_ascii=False)
