"""What is about no dossier: who may know of a matter, and what decides the requests about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.dossier.decision import Accepted, Context, Decision, Refused, Sender
from hub.dossier.rules import feedback, imports, queue, reporting, settlement
from hub.dossier.rules.deadlines import watched_timer
from hub.dossier.rules.roster import marks_of, with_marks
from hub.dossier.state.matter import Matter, MatterKind
from hub.dossier.state.near import PREFIX
from schemas.base import Fact, Request
from schemas.due import DeadlineMissed, DeadlineNear, FireTimer
from schemas.feedback import AnswerComplaint, ForwardComplaint, LodgeComplaint
from schemas.register import RecordImport
from schemas.report import FileReport, PlanReport, SendReport, TellReport
from schemas.settlement import SettleFees, WatchFees
from schemas.ticket import CallTicket, IssueTicket

_SPEAKERS = frozenset({"counter", "agency"})
_MAKERS = ("typesetter", "notifier")
"""Who makes reports and sends them."""
_Act = Callable[[Matter | None, Any, Context], Decision]


def takes_part(matter: Matter, sender: Sender) -> bool:
    """Whether the sender may know of it: it speaks for one of its organisations, or is the hub itself."""
    if "hub" in sender.roles:
        return True
    named = {matter.organisation, matter.agency}
    if matter.kind == "report" and any(reporting.serves(matter, role, sender) for role in _MAKERS):
        return True
    return not _SPEAKERS.isdisjoint(sender.roles) and not named.isdisjoint(sender.organisations)


def possible_now(matter: Matter) -> tuple[str, ...]:
    """Types of the requests that belong to such a matter, sorted; the hub's own watch begins it only."""
    if matter.kind == "complaint" and not any(one.is_open for one in matter.complaints.values()):
        return ()
    of_participants = (request for request in _OF[matter.kind] if request is not WatchFees)
    return tuple(sorted(request.type for request in of_participants))


def decide_matter(matter: Matter | None, request: Request, context: Context) -> Decision:
    """Facts or a refusal (pure): a request of dossiers that names a matter is refused by name."""
    act = MATTER_DECISIONS.get(type(request))
    if act is None or (matter is not None and type(request) not in (*_OF[matter.kind], *_OF_ALL)):
        assert matter is not None  # what is about no dossier has its act
        return Refused("matter.not_possible", state=matter.kind, possible=possible_now(matter))
    return with_marks(act(matter, request, context), marks_of(None, request, context))


def _fire(matter: Matter | None, request: FireTimer, context: Context) -> Decision:
    """A limit of a matter is near, or passed without the act."""
    assert matter is not None  # the hub's own request names what is there
    if (refused := watched_timer(matter, request, context)) is not None:
        return refused
    holder = matter.agency or matter.organisation
    fact: Fact
    if request.kind == "near":
        name = request.timer.removeprefix(PREFIX)
        timer = matter.timers[name]
        fact = DeadlineNear(timer=name, kind=timer.kind, due_at=timer.due_at, holder=holder)
    else:
        fact = DeadlineMissed(timer=request.timer, kind=request.kind, due_at=request.due_at, holder=holder)
    return Accepted((fact,), (watched_timer.id,))


def _of_the_matter(act: Callable[[Matter, Any, Context], Decision]) -> _Act:
    """Acts on what is there."""

    def decided(matter: Matter | None, request: Request, context: Context) -> Decision:
        assert matter is not None  # the request names what is there
        return act(matter, request, context)

    return decided


def _of_what_is_there(act: Callable[[Matter, Any, Context], Decision]) -> _Act:
    """Acts on a matter that the request names by its data: there may be none."""

    def decided(matter: Matter | None, request: Request, context: Context) -> Decision:
        return act(matter, request, context) if matter is not None else Refused("report.not_due")

    return decided


MATTER_DECISIONS: Mapping[type[Request], _Act] = {
    SettleFees: settlement.settle,
    WatchFees: settlement.watch,
    LodgeComplaint: feedback.lodge,
    RecordImport: imports.record,
    IssueTicket: queue.issue,
    CallTicket: queue.call,
    PlanReport: reporting.plan,
    ForwardComplaint: _of_the_matter(feedback.forward),
    AnswerComplaint: _of_the_matter(feedback.answer),
    FileReport: _of_what_is_there(reporting.file),
    SendReport: _of_what_is_there(reporting.send),
    TellReport: _of_what_is_there(reporting.tell),
    FireTimer: _fire,
}
"""What decides each request about a matter."""
_OF: Mapping[MatterKind, tuple[type[Request], ...]] = {
    "fees": (SettleFees, WatchFees),
    "complaint": (ForwardComplaint, AnswerComplaint),
    "register": (RecordImport,),
    "queue": (IssueTicket, CallTicket),
    "report": (PlanReport, FileReport, SendReport, TellReport),
}
_OF_ALL = (FireTimer, LodgeComplaint)
"""A complaint under a name that is taken says that it is."""
