"""`meguri token`: API tokens, by which a program acts as a person."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.session.choices import Choice
from cli.session.help import Commands
from cli.session.options import Actor, AsJson, Viewer
from cli.session.output import print_line, print_table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Terminal
    from service.tokens import ApiTokens, ListedToken, NewToken, TokenList
    from settings import Settings

token = Commands()
Answer = TypeVar("Answer")


class ScopeName(StrEnum):
    """The scopes (domain.tokens.Scope, which takes longer to import)."""

    READ = "read"
    GOALS = "goals"
    CYCLES = "cycles"
    PEOPLE = "people"
    PROVISION = "provision"
    SYSTEM = "system"
    AUDIT = "audit"


@token.command("create")
def create_token(
    label: Annotated[str, typer.Argument(metavar="TEXT", help="help.option.token_label")],
    *,
    actor: Actor,
    scopes: Annotated[
        list[ScopeName] | None,
        typer.Option("--scope", parser=Choice("scope", ScopeName), metavar="SCOPE", help="help.option.token_scope"),
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="NUMBER", help="help.option.token_days")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make an API token of one's own. It is shown once."""
    from cli.session.callers import caller_for

    wish = {"label": label, "scopes": [one.value for one in scopes] if scopes else None, "days": days}

    def show(made: "NewToken", to: "Terminal") -> None:
        print_line(made.secret)
        to.complain(to.text("screen.token.shown_once"))

    _run(lambda found, now: found.make(caller_for(actor), wish, now), show, as_json=as_json)


@token.command("list")
def list_tokens(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List one's own tokens; without --as, everybody's."""
    from cli.session.callers import caller_for

    def show(found: "TokenList", to: "Terminal") -> None:
        if found.tokens:
            print_table(to.heads("screen.token.heads"), [_row(one, to) for one in found.tokens])
        else:
            to.tell("screen.token.none")

    _run(lambda found, now: found.list_tokens(caller_for(viewer), now), show, as_json=as_json)


@token.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="help.option.token")],
    *,
    viewer: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.token_ender")] = None,
    as_json: AsJson = False,
) -> None:
    """End a token. It lets nobody in any more."""
    from cli.session.callers import caller_for

    def show(_ended: "ListedToken", to: "Terminal") -> None:
        to.tell("screen.token.ended", token=token_id)

    _run(lambda found, now: found.end(caller_for(viewer), token_id, now), show, as_json=as_json)


def _row(one: "ListedToken", to: "Terminal") -> tuple[str, ...]:
    from datetime import UTC

    from domain.people.organisation import DIRECTORY_ZONE
    from texts.dates import moment_text
    from texts.words import word

    def moment(at: datetime | None) -> str:
        return moment_text(at, DIRECTORY_ZONE.key) if at else ""

    over = "ended" if one.ended_at else "expired" if one.expires_at <= datetime.now(UTC) else "unanswered"
    state = "usable" if one.usable else over
    scopes = to.text("join.list").join(word("scope", scope, to.locale) for scope in one.scopes)
    owner = f"{one.owner_name} ({one.owner})" if one.owner_name else one.owner
    ends = one.ended_at or one.expires_at
    return (
        one.token,
        owner,
        one.label,
        scopes,
        word("token_state", state, to.locale),
        moment(ends),
        moment(one.last_used_at),
    )


def _run(
    asked: "Callable[[ApiTokens, datetime], Awaitable[Answer]]",
    show: "Callable[[Answer, Terminal], None]",
    *,
    as_json: bool,
) -> None:
    from cli.session.session import answer

    async def work(engine: "AsyncEngine", _: "Settings", now: datetime) -> Answer:
        from service.tokens import ApiTokens

        return await asked(ApiTokens(engine), now)

    answer(work, show, as_json=as_json)
