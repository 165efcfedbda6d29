"""The root of errors: every code has a status, and every class of error that people hear of derives from the root."""

from domain.errors import STATUS_OF, MeguriError, Status
from domain.refusals import Code, Refusal
from embedded.errors import EmbeddedError
from service.answers import NoAnswer
from service.connection import Unreachable
from service.preferences import WrongPreference
from service.search_attributes import Unprepared
from storage.migrate import OtherSchema

OTHERS = {
    "unreachable", "no_answer", "other_schema", "not_prepared", "local_server", "no_chat_url", "wrong_chat_url",
    "wrong_hour", "wrong_mail_server", "wrong_webhook", "wrong_hook_address", "wrong_hook_secret", "wrong_hook_key",
    "not_signed_in", "scope_missing", "seen_missing", "file_refused", "web_address_taken", "sign_in_failed", "nobodys_account",
    "not_of_this_site", "other_host", "provider_away", "wrong_sign_in", "session_needed", "nobody_answers", "logout_refused",
    "other_passkey", "link_over", "passkey_not_added", "unsent_changed",
    "many_leave", "other_comparison", "too_many_requests",
}  # fmt: skip


def test_every_code_of_a_refusal_has_one_status_and_no_other_code_is_in_the_table() -> None:
    assert set(STATUS_OF) == set(Code) | OTHERS
    assert not set(Code) & OTHERS


def test_the_rules_never_say_that_a_server_is_away() -> None:
    assert {STATUS_OF[code] for code in Code} == {
        Status.FORBIDDEN, Status.NOT_FOUND, Status.CONFLICT, Status.UNPROCESSABLE,
    }  # fmt: skip


def test_what_people_hear_of_has_one_root() -> None:
    for kind in (Refusal, Unreachable, NoAnswer, WrongPreference, OtherSchema, Unprepared, EmbeddedError):
        assert issubclass(kind, MeguriError)


def test_an_error_has_its_sentence_as_data_and_its_status() -> None:
    refused = Refusal(Code.UNKNOWN_CYCLE, cycle="q9")
    assert (refused.code, refused.status, refused.message.key) == ("unknown_cycle", 404, "refusal.unknown_cycle")
    assert str(refused) == "unknown_cycle (cycle: q9)"
    assert (OtherSchema(None, "1").status, NoAnswer(None, 30).status) == (500, 503)
