"""What a system administrator says of a receiver of events, and how long an earlier secret signs beside a new one."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from domain.lifecycle import EventKind
from domain.values import Frozen

MAX_RECEIVERS = 10  # each is sent to at the same time as the others
EARLIER_SECRET = timedelta(hours=24)  # for the receiver to learn the new one

Url = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Kinds = Annotated[tuple[EventKind, ...], Field(min_length=1, max_length=100)]


class HookWish(Frozen):
    """A receiver to be made. `kinds`: of the events that it gets; null: all."""

    url: Url
    kinds: Kinds | None = None


class HookChange(Frozen):
    """What changes of a receiver; what is not named stays. `kinds` null: it gets all kinds from now on."""

    url: Url | None = None
    kinds: Kinds | None = None
    paused: bool | None = None


class HookRotation(Frozen):
    """Which secret is to be replaced: the `generation` that the receiver has. So a repeat does not replace the new one."""

    generation: int = Field(ge=1, le=1_000_000)
