"""The state of a matter after each of its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from hub.dossier.errors import FactError
from hub.dossier.state.matter import DeskCall, Matter, ReportState, Settlement, WaitingTicket
from hub.dossier.state.model import POST, Complaint, Timer
from hub.dossier.state.near import with_warnings
from hub.regulation.law import Law
from hub.regulation.quarters import after
from schemas.base import Fact
from schemas.due import DeadlineMissed, DeadlineNear, RuleViolated
from schemas.feedback import ComplaintAnswered, ComplaintForwarded, ComplaintLodged
from schemas.register import RegisterChanged
from schemas.report import ReportDue, ReportMade, ReportMailing, ReportSent, ReportUnsent
from schemas.settlement import FeesSettled, FeesWatched
from schemas.ticket import TicketCalled, TicketIssued

_Changes = dict[str, Any]
MOST_DESKS = 200
"""Whose last calls are kept: the state is read and written whole by each request."""


def evolve_matter(matter: Matter | None, fact: Fact, at: datetime, law: Law) -> Matter:
    """The matter after this fact; the first one opens it. Raises FactError."""
    change = _TABLE.get(type(fact))
    if change is None:
        raise FactError(f"no change of a matter is known for {type(fact).__name__}")
    if matter is None:
        opened = _OPENED.get(type(fact))
        if opened is None:
            raise FactError(f"no matter begins with {type(fact).__name__}")
        matter = opened(fact, at.astimezone(UTC))
    changes = change(matter, fact, at.astimezone(UTC))
    if "timers" in changes:
        changes["timers"] = with_warnings(matter.timers, changes["timers"], at.astimezone(UTC), law)
    return replace(matter, sequence=matter.sequence + 1, **changes)


def _of_fees(fact: FeesSettled | FeesWatched, at: datetime) -> Matter:
    return Matter(kind="fees", organisation=fact.organisation, agency=fact.agency, opened_at=at, sequence=0)


def _settled(matter: Matter, fact: FeesSettled, at: datetime) -> _Changes:
    """Its limit is watched no more, and that of the next quarter is, unless that is settled already."""
    timers = _without(matter, f"settlement:{fact.quarter}")
    following = after(fact.quarter)
    if fact.next_by is not None and following not in matter.quarters and fact.next_by > at:
        timers[f"settlement:{following}"] = Timer("settlement", fact.next_by.astimezone(UTC))
    settled = Settlement(at, fact.collected, fact.handed_over)
    return {"quarters": {**matter.quarters, fact.quarter: settled}, "timers": timers}


def _watched(_matter: Matter, fact: FeesWatched, _at: datetime) -> _Changes:
    limit = Timer("settlement", fact.settle_by.astimezone(UTC))
    return {"timers": {f"settlement:{fact.quarter}": limit}}


def _fired(matter: Matter, fact: DeadlineMissed, _at: datetime) -> _Changes:
    return {"timers": _without(matter, fact.timer)}


def _near(matter: Matter, fact: DeadlineNear, _at: datetime) -> _Changes:
    """The warning is given, once."""
    return {"timers": {**matter.timers, fact.timer: replace(matter.timers[fact.timer], near_at=None)}}


def _of_a_complaint(fact: ComplaintLodged, at: datetime) -> Matter:
    return Matter(kind="complaint", organisation=fact.organisation, opened_at=at, sequence=0)


def _lodged(_matter: Matter, fact: ComplaintLodged, _at: datetime) -> _Changes:
    limit = fact.answer_by.astimezone(UTC)
    return {
        "complaints": {fact.complaint: Complaint(fact.kind, fact.about, fact.handler, limit)},
        "timers": {f"complaint:{fact.complaint}": Timer("complaint", limit)},
    }


def _passed_on(matter: Matter, fact: ComplaintForwarded, _at: datetime) -> _Changes:
    """Who deals with it now has a part in it from here on."""
    handler = None if fact.to == POST else fact.to
    complaint = replace(matter.complaints[fact.complaint], handler=fact.to)
    return {"complaints": {fact.complaint: complaint}, "agency": handler}


def _answered(matter: Matter, fact: ComplaintAnswered, _at: datetime) -> _Changes:
    complaint = replace(matter.complaints[fact.complaint], is_open=False)
    return {
        "complaints": {fact.complaint: complaint},
        "timers": _without(matter, f"complaint:{fact.complaint}"),
    }


def _of_a_register(_fact: RegisterChanged, at: datetime) -> Matter:
    return Matter(kind="register", organisation=None, opened_at=at, sequence=0)


def _imported(_matter: Matter, fact: RegisterChanged, _at: datetime) -> _Changes:
    return {"edition": fact.edition}


def _of_a_queue(fact: TicketIssued, at: datetime) -> Matter:
    return Matter(kind="queue", organisation=fact.organisation, opened_at=at, sequence=0)


def _drawn(matter: Matter, fact: TicketIssued, at: datetime) -> _Changes:
    waiting = WaitingTicket(at, fact.field, fact.priority)
    return {"numbers": fact.number, "waiting": {**matter.waiting, str(fact.number): waiting}}


def _called(matter: Matter, fact: TicketCalled, at: datetime) -> _Changes:
    """It waits no more; of desks that are on record nowhere the last ones are kept."""
    left = {number: one for number, one in matter.waiting.items() if number != str(fact.number)}
    others = [(desk, one) for desk, one in matter.calls.items() if desk != fact.desk]
    called = (fact.desk, DeskCall(fact.number, at))
    return {"waiting": left, "calls": dict([*others, called][-MOST_DESKS:])}


def _of_a_report(fact: ReportDue, at: datetime) -> Matter:
    report = ReportState(fact.rule, fact.kind, fact.to, fact.first, fact.last)
    agency = fact.to if fact.to != fact.organisation else None
    return Matter(
        kind="report", organisation=fact.organisation, agency=agency, opened_at=at, sequence=0, report=report
    )


def _made(matter: Matter, fact: ReportMade, _at: datetime) -> _Changes:
    return _staged(matter, "made", digest=fact.digest, size=fact.size)


def _staged(matter: Matter, stage: str, **changes: Any) -> _Changes:
    assert matter.report is not None
    return {"report": replace(matter.report, stage=stage, **changes)}


def _nothing(_matter: Matter, _fact: Fact, _at: datetime) -> _Changes:
    return {}


def _without(matter: Matter, name: str) -> dict[str, Timer]:
    return {one: timer for one, timer in matter.timers.items() if one != name}


_OPENED: Mapping[type[Fact], Callable[[Any, datetime], Matter]] = {
    FeesSettled: _of_fees,
    FeesWatched: _of_fees,
    ComplaintLodged: _of_a_complaint,
    RegisterChanged: _of_a_register,
    TicketIssued: _of_a_queue,
    ReportDue: _of_a_report,
}
OPENING = frozenset(_OPENED)
"""Facts that a matter can begin with, and that no dossier has."""
_TABLE: Mapping[type[Fact], Callable[[Matter, Any, datetime], _Changes]] = {
    FeesSettled: _settled,
    FeesWatched: _watched,
    ComplaintLodged: _lodged,
    RegisterChanged: _imported,
    TicketIssued: _drawn,
    TicketCalled: _called,
    ReportDue: _nothing,
    ReportMade: _made,
    ReportMailing: lambda matter, _fact, _at: _staged(matter, "mailing"),
    ReportSent: lambda matter, _fact, _at: _staged(matter, "sent"),
    ReportUnsent: lambda matter, _fact, _at: _staged(matter, "unsent"),
    ComplaintForwarded: _passed_on,
    ComplaintAnswered: _answered,
    DeadlineMissed: _fired,
    DeadlineNear: _near,
    RuleViolated: _nothing,
}
