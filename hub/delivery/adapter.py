"""The seam between the delivery runtime and one outside system."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from hub.delivery.outcome import Outcome, QueryOutcome


@dataclass(frozen=True, slots=True)
class OutMessage:
    """One message of `out.<adapter>`: `type` names the fact model, `data` is its JSON (personal data clear).

    `id` is the CloudEvents id (deterministic), `dossier` the Kafka key, `subject` what reports name,
    `sequence` counts what this receiver gets of the dossier, `time` is the legal time of the fact. `cause` is
    the id of the request behind it, known while the message comes in and not kept.
    """

    id: str
    type: str
    dossier: str
    subject: str
    sequence: int
    time: datetime
    data: bytes
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A request that goes back to the hub on `in.<adapter>`; the same effect always has the same `id`.

    `time` is that of the request, not of what it tells: a polled report gets the time of the poll.
    """

    id: str
    type: str
    subject: str
    time: datetime
    data: bytes


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll brought: reports in the counterpart's order, and the cursor to keep with them.

    `unreadable` counts what was passed over because nobody can read it; `is_partial`: a part of the
    counterpart could not be read, and keeps its place in the cursor.
    """

    reports: tuple[Report, ...]
    cursor: str
    is_more: bool = False
    unreadable: int = 0
    is_partial: bool = False


class Adapter(Protocol):
    """One outside system; `deliver` and `query` never raise for what the counterpart does."""

    name: str
    settling_s: float
    """How long "not found" of a query may still be wrong."""
    poll_interval_s: float | None
    """Seconds between two polls; None when the counterpart has nothing to poll."""

    def handles(self, message_type: str) -> bool:
        """Whether messages of this type are delivered; others (receipts) are dropped."""
        ...

    async def deliver(self, message: OutMessage) -> Outcome:
        """Do the effect once; the counterpart's idempotency key is derived from the message alone."""
        ...

    async def query(self, message: OutMessage) -> QueryOutcome:
        """Ask whether the effect of `message` has happened, after an unknown outcome."""
        ...

    def report(self, message: OutMessage, outcome: Outcome, at: datetime) -> Report | None:
        """What the hub is told about a final outcome (pure); None when nothing is to be said."""
        ...

    def give_up(self, message: OutMessage, why: str, at: datetime) -> Report | None:
        """The business answer when the delivery became a dead letter (time or attempts used up)."""
        ...

    async def poll(self, cursor: str | None) -> Polled:
        """Read what happened at the counterpart since `cursor` (None: from the beginning)."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


@runtime_checkable
class Clocked(Protocol):
    """An adapter that judges the times of its counterpart by legal time, which the runtime tells it."""

    def use_clock(self, ask_time: Callable[[], Awaitable[datetime]]) -> None:
        """Ask for the time here from now on; called before anything else."""
        ...


@runtime_checkable
class Urgent(Protocol):
    """An adapter whose messages have a time until which they should go out: the earliest goes first."""

    def urgent_until(self, message: OutMessage) -> datetime | None:
        """That time; None goes behind all that have one."""
        ...


Urgency = Callable[[OutMessage], datetime | None]
"""`Urgent.urgent_until`."""


@runtime_checkable
class Certified(Protocol):
    """An adapter with certificates of its own, whose ends are told."""

    @property
    def certificates(self) -> Mapping[str, Path | None]:
        """PEM files by their use; None: not configured."""
        ...
