"""`ETag` and `If-Match`: the number of the goal's last ledger entry, so that nobody decides on what they did not see."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from domain.errors import MeguriError
from domain.messages import message

_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')  # a proxy that compresses answers makes the tag a weak one


class SeenMissing(MeguriError):
    """The request does not say which version of the goal its sender saw."""

    def __init__(self) -> None:
        super().__init__("seen_missing", message("error.seen_missing"))


def _seen(
    if_match: Annotated[
        str | None,
        Header(
            description='the `ETag` of the goal as it was read, such as `"12"`',
            examples=['"12"'],
            json_schema_extra={"pattern": f"^{_TAG.pattern}$"},
        ),
    ] = None,
) -> int | None:
    """The version that the sender saw. `*` and anything else that names no version counts as missing."""
    found = _TAG.fullmatch(if_match or "")
    return int(found[1]) if found else None


def _required(seen: Annotated[int | None, Depends(_seen)]) -> int:
    if seen is None:
        raise SeenMissing
    return seen


Seen = Annotated[int, Depends(_required)]


def tag(response: Response, seq: int) -> None:
    """Says which version the answer shows."""
    response.headers["ETag"] = f'"{seq}"'
