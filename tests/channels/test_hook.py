"""Ledger events for another system, over a real HTTP server, with the signature that receivers check."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from channels.hook import EventHook, WrongHookAddress, WrongHookSecret, signature, verify
from channels.message import NotDeliverable, ServerUnavailable, TemporaryFailure
from tests.channels.web_server import Receiver, web_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
BODY = '{"type":"approved","theme":"請求書"}'.encode()


def hook(desk: Receiver) -> EventHook:
    return EventHook(desk.url(), SECRET)


def test_the_signature_is_that_of_the_specifications_own_example() -> None:
    signed = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_an_event_arrives_as_it_is_with_its_id_and_a_signature_that_holds() -> None:
    async with web_server() as desk:
        await hook(desk).send("2026-q4.M0012.1#5", BODY, NOW)
    [got] = desk.posted
    assert got.body == BODY
    assert got.headers["webhook-id"] == "2026-q4.M0012.1#5"
    assert got.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert got.headers["content-type"] == "application/json"
    assert verify(SECRET, got.headers, got.body, NOW)


def headers(**changes: str) -> dict[str, str]:
    said = {
        "Webhook-Id": "e#1",
        "Webhook-Timestamp": str(int(NOW.timestamp())),
        "Webhook-Signature": signature(SECRET, "e#1", int(NOW.timestamp()), BODY),
    }
    return said | {name.replace("_", "-"): value for name, value in changes.items()}


def test_a_receiver_takes_what_is_ours_whatever_the_case_of_the_headers_and_among_other_signatures() -> None:
    assert verify(SECRET, headers(), BODY, NOW)
    several = f"v1a,c29tZQ== v1,wrong {headers()['Webhook-Signature']}"
    assert verify(SECRET, headers(Webhook_Signature=several), BODY, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"Webhook_Id": "e#2"},
        {"Webhook_Timestamp": str(int(NOW.timestamp()) + 1)},
        {"Webhook_Timestamp": "9" * 400},
        {"Webhook_Timestamp": "9" * 12},
        {"Webhook_Timestamp": "9" * 5000},
        {"Webhook_Timestamp": "-" + "9" * 30},
        {"Webhook_Timestamp": "soon"},
        {"Webhook_Signature": "v1,é"},
        {"Webhook_Signature": "\ud800"},
        {"Webhook_Signature": ""},
        {"Webhook_Signature": "v2," + signature(SECRET, "e#1", int(NOW.timestamp()), BODY)[3:]},
    ],
)
def test_a_receiver_refuses_what_was_altered_and_never_fails(changes: dict[str, str]) -> None:
    assert not verify(SECRET, headers(**changes), BODY, NOW)


def test_a_receiver_refuses_another_body_another_key_and_missing_headers() -> None:
    assert not verify(SECRET, headers(), BODY + b" ", NOW)
    assert not verify("whsec_" + "QUFB" * 8, headers(), BODY, NOW)
    assert not verify(SECRET, {}, BODY, NOW)


def test_a_receiver_refuses_what_is_too_old_or_from_the_future() -> None:
    minute = timedelta(minutes=1)
    assert [
        verify(SECRET, headers(), BODY, NOW + late) for late in (-6 * minute, -5 * minute, 5 * minute, 6 * minute)
    ] == [
        False,
        True,
        True,
        False,
    ]
    assert verify(SECRET, headers(), BODY, NOW + 6 * minute, tolerance=7 * minute)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (410, NotDeliverable),
        (404, TemporaryFailure),
        (302, TemporaryFailure),
        (429, TemporaryFailure),
        (500, TemporaryFailure),
    ],
)
async def test_only_a_receiver_that_is_gone_is_given_up(status: int, error: type[Exception]) -> None:
    async with web_server() as desk:
        desk.status = status
        desk.answer_headers = {"Location": desk.url("/elsewhere")}
        with pytest.raises(error, match=rf"^hook_{status}$"):
            await hook(desk).send("e#1", BODY, NOW)
    assert len(desk.posted) == 1


async def test_a_receiver_that_is_not_there_or_hangs_up_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.hook._TIMEOUT", 0.3)
    async with web_server() as desk:
        for trouble in ("hang_up", "say_nothing"):
            setattr(desk, trouble, True)
            with pytest.raises(TemporaryFailure, match=r"^hook_interrupted$"):
                await hook(desk).send("e#1", BODY, NOW)
            setattr(desk, trouble, False)
    with pytest.raises(ServerUnavailable, match=r"^hook_unreachable$"):
        await hook(desk).send("e#1", BODY, NOW)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all!", "whsec_日本語", "ab\ud800"]
)
def test_a_key_that_cannot_be_one_is_found_at_once_and_not_repeated(secret: str) -> None:
    with pytest.raises(WrongHookSecret, match="MEGURI_HOOK_SECRET") as refused:
        EventHook("https://example.com/hook", secret)
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["", "example.com/SECRET", "ftp://example.com/SECRET", "https:///SECRET", "https://[::1"]
)
def test_an_address_that_is_none_is_found_at_once_and_not_repeated(url: str) -> None:
    with pytest.raises(WrongHookAddress, match="MEGURI_HOOK_URL") as refused:
        EventHook(url, SECRET)
    assert "SECRET" not in str(refused.value)


async def test_neither_address_nor_key_is_in_a_log_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with web_server() as desk:
        ours = hook(desk)
        await ours.send("e#1", BODY, NOW)
    assert "SECRET" not in caplog.text + repr(ours)
    assert SECRET not in caplog.text + repr(ours)
