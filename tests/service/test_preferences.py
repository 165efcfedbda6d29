"""Preferences for notices: valid values, and permissions."""

from datetime import time

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.preferences import Choice, Preferences, WrongPreference, masked
from storage import preferences
from storage.database import read_transaction
from storage.preferences import Preference
from storage.tables import CycleRow
from tests.activities.mailroom import employ, open_cycle
from tests.callers import by
from texts.say import say_both

ME, HR, OTHER = EmployeeId("M1"), EmployeeId("M2"), EmployeeId("E1")
WEBHOOK = "https://chat.example.com/services/T0/B0/SECRET"


async def chosen(engine: AsyncEngine, *, company_chat: bool = False) -> Preferences:
    await employ(engine)
    await open_cycle(engine, hr=(HR,))
    return Preferences(engine, company_chat=company_chat)


async def test_a_choice_is_kept_piece_by_piece_and_forgotten_as_a_whole(database: AsyncEngine) -> None:
    mine = await chosen(database)
    assert await mine.show(by(ME), ME) == Preference()
    await mine.choose(by(ME), ME, Choice(chat_url=WEBHOOK))
    await mine.choose(by(ME), ME, Choice(channel="chat"))
    assert await mine.choose(by(ME), ME, Choice(digest_at="08:30")) == Preference("chat", WEBHOOK, time(8, 30))
    assert await mine.show(by(HR), ME) == Preference("chat", WEBHOOK, time(8, 30))
    assert await mine.choose(by(HR), ME, Choice(channel="mail", reset=True)) == Preference("mail")
    assert await mine.choose(by(ME), ME, Choice(reset=True)) == Preference()
    assert await mine.show(by(ME), ME) == Preference()


async def test_it_is_for_the_person_and_for_hr_of_an_open_cycle(database: AsyncEngine) -> None:
    mine = await chosen(database)
    for asked in (mine.show(by(OTHER), ME), mine.choose(by(OTHER), ME, Choice(channel="mail"))):
        with pytest.raises(Refusal) as refused:
            await asked
        assert (refused.value.code, refused.value.fields["allowed"]) == (Code.NOT_ALLOWED, [HR])
    async with database.begin() as connection:
        await connection.execute(update(CycleRow).values(state="closed"))
    with pytest.raises(Refusal):
        await mine.choose(by(HR), ME, Choice(channel="mail"))
    assert await mine.show(by(ME), ME) == Preference()


async def test_who_is_not_in_the_directory_has_no_choice(database: AsyncEngine) -> None:
    mine = await chosen(database)
    with pytest.raises(Refusal):
        await mine.choose(by(EmployeeId("X9")), EmployeeId("X9"), Choice(channel="mail"))


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example.com/x", "http://127.0.0.1/x", "https://", "https:///x", "chat.example.com", "", "javascript:1",
        "https://chat.example.com/a b", "https://chat.example.com/\r\nX: y", "https://[", "https://チャット.example/x",
        "https://chat.example.com/" + "x" * 2000, "https://10.0.0.5/x", "https://169.254.169.254/x", "https://localhost/x", "https://chat/x",
    ],
)  # fmt: skip
async def test_a_webhook_that_cannot_be_one_is_refused_without_repeating_it(database: AsyncEngine, url: str) -> None:
    mine = await chosen(database)
    with pytest.raises(WrongPreference) as wrong:
        await mine.choose(by(ME), ME, Choice(chat_url=url))
    assert wrong.value.code == "wrong_chat_url"
    assert "chat.example.com" not in str(say_both(wrong.value.message))
    async with read_transaction(database) as connection:
        assert await preferences.find(connection, ME) == Preference()


@pytest.mark.parametrize("hour", ["25:00", "8", "08:61", "", "noon", "08:30:00", "８時"])
async def test_an_hour_that_there_is_not_is_refused(database: AsyncEngine, hour: str) -> None:
    mine = await chosen(database)
    with pytest.raises(WrongPreference) as wrong:
        await mine.choose(by(ME), ME, Choice(digest_at=hour))
    assert wrong.value.code == "wrong_hour"


async def test_chat_needs_a_webhook_unless_it_is_the_companys_way(database: AsyncEngine) -> None:
    mine = await chosen(database)
    with pytest.raises(WrongPreference) as wrong:
        await mine.choose(by(ME), ME, Choice(channel="chat"))
    assert wrong.value.code == "no_chat_url"
    theirs = Preferences(database, company_chat=True)
    assert await theirs.choose(by(ME), ME, Choice(channel="chat")) == Preference("chat")


def test_of_a_webhook_only_the_host_is_shown() -> None:
    assert masked(WEBHOOK) == "https://chat.example.com/…"
    assert masked(None) is None
