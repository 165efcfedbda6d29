"""The root of all errors that people are told about: a code, a sentence as data, and a status.

`STATUS_OF` is the one table of codes. A door makes its answer of the status: an exit code, an HTTP status.
"""

from collections.abc import Mapping
from enum import IntEnum

from domain.messages import Message


class Status(IntEnum):
    """The class of an error, by the numbers of HTTP."""

    UNAUTHENTICATED = 401  # nobody was let in
    FORBIDDEN = 403  # the caller may not do this
    NOT_FOUND = 404  # what the caller named does not exist
    MISDIRECTED = 421  # the request names another host
    PRECONDITION_REQUIRED = 428  # the request must say which version it is about
    TOO_MANY = 429  # later it is possible again
    CONFLICT = 409  # not possible in the present state; it may be possible in another
    UNPROCESSABLE = 422  # what the caller sent is wrong
    MISCONFIGURED = 500  # the installation must be corrected
    UNAVAILABLE = 503  # a server does not answer; trying again later may help


STATUS_OF: Mapping[str, Status] = {
    code: status
    for status, codes in {
        Status.UNAUTHENTICATED: ("not_signed_in", "sign_in_failed"),
        Status.FORBIDDEN: (
            "scope_missing", "session_needed", "nobody_answers", "not_of_this_site", "nobodys_account", "not_allowed", "unnamed",
            "self_approval", "not_delegated", "own_goals_not_covered", "subordinate", "owner_left", "other_passkey",
            "already_signed", "contributor_decides", "hr_begins_goals", "outside_line",
        ),
        Status.NOT_FOUND: (
            "unknown_goal", "unknown_cycle", "unknown_employee", "unknown_department", "unknown_company", "unknown_instruction",
            "unknown_entry", "unknown_catalog_department", "unknown_exemplar", "no_such_entry", "no_such_problem", "no_such_lesson",
            "unknown_token", "unknown_identity", "unknown_session", "unknown_resource", "unknown_hook", "unknown_delivery", "unknown_program",
            "unknown_passkey", "link_over",
        ),
        Status.CONFLICT: (
            "wrong_state", "goal_changed", "paused", "not_paused", "step_already_done", "step_not_done", "nothing_to_undo",
            "already_reviewed", "newer_than_goal", "self_review_first", "no_task", "not_assigned", "reassign_one", "cycle_over", "cycle_busy", "cycle_state",
            "no_open_cycle", "instruction_taken", "instruction_over", "instruction_running", "nothing_failed", "sync_running",
            "directory_changed", "other_comparison", "many_leave", "sync_instead", "not_worked_on", "ledger_differs", "too_much_weight", "too_many_goals",
            "texts_in_use", "problem_answered", "entry_forged", "command_id_used", "ledger_behind", "workflow_lost",
            "goals_paused", "no_more_goals", "carried_before", "not_next_goal", "handed_over", "resource_taken", "hook_exists",
            "hook_rotated", "hook_of_settings", "hook_key_missing", "too_many_hooks", "program_exists", "program_ended",
            "passkeys_off", "too_many_unsent", "unsent_changed",
        ),
        Status.UNPROCESSABLE: (
            "not_ready", "no_such_step", "wrong_measure", "verdict_contradicts", "owner_leaves", "comment_required", "bonus_too_high",
            "date_outside", "owners_task", "delegation", "invalid", "not_in_cycle", "selection_empty",
            "unknown_command", "unknown_cause", "adjustment_down", "unknown_parent", "circle", "unknown_problem", "no_such_post",
            "too_large", "weighted_fixed", "nothing_written", "no_chat_url", "wrong_chat_url", "wrong_hour",
            "no_participant", "other_owner", "same_owner", "owner_contributes", "nobody_decides", "unknown_contributor",
            "file_refused", "unknown_manager", "unknown_member", "wrong_hook_url", "program_role", "logout_refused",
            "passkey_not_added",
        ),
        Status.TOO_MANY: ("too_many_requests",),
        Status.PRECONDITION_REQUIRED: ("seen_missing",),
        Status.MISDIRECTED: ("other_host",),
        Status.MISCONFIGURED: (
            "other_schema", "not_prepared", "local_server", "wrong_mail_server", "wrong_webhook",
            "wrong_hook_address", "wrong_hook_secret", "wrong_hook_key", "web_address_taken", "wrong_sign_in",
        ),
        Status.UNAVAILABLE: ("unreachable", "no_answer", "provider_away"),
    }.items()
    for code in codes
}  # fmt: skip


class MeguriError(Exception):
    """An error that is shown to people. `message` is the sentence as data; texts/ says it in a language."""

    def __init__(self, code: str, message: Message) -> None:
        self.code = code
        self.message = message
        super().__init__(str(message))

    @property
    def status(self) -> Status:
        return STATUS_OF[self.code]
