"""The hash chain: each event's hash includes the previous hash, so a changed, missing or moved event is found.

`hash = sha256(previous hash ‖ canonical JSON of the event)`, hexadecimal. The first event follows `genesis(goal_id)`, so
the chain of one goal cannot be used as another goal's. Canonical JSON: UTF-8, keys sorted, no white space, no key whose value is null.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from domain.values import GoalId


def canonical(event: dict[str, Any]) -> bytes:
    """The bytes of an event (`Event.json_form`) that are hashed."""
    return json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def genesis(goal_id: GoalId) -> str:
    """The previous hash of the first event."""
    return hashlib.sha256(goal_id.encode()).hexdigest()


def chain(previous: str, event: dict[str, Any]) -> str:
    """The event's hash."""
    return hashlib.sha256(previous.encode() + canonical(event)).hexdigest()


class Break(NamedTuple):
    """The first entry at which a chain is broken: its `seq` and the `reason` (`gap`, `link` or `content`)."""

    seq: int
    reason: str


class Link(NamedTuple):
    """One row of a stored ledger."""

    seq: int
    event: dict[str, Any]
    prev_hash: str
    hash: str


def verify(goal_id: GoalId, links: Iterable[Link]) -> Break | None:
    """The first entry at which a stored chain is broken; None if the whole chain is correct."""
    previous = genesis(goal_id)
    for expected, link in enumerate(links, start=1):
        if link.seq != expected:
            return Break(expected, "gap")
        if link.prev_hash != previous:
            return Break(expected, "link")
        if chain(previous, link.event) != link.hash:
            return Break(expected, "content")
        previous = link.hash
    return None
