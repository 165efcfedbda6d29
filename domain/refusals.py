"""Every way in which the rules say no: a code and fields. The sentence for people is the text `refusal.<code>`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import JsonValue

from domain.errors import MeguriError
from domain.lifecycle import State
from domain.messages import FieldInput, Message, message


class Code(StrEnum):
    NOT_ALLOWED = "not_allowed"
    UNNAMED = "unnamed"
    SELF_APPROVAL = "self_approval"
    WRONG_STATE = "wrong_state"
    GOAL_CHANGED = "goal_changed"
    PAUSED = "paused"
    NOT_PAUSED = "not_paused"
    NOT_READY = "not_ready"
    NO_SUCH_STEP = "no_such_step"
    STEP_ALREADY_DONE = "step_already_done"
    STEP_NOT_DONE = "step_not_done"
    NOTHING_TO_UNDO = "nothing_to_undo"
    ALREADY_REVIEWED = "already_reviewed"
    WRONG_MEASURE = "wrong_measure"
    SELF_REVIEW_FIRST = "self_review_first"
    VERDICT_CONTRADICTS = "verdict_contradicts"
    COMMENT_REQUIRED = "comment_required"
    BONUS_TOO_HIGH = "bonus_too_high"
    DATE_OUTSIDE = "date_outside"
    NO_TASK = "no_task"
    OWNERS_TASK = "owners_task"
    NOT_ASSIGNED = "not_assigned"
    CYCLE_OVER = "cycle_over"
    DELEGATION = "delegation"
    NOT_DELEGATED = "not_delegated"
    INVALID = "invalid"
    UNKNOWN_GOAL = "unknown_goal"
    UNKNOWN_CYCLE = "unknown_cycle"
    CYCLE_BUSY = "cycle_busy"
    CYCLE_STATE = "cycle_state"
    NO_OPEN_CYCLE = "no_open_cycle"
    UNKNOWN_EMPLOYEE = "unknown_employee"
    UNKNOWN_DEPARTMENT = "unknown_department"
    NOT_IN_CYCLE = "not_in_cycle"
    SELECTION_EMPTY = "selection_empty"
    UNKNOWN_INSTRUCTION = "unknown_instruction"
    INSTRUCTION_TAKEN = "instruction_taken"
    INSTRUCTION_OVER = "instruction_over"
    INSTRUCTION_RUNNING = "instruction_running"
    NOTHING_FAILED = "nothing_failed"
    SYNC_RUNNING = "sync_running"
    DIRECTORY_CHANGED = "directory_changed"
    SYNC_INSTEAD = "sync_instead"
    UNKNOWN_COMMAND = "unknown_command"
    UNKNOWN_CAUSE = "unknown_cause"
    ADJUSTMENT_DOWN = "adjustment_down"
    WEIGHTED_FIXED = "weighted_fixed"
    ALREADY_SIGNED = "already_signed"
    REASSIGN_ONE = "reassign_one"
    NEWER_THAN_GOAL = "newer_than_goal"
    SUBORDINATE = "subordinate"
    OWN_GOALS_NOT_COVERED = "own_goals_not_covered"
    NOTHING_WRITTEN = "nothing_written"
    TOO_LARGE = "too_large"
    NOT_WORKED_ON = "not_worked_on"
    LEDGER_DIFFERS = "ledger_differs"
    ENTRY_FORGED = "entry_forged"
    COMMAND_ID_USED = "command_id_used"
    LEDGER_BEHIND = "ledger_behind"
    WORKFLOW_LOST = "workflow_lost"
    TOO_MUCH_WEIGHT = "too_much_weight"
    TOO_MANY_GOALS = "too_many_goals"
    UNKNOWN_PARENT = "unknown_parent"
    CIRCLE = "circle"
    UNKNOWN_PROBLEM = "unknown_problem"
    NO_SUCH_PROBLEM = "no_such_problem"
    PROBLEM_ANSWERED = "problem_answered"
    UNKNOWN_ENTRY = "unknown_entry"
    UNKNOWN_CATALOG_DEPARTMENT = "unknown_catalog_department"
    UNKNOWN_EXEMPLAR = "unknown_exemplar"
    NO_SUCH_ENTRY = "no_such_entry"
    TEXTS_IN_USE = "texts_in_use"
    OWNER_LEFT = "owner_left"
    OWNER_LEAVES = "owner_leaves"
    HR_BEGINS_GOALS = "hr_begins_goals"
    NO_PARTICIPANT = "no_participant"
    GOALS_PAUSED = "goals_paused"
    NO_MORE_GOALS = "no_more_goals"
    CARRIED_BEFORE = "carried_before"
    OTHER_OWNER = "other_owner"
    NO_SUCH_POST = "no_such_post"
    NO_SUCH_LESSON = "no_such_lesson"
    SAME_OWNER = "same_owner"
    OUTSIDE_LINE = "outside_line"
    NOT_NEXT_GOAL = "not_next_goal"
    HANDED_OVER = "handed_over"
    UNKNOWN_COMPANY = "unknown_company"
    UNKNOWN_IDENTITY = "unknown_identity"
    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_PASSKEY = "unknown_passkey"
    PASSKEYS_OFF = "passkeys_off"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 - a code
    UNKNOWN_HOOK = "unknown_hook"
    UNKNOWN_DELIVERY = "unknown_delivery"
    HOOK_EXISTS = "hook_exists"
    HOOK_ROTATED = "hook_rotated"
    HOOK_OF_SETTINGS = "hook_of_settings"
    HOOK_KEY_MISSING = "hook_key_missing"
    TOO_MANY_HOOKS = "too_many_hooks"
    WRONG_HOOK_URL = "wrong_hook_url"
    TOO_MANY_UNSENT = "too_many_unsent"
    UNKNOWN_PROGRAM = "unknown_program"
    PROGRAM_EXISTS = "program_exists"
    PROGRAM_ENDED = "program_ended"
    PROGRAM_ROLE = "program_role"
    CONTRIBUTOR_DECIDES = "contributor_decides"
    OWNER_CONTRIBUTES = "owner_contributes"
    NOBODY_DECIDES = "nobody_decides"
    UNKNOWN_CONTRIBUTOR = "unknown_contributor"
    UNKNOWN_RESOURCE = "unknown_resource"
    RESOURCE_TAKEN = "resource_taken"
    UNKNOWN_MANAGER = "unknown_manager"
    UNKNOWN_MEMBER = "unknown_member"


class Refusal(MeguriError):
    """The rules say no, and nothing changed. `message` is the sentence as data; texts/ says it in a language."""

    code: Code

    def __init__(self, code: Code, /, **fields: FieldInput) -> None:
        super().__init__(code, message(f"refusal.{code}", **fields))

    def __str__(self) -> str:
        return f"{self.code}{self.message.values}"

    @property
    def fields(self) -> dict[str, JsonValue]:
        """The values in the sentence, as they travel: strings, numbers, messages as objects, and lists of these."""
        form: dict[str, JsonValue] = self.message.model_dump(mode="json")["fields"]
        return form

    @classmethod
    def from_json(cls, code: str, fields: Mapping[str, JsonValue]) -> Self:
        """The refusal that travelled as its code and fields; raises `ValueError` where they are none."""
        travelled = Message.model_validate({"key": f"refusal.{Code(code)}", "fields": fields})
        return cls(Code(code), **travelled.fields)


def wrong_state(state: State, *possible: State) -> Refusal:
    """The command belongs to other states than the goal's."""
    return Refusal(Code.WRONG_STATE, state=state, possible=possible)
