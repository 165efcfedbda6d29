"""The journal: append-only logs of writes that concern no single goal, chained in the same way as the goals' ledgers.

There is one log, with a chain of its own, for each kind of record. What a person wrote, and names and mail addresses, enter
the hash as salted commitments (domain/commitments.py); texts and salts stand beside the hashed form.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from domain.commitments import commit, commitments_in, commitments_to
from domain.goal.ledger import Break, chain, genesis
from domain.values import GoalId

TEXTS_ERASED = "texts_erased"  # the kind of an entry that says whose texts were erased: `{"entries": [number, …]}`
OPERATOR = "@operator"  # the actor of an operator who gave no id


class Log(StrEnum):
    """The logs; each has a chain of its own."""

    DELEGATIONS = "delegations"
    DIRECTORY = "directory"
    HEARINGS = "hearings"
    INSTRUCTIONS = "instructions"
    PREFERENCES = "preferences"
    TOKENS = "tokens"
    IDENTITIES = "identities"  # accounts at a provider, bound to people; passkeys
    ROLES = "roles"
    PROVISIONING = "provisioning"  # by SCIM
    HOOKS = "hooks"  # receivers of events
    PROGRAMS = "programs"  # accounts of programs
    LOOKS = "looks"  # of auditors


class Entry(NamedTuple):
    """One entry as it is stored. `body` is in its hashed form; `texts` are by place."""

    seq: int
    at: datetime
    actor: str
    kind: str
    body: dict[str, Any]
    texts: Mapping[str, Mapping[str, str]]
    prev_hash: str
    hash: str


def first_hash(log: Log) -> str:
    """The previous hash of a log's first entry."""
    return genesis(_chain_id(log))


def make_entry(
    log: Log,
    previous: tuple[int, str] | None,
    *,
    at: datetime,
    actor: str,
    kind: str,
    facts: Mapping[str, Any],
    texts: Mapping[str, tuple[str, str]],
) -> Entry:
    """The entry that follows `previous` (number and hash of the last entry; None for the first entry).

    `facts` is JSON without personal texts. `texts` holds pairs of salt and text by name; a name is not in `facts` as well.
    """
    number, head = previous or (0, first_hash(log))
    body = dict(facts) | {name: {"sha256": commit(salt, text)} for name, (salt, text) in texts.items()}
    beside = {f"/{name}": {"salt": salt, "text": text} for name, (salt, text) in texts.items()}
    form = _form(number + 1, at, actor, kind, body)
    return Entry(number + 1, at, actor, kind, body, beside, head, chain(head, form))


def verify_log(
    log: Log, entries: Iterable[Entry], previous: tuple[int, str] | None = None, erased: Container[int] = ()
) -> Break | None:
    """The first entry at which the log is broken; None if all these entries are as they were written.

    `previous`: number and hash of the entry before the first of these. `erased`: the entries whose texts were erased, as later
    entries say.
    """
    number, head = previous or (0, first_hash(log))
    for expected, one in enumerate(entries, start=number + 1):
        if reason := _fault(one, expected, head, erased):
            return Break(expected, reason)
        head = one.hash
    return None


def _fault(entry: Entry, expected: int, head: str, erased: Container[int]) -> str | None:
    if entry.seq != expected:
        return "gap"
    if entry.prev_hash != head:
        return "link"
    if entry.at.tzinfo is None:  # the driver returns the time `infinity` so
        return "content"
    if chain(head, _form(entry.seq, entry.at, entry.actor, entry.kind, entry.body)) != entry.hash:
        return "content"
    if entry.seq in erased:
        return None if entry.texts == {} else "erasure"
    return None if commitments_to(entry.texts) == commitments_in(entry.body) else "text"


def moment(at: datetime) -> str:
    """The time of an entry as it is hashed; `infinity`, which the driver returns without a zone, as the last moment."""
    return f"{at.astimezone(UTC) if at.tzinfo else at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _form(seq: int, at: datetime, actor: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"seq": seq, "at": moment(at), "actor": actor, "kind": kind, "body": body}


def _chain_id(log: Log) -> GoalId:
    return GoalId(f"@journal/{log}")  # no goal's id has this form
