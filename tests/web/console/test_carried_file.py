"""A file in a field of a form: it comes back as it was, and nothing else comes back."""

import base64
import os
import zlib

import pytest

from domain.people.people_rows import MAX_BYTES
from web.console.carried_file import carried, uncarried

_PEOPLE = "社員番号,氏名\nM0001,森 香織\n".encode() * 2_000


def test_a_file_comes_back_as_it_was() -> None:
    assert uncarried(carried(_PEOPLE)) == _PEOPLE


def test_a_file_that_would_be_too_long_is_not_carried() -> None:
    assert carried(os.urandom(400_000)) == ""


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "あ",
        base64.b64encode(b"no zlib").decode(),
        carried(_PEOPLE)[:-8],
        base64.b64encode(zlib.compress(bytes(MAX_BYTES + 1))).decode(),
    ],
)
def test_what_is_no_such_value_is_none(value: str) -> None:
    assert uncarried(value) is None
