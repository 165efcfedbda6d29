"""Values that people type: one of several, or a day. Both are taken as the screens print them, in either language.

The functions here are what typer calls a parser: they get what was typed, and raise `WrongUsage` where it does not fit.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import typer

from domain.locale import Locale

if TYPE_CHECKING:
    from domain.messages import Message

Member = TypeVar("Member", bound=StrEnum)

_LONGEST = 40  # characters of what was typed that are repeated


class WrongUsage(typer.BadParameter):
    """A wrong command line, found by our own code. `choice` is what could have been chosen."""

    def __init__(self, reason: "Message", ctx: Any = None, *, choice: "Choice[Any] | None" = None) -> None:
        super().__init__(reason.key, ctx)
        self.reason, self.choice = reason, choice


class Choice(Generic[Member]):
    """One of an enumeration: typed as its code, or as its word in either language (下書き, draft, "in review")."""

    def __init__(self, kind: str, members: type[Member]) -> None:
        """`kind` is the kind of words in words.po that the members have."""
        self.kind, self.members = kind, members

    def __call__(self, typed: str) -> Member:
        if isinstance(typed, self.members):  # the default
            return typed
        from domain.messages import message
        from texts.words import value_of

        value = value_of(self.kind, typed)
        if value not in set(self.members):
            raise WrongUsage(message("help.usage.not_a_choice", typed=typed[:_LONGEST]), choice=self)
        return self.members(value)

    def allowed(self, locale: Locale) -> Sequence[str]:
        """What people may type, in their language."""
        return [self.name_of(one, locale) for one in self.members]

    def name_of(self, member: Member, locale: Locale) -> str:
        """What people type for the member: its word in Japanese, its code in English."""
        from texts.words import word

        return word(self.kind, member, locale) if locale is Locale.JA else member.value


def day(typed: str) -> date:
    """A day as the screens print it (2026-11-30, 2026/11/30, 2026年11月30日(月)), and as files may have it."""
    from domain.messages import message
    from domain.problems import day_problem
    from domain.typed_days import NotADay, read_day

    try:
        return read_day(typed)
    except NotADay as error:
        reason = message("help.usage.not_a_day", typed=typed[:_LONGEST], why=day_problem(error))
        raise WrongUsage(reason) from error


def encoding_name(typed: str) -> str:
    """The encoding of a file: one of those that we read."""
    from domain.csv_text import ENCODINGS
    from domain.messages import message

    name = typed.strip().lower()
    if name not in ENCODINGS:
        raise WrongUsage(message("help.usage.not_an_encoding", typed=typed[:_LONGEST], known=list(ENCODINGS)))
    return name
