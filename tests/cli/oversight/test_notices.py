"""The commands `meguri notices` and `meguri prefer`."""

import asyncio
import json

import typer
from typer.testing import CliRunner, Result

from cli.people.preferences import prefer
from tests.cli.office import HARA, HR, MORI, Office

ALONE = typer.Typer()
ALONE.command()(prefer)
WEBHOOK = "https://chat.example.com/services/T0/SECRET"


async def choose(office: Office, *words: str, stdin: str | None = None, **env: str) -> Result:
    runner = CliRunner(env={**office.env, **env})
    return await asyncio.to_thread(runner.invoke, ALONE, list(words), input=stdin)


async def failing(office: Office) -> None:
    """Writes notices with each kind of result directly into the outbox."""
    await office.alter(
        "DELETE FROM outbox",
        """
        INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at, message_id, sent_at, gave_up_at,
                            error, fell_back, channel)
        VALUES ('a', 'E10', 'q4', 'q4/E10/1', 'approved', '{}', now(), '1@x', now(), NULL, NULL, NULL, 'mail'),
               ('b', 'E10', 'q4', 'q4/E10/1', 'approved', '{}', now(), '2@x', now(), NULL, NULL, 'mail:smtp_550', 'chat'),
               ('c', 'E11', 'q4', 'q4/E11/1', 'approved', '{}', now(), '3@x', NULL, now(), 'no_address', NULL, NULL)
        """,
    )


async def test_notices_are_counted_and_the_failed_ones_listed_with_their_codes(office: Office) -> None:
    await failing(office)
    assert await office.done("notices") == "2 sent, 0 waiting, 1 given up, 1 another way, 0 withdrawn\n"
    assert "送信済み 2" in await office.done("notices", "q4", MEGURI_LOCALE="ja")
    listed = await office.done("notices", "q4", "--failed")
    assert "no_address" in listed
    assert "mail:smtp_550" in listed
    told = await office.told("notices", "--failed")
    assert {(one["recipient"], one["code"], one["fell_back"], one["channel"]) for one in told["failed"]} == {
        (MORI, None, "mail:smtp_550", "chat"), (HARA, "no_address", None, None),
    }  # fmt: skip
    assert told["events"] == []
    assert (told["counts"]["sent"], told["counts"]["given_up"]) == (2, 1)
    assert "cycle q9 was not found" in await office.refused("notices", "q9")


async def test_an_event_that_another_system_did_not_take_is_listed(office: Office) -> None:
    await office.alter(
        "INSERT INTO hook_event (goal_id, seq, attempts, error, gave_up_at) VALUES ('q4/E10/1', 1, 60, 'hook_500', now())"
    )
    [event] = (await office.told("notices", "--failed"))["events"]
    assert (event["goal"], event["seq"], event["code"]) == (f"q4/{MORI}/1", 1, "hook_500")
    assert "hook_500" in await office.done("notices", "--failed")
    assert (await office.told("notices", "retry", "q4", "--as", HR))["entry_count"] == 1


async def test_hr_has_them_tried_again_and_nobody_else(office: Office) -> None:
    await failing(office)
    assert f"森 香織 ({MORI}) may not do this; 西村 直美 ({HR}) may" in await office.refused(
        "notices", "retry", "--as", MORI
    )
    assert await office.told("notices", "retry", "--as", HR) == {"notice_count": 1, "entry_count": 0}
    assert (await office.told("notices", "show", "q4"))["counts"]["waiting"] == 1


async def test_a_person_chooses_and_sees_the_choice_without_its_secret(office: Office) -> None:
    done = await choose(
        office, MORI, "--channel", "chat", "--chat-url", "-", "--digest-at", "08:30", "--as", MORI, stdin=f"{WEBHOOK}\n"
    )
    assert (done.exit_code, done.stderr) == (0, "")
    shown = await choose(office, MORI, "--as", HR, "--json")
    assert json.loads(shown.stdout) == {
        "employee": MORI, "channel": "chat", "chat_url": "https://chat.example.com/…", "digest_at": "08:30",
    }  # fmt: skip
    reset = await choose(office, MORI, "--reset", "--as", MORI)
    assert reset.stdout == f"{MORI}: by company default, digest at the opening hour, own chat none\n"
    japanese = await choose(office, MORI, "--as", MORI, MEGURI_LOCALE="ja")
    assert japanese.stdout == f"{MORI}: 届け方 会社の既定、まとめ 始業時刻、自分のチャット なし\n"


async def test_what_does_not_fit_is_refused_in_the_reader_s_language(office: Office) -> None:
    for words, en, ja in (
        (("--channel", "chat", "--as", MORI), "--chat-url", "--chat-url"),
        (("--chat-url", "http://x", "--as", MORI), "https://", "https://"),
        (("--digest-at", "noon", "--as", MORI), "HH:MM", "HH:MM"),
        (("--channel", "mail", "--as", HARA), "may not do this", "行えません"),
    ):
        english, japanese = await choose(office, MORI, *words), await choose(office, MORI, *words, MEGURI_LOCALE="ja")
        assert (english.exit_code, japanese.exit_code, english.stdout) == (1, 1, "")
        assert en in english.stderr
        assert ja in japanese.stderr
    unknown = await choose(office, "X99", "--as", "X99", "--json")
    assert json.loads(unknown.stdout)["error"]["code"] == "unknown_employee"
    wrong = await choose(office, MORI, "--digest-at", "noon", "--as", MORI, "--json")
    assert json.loads(wrong.stdout)["error"]["code"] == "wrong_hour"
