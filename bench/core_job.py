"""The peers' job as a stub of the rules: count per dossier, forward the event; the engine is unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from hub.dossier.decision import Accepted, Context, Decision, Sender
from hub.dossier.state.model import Timer
from hub.engine.decide.rules import Rules
from hub.inbound.directory import Directory
from hub.regulation.law import Law
from hub.regulation.lawbook import LawBook
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


class CoreRules(Rules):
    """A stub of the rules: the state is the count, as decimal digits, and nothing else is looked at."""

    def __init__(self, book: LawBook) -> None:
        super().__init__(book)
        self._law = book.in_force(date.max)
        self.requests = {CoreEvent.type: CoreEvent}

    def load(self, stored: bytes) -> Any:
        """The count."""
        return int(stored)

    def dump(self, state: Any) -> bytes:
        """Decimal digits."""
        return b"%d" % state

    def code_unit(self, state: Any, request: Request, now: datetime) -> None:
        """No codes."""

    def needs_private(self, state: Any, request: Request) -> bool:  # noqa: ARG002  as the rules have it
        """Nothing is asked of the applicant."""
        return False

    def may_know(self, state: Any, sender: Sender, now: datetime) -> bool:  # noqa: ARG002  as the rules have it
        """Everybody."""
        return True

    def law_of(self, state: Any, request: Request, now: datetime) -> Law:  # noqa: ARG002  as above
        """Always the newest: states keep none."""
        return self._law

    def decide(self, state: Any, request: Request, context: Context) -> Decision:  # noqa: ARG002  as above
        """Count and forward."""
        assert isinstance(request, CoreEvent)
        fact = CoreCounted.model_construct(event=request, count=(state or 0) + 1)
        return Accepted((fact,))

    def evolve(self, state: Any, fact: Fact, context: Context) -> Any:  # noqa: ARG002  as above
        """One more."""
        return (state or 0) + 1

    def timers(self, state: Any) -> Mapping[str, Timer]:  # noqa: ARG002  as above
        """None."""
        return {}

    def code(self, state: Any) -> None:
        """None."""

    def receivers(
        self,
        before: Any,  # noqa: ARG002  as above
        after: Any,  # noqa: ARG002  as above
        fact: Fact,  # noqa: ARG002  as above
        directory: Directory,  # noqa: ARG002  as above
    ) -> tuple[str, ...]:
        """Nobody: `dossier.facts` is the output that is measured."""
        return ()
