"""Use cases of system administrators: receivers of events, their secrets and what was sent to them."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from channels.hook_secrets import HookKey
from channels.public_hosts import is_public_name
from domain import access
from domain.access import Action, Caller, actor_of
from domain.hooks import EARLIER_SECRET, MAX_RECEIVERS, HookChange, HookRotation, HookWish
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import EmployeeId, Frozen, Moment
from service.answers import compose
from service.relations import relations_to_company, system_relations
from storage import hook_deliveries, receivers, roles
from storage.database import read_transaction
from storage.hook_deliveries import Delivery
from storage.receivers import OF_SETTINGS, Receiver

_ID_BYTES = 6


class HookState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # entries are queued, and sent when it goes on
    NO_KEY = "no_key"  # its secret was made of another key: nothing is sent until it has a new one


class DeliveryState(StrEnum):
    WAITING = "waiting"
    FAILING = "failing"  # it is tried again
    SENT = "sent"
    GAVE_UP = "gave_up"


class ListedHook(Frozen):
    """A receiver without its secret. `url` is null for the one of the settings, `kinds` where it gets all."""

    hook: str
    url: str | None
    kinds: tuple[str, ...] | None
    state: HookState
    generation: int
    earlier_until: Moment | None
    created_by: EmployeeId | None
    created_at: Moment


class NewHook(ListedHook):
    """A receiver with its secret, which is shown once."""

    secret: str


class HookList(Frozen):
    """Receivers, the oldest first."""

    hooks: tuple[ListedHook, ...]


class ListedDelivery(Frozen):
    """A ledger entry for a receiver. `code`: why the last attempt failed."""

    delivery: int
    goal: str
    seq: int
    kind: str
    state: DeliveryState
    attempt_count: int
    code: str | None
    recorded_at: Moment
    retry_at: Moment | None
    sent_at: Moment | None
    gave_up_at: Moment | None


class DeliveryPage(Frozen):
    """Deliveries, the newest first. `next`: the value of `after` for the next page; null on the last page."""

    deliveries: tuple[ListedDelivery, ...]
    next: str | None


class Hooks:
    """Every method raises a `Refusal` for a caller without permission. `key`: of which secrets are made; None: none is set.

    `private_hosts`: receivers may be on a private network.
    """

    def __init__(self, engine: AsyncEngine, key: HookKey | None, *, private_hosts: bool = False) -> None:
        self._engine, self._key, self._private_hosts = engine, key, private_hosts

    async def list_hooks(self, caller: Caller) -> HookList:
        async with read_transaction(self._engine) as connection:
            await _require(connection, caller, Action.SEE_HOOKS)
            found = await receivers.list_receivers(connection)
        return HookList(hooks=tuple(map(self._listed, found)))

    async def make(self, caller: Caller, wish: Mapping[str, object], now: datetime) -> NewHook:
        """Makes a receiver. It gets the entries from now on. Its secret cannot be read again."""
        async with self._engine.begin() as connection:
            await _require(connection, caller, Action.CHANGE_HOOKS)
            wanted, by = compose(HookWish, wish), actor_of(caller)
            key, url = self._require_key(), self._checked(wanted.url)
            if len(await receivers.list_receivers(connection)) >= MAX_RECEIVERS:
                raise Refusal(Code.TOO_MANY_HOOKS, most=MAX_RECEIVERS)
            made = Receiver(
                secrets.token_hex(_ID_BYTES), url, wanted.kinds, paused_at=None, generation=1, earlier_until=None,
                key_id=key.id, created_by=by, created_at=now,
            )  # fmt: skip
            if not await receivers.add(connection, made):
                raise await _taken(connection, url)
        return self._with_secret(made, key)

    async def change(self, caller: Caller, hook: str, change: Mapping[str, object], now: datetime) -> ListedHook:
        """Changes what is named: address, kinds, paused or not. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            await _require(connection, caller, Action.CHANGE_HOOKS)
            wanted, before = compose(HookChange, change), await _own(connection, hook)
            after = before
            if wanted.url is not None and wanted.url != before.url:
                after = after._replace(url=self._checked(wanted.url))
                if await receivers.find_by_url(connection, wanted.url):
                    raise await _taken(connection, wanted.url)
            if "kinds" in change:
                after = after._replace(kinds=wanted.kinds)
            if wanted.paused is not None:
                after = after._replace(paused_at=(before.paused_at or now) if wanted.paused else None)
            await receivers.save(connection, "hook_changed", before, after, by=actor_of(caller))
        return self._listed(after)

    async def rotate(self, caller: Caller, hook: str, rotation: Mapping[str, object], now: datetime) -> NewHook:
        """Makes a new secret. The one before signs beside it for 24 hours, unless it was made of another key.

        Raises a `Refusal` where the receiver's secret is not that of the named generation any more.
        """
        async with self._engine.begin() as connection:
            await _require(connection, caller, Action.CHANGE_HOOKS)
            wanted, before = compose(HookRotation, rotation), await _own(connection, hook)
            key = self._require_key()
            if wanted.generation != before.generation:
                raise Refusal(Code.HOOK_ROTATED, hook=before.id, generation=before.generation)
            earlier = now + EARLIER_SECRET if before.key_id == key.id else None
            after = before._replace(generation=before.generation + 1, earlier_until=earlier, key_id=key.id)
            await receivers.save(connection, "hook_rotated", before, after, by=actor_of(caller))
        return self._with_secret(after, key)

    async def delete(self, caller: Caller, hook: str) -> ListedHook:
        """Ends a receiver. Nothing is sent to it any more."""
        async with self._engine.begin() as connection:
            await _require(connection, caller, Action.CHANGE_HOOKS)
            found = await _own(connection, hook)
            await receivers.delete(connection, found, by=actor_of(caller))
        return self._listed(found)

    async def deliveries(
        self, caller: Caller, hook: str, *, after: int | None = None, limit: int = 100
    ) -> DeliveryPage:
        async with read_transaction(self._engine) as connection:
            await _require(connection, caller, Action.SEE_HOOKS)
            receiver = await _known(connection, hook)
            found = await hook_deliveries.page(connection, receiver.id, before=after, limit=limit)
        following = str(found[-1].number) if len(found) == limit else None
        return DeliveryPage(deliveries=tuple(map(_listed_delivery, found)), next=following)

    async def replay(self, caller: Caller, hook: str, delivery: int) -> ListedDelivery:
        """Sends a delivery again, under the same idempotency key, at the next tick. A repeat before that changes nothing."""
        async with self._engine.begin() as connection:
            await _require(connection, caller, Action.CHANGE_HOOKS)
            receiver = await _known(connection, hook)
            found = await hook_deliveries.find(connection, receiver.id, delivery)
            if found is None:
                raise Refusal(Code.UNKNOWN_DELIVERY, delivery=delivery)
            await hook_deliveries.send_again(connection, receiver.id, found, by=actor_of(caller))
            again = await hook_deliveries.find(connection, receiver.id, delivery)
        return _listed_delivery(again or found)

    def _require_key(self) -> HookKey:
        if self._key is None:
            raise Refusal(Code.HOOK_KEY_MISSING, setting="MEGURI_HOOK_KEY")
        return self._key

    def _checked(self, url: str) -> str:
        """The address, if events may go there: encrypted, and on the public internet unless the settings allow others.

        In a private network HTTP is allowed, since events are signed. The refusal does not repeat the address, which may hold a key.
        """
        try:
            parts = urlsplit(url)
            host, plain = parts.hostname or "", parts.username is None and parts.password is None and not parts.fragment
            fits = plain and bool(host) and url.isascii() and url.isprintable() and len(url.split()) == 1
            fits = fits and (parts.port is None or parts.port > 0)
        except ValueError:
            raise Refusal(Code.WRONG_HOOK_URL) from None
        schemes = {"https"} if is_public_name(host) else {"https", "http"} if self._private_hosts else set()
        if not fits or parts.scheme not in schemes:
            raise Refusal(Code.WRONG_HOOK_URL)
        return url

    def _listed(self, one: Receiver) -> ListedHook:
        key = self._key.id if self._key else None
        is_signed = one.id == OF_SETTINGS or one.key_id == key
        state = HookState.PAUSED if one.paused_at else HookState.ACTIVE if is_signed else HookState.NO_KEY
        return ListedHook(
            hook=one.id, url=one.url, kinds=one.kinds, state=state, generation=one.generation, earlier_until=one.earlier_until,
            created_by=EmployeeId(one.created_by) if one.created_by else None, created_at=one.created_at,
        )  # fmt: skip

    def _with_secret(self, one: Receiver, key: HookKey) -> NewHook:
        return NewHook(**dict(self._listed(one)), secret=key.secret(one.id, one.generation))


async def _require(connection: AsyncConnection, caller: Caller, action: Action) -> None:
    held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
    access.require(caller, action, held, await roles.active(connection, CompanyRole.SYSTEM))


async def _known(connection: AsyncConnection, hook: str) -> Receiver:
    if found := await receivers.find(connection, hook, lock=False):
        return found
    raise Refusal(Code.UNKNOWN_HOOK, hook=hook[:80])


async def _own(connection: AsyncConnection, hook: str) -> Receiver:
    """The receiver, locked. That of the settings is changed there."""
    found = await receivers.find(connection, hook, lock=True)
    if found is None:
        raise Refusal(Code.UNKNOWN_HOOK, hook=hook[:80])
    if found.id == OF_SETTINGS:
        raise Refusal(Code.HOOK_OF_SETTINGS, setting="MEGURI_HOOK_URL")
    return found


async def _taken(connection: AsyncConnection, url: str) -> Refusal:
    return Refusal(Code.HOOK_EXISTS, hook=await receivers.find_by_url(connection, url) or "-")


def _listed_delivery(one: Delivery) -> ListedDelivery:
    if one.sent_at:
        state = DeliveryState.SENT
    elif one.gave_up_at:
        state = DeliveryState.GAVE_UP
    else:
        state = DeliveryState.FAILING if one.error else DeliveryState.WAITING
    return ListedDelivery(
        delivery=one.number, goal=one.goal_id, seq=one.seq, kind=one.kind, state=state, attempt_count=one.attempts, code=one.error,
        recorded_at=one.recorded_at, retry_at=one.retry_at, sent_at=one.sent_at, gave_up_at=one.gave_up_at,
    )  # fmt: skip
