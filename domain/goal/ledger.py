"""The chain: each event's hash is taken over the one before, so nothing can be altered, left out or moved unseen.

`hash = sha256(previous hash ‖ canonical JSON of the event)`, hexadecimal. The first event follows `genesis(goal_id)`, so a
chain cannot be passed off as another goal's. Canonical JSON: UTF-8, keys sorted, no white space, no key whose value is null.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from domain.values import GoalId


def canonical(event: dict[str, Any]) -> bytes:
    """The one spelling of an event (`Event.json_form`) that is hashed."""
    return json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def genesis(goal_id: GoalId) -> str:
    """What the first event is chained to."""
    return hashlib.sha256(goal_id.encode()).hexdigest()


def chain(previous: str, event: dict[str, Any]) -> str:
    """The event's hash."""
    return hashlib.sha256(previous.encode() + canonical(event)).hexdigest()


class Break(NamedTuple):
    """Where a chain does not hold: at `seq`, for `reason` (`gap`, `link` or `content`)."""

    seq: int
    reason: str


class Link(NamedTuple):
    """One row of a stored ledger."""

    seq: int
    event: dict[str, Any]
    prev_hash: str
    hash: str


def verify(goal_id: GoalId, links: Iterable[Link]) -> Break | None:
    """The first place at which a stored chain was altered, or None where all of it holds."""
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
