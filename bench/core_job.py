"""The peers' job as a `hub.engine.job.Job`: count per dossier, forward the event; the engine itself is unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hub.dossier.decision import Accepted, Decision, Sender
from hub.dossier.state.model import Timer
from hub.engine.job import Call
from hub.inbound.directory import Directory
from schemas.base import Fact, Request, Role, Subject, Wire


class Step(Wire):
    """What happened to the dossier."""

    step: str
    officer: str
    office: str
    note: str


class CoreEvent(Request):
    """A case system's event of about 1,100 bytes: 14 fields and a nested one."""

    type: ClassVar[str] = "onestop.bench.event.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"agency"})
    subject: ClassVar[Subject] = "none"
    dossier: str
    procedure: str
    organisation: str
    agency: str
    status: int
    priority: int
    sent_at: str
    due_at: str
    trace: str
    batch: str
    channel: str
    summary: str
    step: Step


class CoreCounted(Fact):
    """The event, forwarded, with the count of its dossier."""

    type: ClassVar[str] = "onestop.bench.counted.v1"
    event: CoreEvent
    count: int


class CoreJob:
    """State is the count, as decimal digits."""

    ruleset = "bench@1"
    requests: Mapping[str, type[Request]] = {CoreEvent.type: CoreEvent}

    def load(self, stored: bytes) -> int:
        """The count."""
        return int(stored)

    def dump(self, state: int) -> bytes:
        """Decimal digits."""
        return b"%d" % state

    def code_unit(self, state: int | None, request: Request) -> str | None:  # noqa: ARG002  part of the seam
        """No codes."""
        return None

    def needs_private(self, request: Request) -> bool:  # noqa: ARG002  part of the seam
        """Nothing."""
        return False

    def packages_of(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002  part of the seam
        return ()

    def may_know(self, state: int, sender: Sender) -> bool:  # noqa: ARG002  part of the seam
        """Everybody."""
        return True

    def private_of(self, fact: Fact) -> bytes | None:  # noqa: ARG002  part of the seam
        """Nothing."""
        return None

    def decide(self, state: int | None, call: Call) -> Decision:
        """Count and forward."""
        event = call.request
        assert isinstance(event, CoreEvent)
        fact = CoreCounted.model_construct(event=event, count=(state or 0) + 1)
        return Accepted((fact,))

    def evolve(self, state: int | None, fact: Fact, call: Call) -> int:  # noqa: ARG002  part of the seam
        """One more."""
        return (state or 0) + 1

    def timers(self, state: int) -> Mapping[str, Timer]:  # noqa: ARG002  part of the seam
        """None."""
        return {}

    def code(self, state: int) -> str | None:  # noqa: ARG002  part of the seam
        """None."""
        return None

    def receivers(
        self,
        before: int | None,  # noqa: ARG002  part of the seam
        after: int,  # noqa: ARG002  part of the seam
        fact: Fact,  # noqa: ARG002  part of the seam
        directory: Directory,  # noqa: ARG002  part of the seam
    ) -> tuple[str, ...]:
        """Nobody: `dossier.facts` is the output that is measured."""
        return ()
