"""The seam between the engine and what it decides about: the dossier's rules, or a benchmark's small job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct

from hub.dossier.decision import Decision, NextCode, Sender
from hub.dossier.source import SourceDossier
from hub.dossier.state.model import Timer
from hub.dossier.verification import CopyOutcome
from hub.inbound.directory import Directory
from schemas.base import Fact, Request

State = TypeVar("State")


class Call(Struct, frozen=True, gc=False):
    """One request to decide on, with everything about its arrival.

    `private` is what `Job.private_of` gave for an earlier fact, when `Job.needs_private` asks for it;
    `copies` the outcome of verification of each package that `Job.packages_of` names; `sources` the other
    dossiers that the request names, as the store has them.
    """

    request: Request
    sender: Sender
    request_id: str
    dossier_id: str
    now: datetime
    event_time: datetime
    next_code: NextCode | None
    private: bytes | None
    copies: Mapping[str, CopyOutcome] = {}
    sources: Mapping[str, SourceDossier] = {}


class Job(Protocol[State]):
    """Pure: no I/O, no clock; the same arguments always give the same answer."""

    ruleset: str
    requests: Mapping[str, type[Request]]

    def load(self, stored: bytes) -> State:
        """The state of `dump`, of this or an older version."""
        ...

    def dump(self, state: State) -> bytes:
        """The state as stored bytes, without personal data."""
        ...

    def code_unit(self, state: State | None, request: Request) -> str | None:
        """The unit whose next dossier code this request would take, or None."""
        ...

    def needs_private(self, request: Request) -> bool:
        """Whether deciding this request needs the personal data that was kept."""
        ...

    def packages_of(self, request: Request) -> tuple[str, ...]:
        """Digests of the signed packages that must be verified before this request is decided."""
        ...

    def may_know(self, state: State, sender: Sender) -> bool:
        """Whether the sender has a part in the dossier: to all others it does not exist."""
        ...

    def private_of(self, fact: Fact) -> bytes | None:
        """Personal data of a fact that later requests need; kept sealed with the dossier's key."""
        ...

    def decide(self, state: State | None, call: Call) -> Decision:
        """Accept with facts, or refuse; raises only for a bug."""
        ...

    def evolve(self, state: State | None, fact: Fact, call: Call) -> State:
        """The state after one fact."""
        ...

    def timers(self, state: State) -> Mapping[str, Timer]:
        """Open timers by name."""
        ...

    def code(self, state: State) -> str | None:
        """The official code once there is one; it becomes an alias."""
        ...

    def receivers(
        self, before: State | None, after: State, fact: Fact, directory: Directory
    ) -> tuple[str, ...]:
        """Who gets this fact on its `out.` topic; the states before and after it."""
        ...
