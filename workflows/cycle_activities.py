"""The activities of a cycle's workflow: what they are asked and answer. `activities/launch.py` and `settlement.py` do them."""

from abc import ABC, abstractmethod

from temporalio import activity

from domain.values import CycleId, EmployeeId, Frozen, Moment, Prose


class Range(Frozen):
    """Participants of a cycle behind the id `after`: at most `limit`, up to `upto` where given."""

    cycle: CycleId
    launched_by: EmployeeId
    after: str = ""
    upto: str | None = None
    limit: int = 500


class Written(Frozen):
    """The last participant that was looked at (empty: none was left) and how many there were."""

    last: str
    people: int


class Started(Frozen):
    people: int
    goals: int
    failed: int


class Settle(Frozen):
    """Close every goal of the cycle that is open, in `actor`'s name."""

    cycle: CycleId
    actor: EmployeeId
    reason: Prose


class Settled(Frozen):
    goals: int


class NewState(Frozen):
    cycle: CycleId
    state: str
    at: Moment


class LaunchInterface(ABC):
    """Writing and starting the goals of a cycle."""

    @activity.defn
    @abstractmethod
    async def write_goals(self, piece: Range) -> Written:
        """Writes the drafts of the next participants."""

    @activity.defn
    @abstractmethod
    async def start_goals(self, piece: Range) -> Started:
        """Starts the workflows of the participants up to `upto` whose goals are written."""

    @activity.defn
    @abstractmethod
    async def retry_failed(self, piece: Range) -> int:
        """Makes the failed participants wait for their launch again; how many there are."""

    @activity.defn
    @abstractmethod
    async def set_cycle_state(self, new: NewState) -> None:
        """Stores the cycle's state."""


class SettlementInterface(ABC):
    """Ending the goals of a cycle."""

    @activity.defn
    @abstractmethod
    async def settle_goals(self, settle: Settle) -> Settled:
        """Asks every open goal of the cycle to close."""
