"""What is about no dossier: who may know of a matter, and what decides the requests about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.dossier.decision import Accepted, Context, Decision, Refused, Sender
from hub.dossier.rules import settlement
from hub.dossier.rules.deadlines import watched_timer
from hub.dossier.rules.roster import marks_of, with_marks
from hub.dossier.state.matter import Matter, MatterKind
from schemas.base import Request
from schemas.due import DeadlineMissed, FireTimer
from schemas.settlement import SettleFees

_Act = Callable[[Matter | None, Any, Context], Decision]


def takes_part(matter: Matter, sender: Sender) -> bool:
    """Whether the sender may know of it: it speaks for one of its organisations, or is the hub itself."""
    if "hub" in sender.roles:
        return True
    return ("counter" in sender.roles and matter.organisation in sender.organisations) or (
        "agency" in sender.roles and matter.agency in sender.organisations
    )


def possible_now(matter: Matter) -> tuple[str, ...]:
    """Types of the requests that belong to such a matter, sorted."""
    return tuple(sorted(request.type for request in _OF[matter.kind]))


def decide_matter(matter: Matter | None, request: Request, context: Context) -> Decision:
    """Facts or a refusal (pure): a request of dossiers that names a matter is refused by name."""
    act = MATTER_DECISIONS.get(type(request))
    if act is None:
        assert matter is not None  # what is about no dossier has its act
        return Refused("matter.not_possible", state=matter.kind, possible=possible_now(matter))
    return with_marks(act(matter, request, context), marks_of(None, request, context))


def _fire(matter: Matter | None, request: FireTimer, context: Context) -> Decision:
    """A limit of a matter passed without the act."""
    assert matter is not None  # the hub's own request names what is there
    if (refused := watched_timer(matter, request, context)) is not None:
        return refused
    fact = DeadlineMissed(timer=request.timer, kind=request.kind, due_at=request.due_at, holder=matter.agency)
    return Accepted((fact,), (watched_timer.id,))


MATTER_DECISIONS: Mapping[type[Request], _Act] = {SettleFees: settlement.settle, FireTimer: _fire}
"""What decides each request about a matter."""
_OF: Mapping[MatterKind, tuple[type[Request], ...]] = {"fees": (SettleFees,)}
