"""Adopting entries that the ledger holds and the goal's workflow does not know yet.

They were committed by a worker that was killed before Temporal's history knew of them. Everybody who can write into the
ledger's tables can also put an entry there, with a right chain of hashes. Therefore an entry is adopted only if the goal,
as it was, would have made it: by the command that the entry says, or by the alarm that was due.
"""

from collections.abc import Sequence
from itertools import groupby

from domain.goal.alarms import next_alarm, ring
from domain.goal.commands import Command
from domain.goal.decide import decide
from domain.goal.events import Event, SignOffRefused
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.goal.rebuilding import rebuild
from domain.refusals import Refusal
from domain.values import Moment


class ForgedEntry(Exception):
    """The goal would not have made the entry `seq`."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        super().__init__(f"entry {seq} is none that this goal would have made")


def adopt(goal: Goal, entries: Sequence[Event], pending: Command | None, now: Moment) -> Goal:
    """The goal after the entries, which follow its last one. Raises `ForgedEntry`.

    `pending` is the command that the workflow carries out now. If entries have its id, they must be its own events.
    """
    for command_id, found in groupby(entries, key=lambda entry: entry.command):
        own = pending if pending is not None and pending.id == command_id else None
        goal = _after(goal, tuple(found), own, now)
    return goal


def _after(goal: Goal, entries: tuple[Event, ...], pending: Command | None, now: Moment) -> Goal:
    first = entries[0]
    try:
        made = first.at <= now and _would_make(goal, entries, pending) == _facts(entries)
        after = evolve_all(goal, entries) if made else None
    except (Refusal, ValueError, LookupError):  # a rule refuses it, or no command could ask for it
        after = None
    if after is None:
        raise ForgedEntry(first.seq)
    return after


def _would_make(goal: Goal, entries: tuple[Event, ...], pending: Command | None) -> list[dict[str, object]]:
    """What the goal records for the command or the alarm of these entries, at the time of the first one."""
    first = entries[0]
    if isinstance(first.body, SignOffRefused):
        return _refused_sign_off(goal, first, pending)
    alarm = next_alarm(goal)
    rung = ring(goal, alarm, first.at) if alarm and pending is None else ()
    if rung and rung[0].command == first.command:
        return _facts(rung)
    command = pending or rebuild(entries)
    return _facts(decide(goal, command, first.at)) if command else []


def _refused_sign_off(goal: Goal, entry: Event, pending: Command | None) -> list[dict[str, object]]:
    """The entry of a sign-off that the rules refused. Its command is not stored; it changes nothing in the goal."""
    own = pending is None or pending.actor == entry.actor
    follows = (entry.seq, entry.revision) == (goal.seq + 1, goal.revision)
    return _facts((entry,)) if own and follows else []


def _facts(entries: Sequence[Event]) -> list[dict[str, object]]:
    """What is compared: everything that an entry says."""
    return [{name: getattr(entry, name) for name in _COMPARED} for entry in entries]


_COMPARED = ("seq", "revision", "at", "actor", "acting_for", "command", "body")
