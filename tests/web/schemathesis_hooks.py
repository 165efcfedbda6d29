"""What `schemathesis` is told about this API; tests/web/test_schemathesis.py starts it with this module."""

import json
from datetime import date
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core import NotSet

from domain.characters import NOT_STORABLE


@schemathesis.serializer("application/toml")
def send_toml(ctx: Any, value: Any) -> bytes:
    """A cycle file is sent as the text that it is."""
    return str(value).encode(errors="replace")


@schemathesis.hook
def filter_case(ctx: Any, case: Any) -> bool:
    """A file is a text, whatever it holds: sent with another type it would be the text of that."""
    return case.media_type not in {"application/toml", "text/csv"} or isinstance(case.body, str | bytes | NotSet)


_DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))  # of `domain.values.Day`, which the format cannot say
schemathesis.openapi.format("date", _DAYS.map(date.isoformat))


@schemathesis.check
def a_body_that_fits_the_document_is_read(ctx: Any, response: Any, case: Any) -> None:
    """The built-in check of accepted bodies cannot tell a refusal by the rules from a body that is not understood: both are 422."""
    if response.status_code != 422 or not _is_positive(case):
        return
    problem = response.json()
    # There: a rule about several fields; a character that is not stored, somewhere in the address.
    elsewhere = {"", case.body.get("kind") if isinstance(case.body, dict) else "", "path", "query"}
    wrong = [one for one in problem["errors"] if one["where"] not in elsewhere]
    if any(one["where"].endswith(("contributors", "content")) for one in wrong):
        return  # nobody is named twice, the owner keeps a share, who does a step has one: no schema says that
    if problem["code"] == "invalid" and wrong and not _has_texts_that_are_not_stored(case):
        raise AssertionError(f"the document allows what is not read: {json.dumps(wrong, ensure_ascii=False)}")


def _is_positive(case: Any) -> bool:
    return case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE


def _has_texts_that_are_not_stored(case: Any) -> bool:
    """Characters of control, and lines of several lines: no pattern of the document names them, its description does."""
    texts = list(_texts(case.body))
    return any(NOT_STORABLE.search(one) or len(one.splitlines()) > 1 for one in texts)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list | tuple) else []
