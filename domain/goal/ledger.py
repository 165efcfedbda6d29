"""The hash chain: each event's hash includes the previous hash, so a changed, missing or moved event is found.

`hash = sha256(previous hash ‖ canonical JSON of the event)`, hexadecimal. The first event follows `genesis(goal_id)`, so
the chain of one goal cannot be used as another goal's. Canonical JSON: UTF-8, keys sorted, no white space, no key whose value is null.

The event that is hashed holds commitments in the place of texts (domain/commitments.py), so the chain is verified without the
texts. What a ledger stores beside it, the texts among it, is compared with it: `verify_beside`.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from domain.commitments import Texts, commitments_in, commitments_to
from domain.lifecycle import EventKind
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
    """The first entry at which a ledger is broken: its `seq` and the `reason`.

    Of the chain: `gap`, `link` or `content`; of a log of the journal also `head` (the log does not end where its head says).
    Of what is stored beside it: `kind` (the column), `time` (of recording), `text` (a text that was altered, or is missing
    without an erasure), `erasure` (a text that was erased is there).
    """

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


class Beside(NamedTuple):
    """What a ledger stores beside the hashed form of an entry.

    `body` is the hashed form of the event's body, `kind` the column of that name. `texts` is None if the entry has none, or
    they were erased. `is_sealed` says whether the time of recording agrees with its own hash.
    """

    seq: int
    body: dict[str, Any]
    kind: str
    texts: Texts | None
    is_sealed: bool


def verify_beside(entries: Iterable[Beside]) -> Break | None:
    """The first entry whose hashed form does not agree with what is stored beside it; None if all agree."""
    listed = list(entries)
    erased = _erased_entries(listed)
    return next((Break(one.seq, reason) for one in listed if (reason := _differs(one, erased))), None)


def _erased_entries(entries: Iterable[Beside]) -> set[int]:
    """The numbers of the entries whose texts were erased, as later entries say."""
    return {
        seq
        for one in entries
        if one.body.get("kind") == EventKind.TEXTS_ERASED
        for seq in one.body.get("entries", ())
        if isinstance(seq, int) and seq < one.seq
    }


def _differs(entry: Beside, erased: Collection[int]) -> str | None:
    if entry.kind != entry.body.get("kind"):
        return "kind"
    if not entry.is_sealed:
        return "time"
    if entry.seq in erased:
        return None if entry.texts is None else "erasure"
    made = {} if entry.texts is None else commitments_to(entry.texts)
    return None if made == commitments_in(entry.body) else "text"


def seal(own_hash: str, recorded_at: datetime) -> str:
    """The hash that covers the time of recording: `sha256(hash of the entry ‖ time)`. A trigger computes it too."""
    moment = f"{recorded_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return hashlib.sha256(f"{own_hash}{moment}".encode()).hexdigest()
