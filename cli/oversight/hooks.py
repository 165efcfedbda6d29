"""`meguri hook`: the systems that get every event, and what was sent to them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.session.choices import Choice
from cli.session.help import Commands
from cli.session.options import Actor, AsJson, Viewer
from cli.session.output import print_line, print_table
from domain.lifecycle import EventKind

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Terminal
    from service.hooks import DeliveryPage, HookList, Hooks, ListedDelivery, ListedHook, NewHook
    from settings import Settings

hook = Commands()
Answer = TypeVar("Answer")
Receiver = Annotated[str, typer.Argument(metavar="ID", help="help.option.hook")]
Kinds = Annotated[
    list[EventKind] | None,
    typer.Option("--kind", parser=Choice("event", EventKind), metavar="KIND", help="help.option.hook_kind"),
]


@hook.command("list")
def list_hooks(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List the receivers of events."""
    from cli.session.callers import caller_for

    def show(found: "HookList", to: "Terminal") -> None:
        if found.hooks:
            print_table(to.heads("screen.hook.heads"), [_row(one, to) for one in found.hooks])
        else:
            to.tell("screen.hook.none")

    _run(lambda found, _: found.list_hooks(caller_for(viewer)), show, as_json=as_json)


@hook.command("create")
def create_hook(
    url: Annotated[str, typer.Argument(metavar="URL", help="help.option.hook_url")],
    *,
    actor: Actor,
    kinds: Kinds = None,
    as_json: AsJson = False,
) -> None:
    """Make a receiver, which gets every event from now on. Its secret is shown once."""
    from cli.session.callers import caller_for

    wish = {"url": url, "kinds": kinds or None}
    _run(lambda found, now: found.make(caller_for(actor), wish, now), _show_secret, as_json=as_json)


@hook.command("change")
def change_hook(
    hook_id: Receiver,
    *,
    actor: Actor,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="help.option.hook_url")] = None,
    kinds: Kinds = None,
    every: Annotated[bool, typer.Option("--every-kind", help="help.option.hook_every")] = False,
    paused: Annotated[bool | None, typer.Option("--pause/--resume", help="help.option.hook_paused")] = None,
    as_json: AsJson = False,
) -> None:
    """Change a receiver's address or kinds of events, pause it or let it go on. What is not named stays."""
    from cli.session.callers import caller_for

    given = {"url": url, "paused": paused}
    change: dict[str, object] = {name: one for name, one in given.items() if one is not None}
    if kinds or every:
        change["kinds"] = None if every else kinds

    def show(_changed: "ListedHook", to: "Terminal") -> None:
        to.tell("screen.hook.changed", hook=hook_id)

    _run(lambda found, now: found.change(caller_for(actor), hook_id, change, now), show, as_json=as_json)


@hook.command("rotate")
def rotate_hook(
    hook_id: Receiver,
    *,
    actor: Actor,
    generation: Annotated[int, typer.Option("--generation", metavar="NUMBER", help="help.option.hook_generation")],
    as_json: AsJson = False,
) -> None:
    """Make a new secret, which is shown once. For 24 hours the one before signs too."""
    from cli.session.callers import caller_for

    rotation = {"generation": generation}
    _run(lambda found, now: found.rotate(caller_for(actor), hook_id, rotation, now), _show_secret, as_json=as_json)


@hook.command("delete")
def delete_hook(hook_id: Receiver, *, actor: Actor, as_json: AsJson = False) -> None:
    """End a receiver. Nothing is sent to it any more."""
    from cli.session.callers import caller_for

    def show(_deleted: "ListedHook", to: "Terminal") -> None:
        to.tell("screen.hook.deleted", hook=hook_id)

    _run(lambda found, _: found.delete(caller_for(actor), hook_id), show, as_json=as_json)


@hook.command("deliveries")
def list_deliveries(
    hook_id: Receiver,
    *,
    after: Annotated[int | None, typer.Option("--after", metavar="NUMBER", help="help.option.after_delivery")] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="NUMBER", min=1, max=1000, help="help.option.limit_deliveries")
    ] = 20,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """List what was sent to a receiver and what waits, the newest first."""
    from cli.session.callers import caller_for

    def show(found: "DeliveryPage", to: "Terminal") -> None:
        if found.deliveries:
            print_table(to.heads("screen.hook.delivery_heads"), [_delivery(one, to) for one in found.deliveries])
        else:
            to.tell("screen.hook.no_deliveries")

    _run(
        lambda found, _: found.deliveries(caller_for(viewer), hook_id, after=after, limit=limit), show, as_json=as_json
    )


@hook.command("replay")
def replay_delivery(
    hook_id: Receiver,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="help.option.delivery")],
    *,
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """Send a delivery again, under the same id."""
    from cli.session.callers import caller_for

    def show(_again: "ListedDelivery", to: "Terminal") -> None:
        to.tell("screen.hook.replayed", delivery=number)

    _run(lambda found, _: found.replay(caller_for(actor), hook_id, number), show, as_json=as_json)


def _show_secret(made: "NewHook", to: "Terminal") -> None:
    print_line(made.secret)
    to.complain(to.text("screen.hook.shown_once", hook=made.hook))


def _row(one: "ListedHook", to: "Terminal") -> tuple[str, ...]:
    from texts.words import word

    every = to.text("screen.hook.every_kind")
    kinds = to.text("join.list").join(word("event", kind, to.locale) for kind in one.kinds or ()) or every
    url = one.url or to.text("screen.hook.of_settings")
    state = word("hook_state", one.state, to.locale)
    return one.hook, url, kinds, state, str(one.generation), _moment(one.earlier_until), one.created_by or ""


def _delivery(one: "ListedDelivery", to: "Terminal") -> tuple[str, ...]:
    from texts.words import word

    kind, state = word("event", one.kind, to.locale), word("delivery_state", one.state, to.locale)
    last = one.sent_at or one.gave_up_at or one.retry_at
    return str(one.delivery), one.goal, str(one.seq), kind, state, str(one.attempt_count), one.code or "", _moment(last)


def _moment(at: datetime | None) -> str:
    from domain.people.organisation import DIRECTORY_ZONE
    from texts.dates import moment_text

    return moment_text(at, DIRECTORY_ZONE.key) if at else ""


def _run(
    asked: "Callable[[Hooks, datetime], Awaitable[Answer]]",
    show: "Callable[[Answer, Terminal], None]",
    *,
    as_json: bool,
) -> None:
    from cli.session.session import answer

    async def work(engine: "AsyncEngine", settings: "Settings", now: datetime) -> Answer:
        from channels.hook_secrets import HookKey
        from service.hooks import Hooks

        key = HookKey(settings.hook_key) if settings.hook_key else None
        return await asked(Hooks(engine, key, private_hosts=settings.hook_private_hosts), now)

    answer(work, show, as_json=as_json)
