"""What does not fit a model, as messages: pydantic's errors and our validators' own, without pydantic's English.

Each is the text `problem.<type>`. Values are never repeated but for a short name: one may be a megabyte.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.messages import Message, message
from domain.refusals import Code, Refusal
from domain.typed_days import NotADay, NotADayBecause

_UNION_TAGS = frozenset({"numeric", "qualitative"})  # pydantic puts the kind of measure into the path; people do not
_QUOTED = re.compile(r"'([^']*)'")
_LONGEST = 40  # characters of a name that a message repeats

# The parts of pydantic's context that the sentences use; numbers, and names in quotes as `expected` lists them.
_NUMBERS = frozenset(
    {"gt", "ge", "lt", "le", "min_length", "max_length", "max_digits", "decimal_places", "whole_digits", "multiple_of"}
)
_LISTS = frozenset({"expected", "expected_tags"})
_SAME = {
    "int_type": "int_parsing", "int_from_float": "int_parsing", "int_parsing_size": "int_parsing",
    "float_type": "decimal_parsing", "float_parsing": "decimal_parsing", "decimal_type": "decimal_parsing",
    "finite_number": "decimal_parsing", "bool_type": "bool_parsing",
    "date_type": "date_parsing", "date_from_datetime_parsing": "date_parsing", "date_from_datetime_inexact": "date_parsing",
    "datetime_type": "datetime_parsing", "datetime_from_date_parsing": "datetime_parsing",
    "datetime_object_invalid": "datetime_parsing", "timezone_aware": "datetime_parsing",
    "time_type": "time_parsing", "string_sub_type": "string_type", "string_unicode": "string_type",
    "list_type": "tuple_type", "set_type": "tuple_type", "frozen_set_type": "tuple_type",
    "model_type": "dict_type", "model_attributes_type": "dict_type", "mapping_type": "dict_type",
    "literal_error": "enum", "json_type": "json_invalid", "union_tag_not_found": "missing",
}  # fmt: skip
TYPES = frozenset(
    {
        *_SAME.values(), "missing", "extra_forbidden", "string_too_short", "string_too_long", "string_pattern_mismatch",
        "greater_than", "greater_than_equal", "less_than", "less_than_equal", "decimal_max_digits", "decimal_max_places",
        "decimal_whole_digits", "too_long", "too_short", "union_tag_invalid",
    }
)  # fmt: skip
# What our own validators raise (`domain.values.unfit`).
OWN = frozenset(
    {
        "not_storable", "not_one_line", "time_with_zone", "not_an_address", "zone_unknown", "ladder_order", "stages_count", "no_stage_always", "department_without_title", "head_and_title", "all_and_title", "all_needs_two", "not_a_signer", "company_or_department", "dates_order", "reviews_order",
        "review_outside", "no_ladder", "no_cycle_name", "too_many_days_off", "nothing_to_extend", "two_endings", "reassigned_in_one_way", "unknown_rule", "not_a_renaming",
        "contributor_twice", "shares_too_large", "step_by_nobody", "draft_contributors",
        *NotADayBecause,
    }
)  # fmt: skip
OTHER = "other"
UNKNOWN_KEY = "problem.extra_forbidden"


_MOST = 5  # problems that a refusal names


def day_problem(error: NotADay) -> Message:
    """Why a text is not read as a day, and how to write it."""
    return message(f"problem.{error.why}", day=error.meant or "")


class Problem(NamedTuple):
    """What does not fit, and where: a path as people write it (`steps[0].due`), empty for the whole."""

    where: str
    message: Message


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Every problem of the error, in pydantic's order."""
    for details in error.errors(include_url=False, include_input=False):
        yield Problem(place_of(details["loc"]), problem_of(details))


def invalid(error: ValidationError, where: str = "") -> Refusal:
    """The refusal that names what does not fit a model, and where. `where` is the place of a value without a place of its own."""
    found = [
        message("part.finding", where=problem.where or where, finding=problem.message)
        if problem.where or where
        else problem.message
        for problem in problems_of(error)
    ]
    more = message("part.more", n=len(found) - _MOST) if len(found) > _MOST else ""
    return Refusal(Code.INVALID, problems=found[:_MOST], more=more)


def problem_of(details: ErrorDetails) -> Message:
    """The message of one error; `problem.other` for a type that has no sentence of its own."""
    kind = _SAME.get(details["type"], details["type"])
    if kind in OWN:
        return message(f"problem.{kind}", **details.get("ctx", {}))
    return message(f"problem.{kind if kind in TYPES else OTHER}", **_fields(details.get("ctx", {})))


def _fields(context: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: str(value) for name, value in context.items() if name in _NUMBERS}
    lists = {name: _QUOTED.findall(str(value)) for name, value in context.items() if name in _LISTS}
    return numbers | lists | ({"tag": str(context["tag"])[:_LONGEST]} if "tag" in context else {})


def place_of(path: Sequence[str | int]) -> str:
    """As people write it: `steps[0].due`."""
    keys = [key for n, key in enumerate(path) if not (key in _UNION_TAGS and n and path[n - 1] == "measure")]
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
